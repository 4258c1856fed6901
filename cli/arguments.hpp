// The command line: what may be said, and which command it means.
#pragma once

#include "cli/commands/commands.hpp"

#include <functional>
#include <variant>

namespace ash::cli {

/// The command to run, ready to be called; or the exit code where there is nothing to run (help was
/// printed, or the line is wrong and was answered).
using parsed_line = std::variant<std::function<int()>, int>;

parsed_line parse_arguments(int count, const char* const* words);

} // namespace ash::cli
