// `--help` in the language that is spoken.
#pragma once

#include <CLI/App.hpp>

namespace ash::cli {

/// Translates what an application and all its subcommands say of themselves. Called once they are
/// complete, and before the line is read.
void translate_help(CLI::App& app);

} // namespace ash::cli
