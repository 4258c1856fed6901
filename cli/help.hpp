// `--help` in the language that is spoken, and what is said of a line that can't be read.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace ash::cli {

/// Translates what an application and all its subcommands say of themselves. Called once they are
/// complete, and before the line is read.
void translate_help(CLI::App& app);

/// The innermost command that the line names, from the program's own name on: whose help to see.
std::string command_of(const CLI::App& app);

/// What is wrong with the line that `app` refused: of a command or an option that does not exist it
/// names that one, where CLI11 says that something is missing.
std::string problem_of(const CLI::App& app, const CLI::ParseError& wrong);

} // namespace ash::cli
