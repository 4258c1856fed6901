// `--help` in the language that is spoken, and what is said of a line that can't be read.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace ash::cli {

/// Translates what an application and all its subcommands say of themselves. Called once they are
/// complete, and before the line is read.
void translate_help(CLI::App& app);

/// What is wrong with the line that `app` refused: of a command that does not exist it names that
/// one, where CLI11 says that one is missing.
std::string problem_of(const CLI::App& app, const CLI::ParseError& wrong);

} // namespace ash::cli
