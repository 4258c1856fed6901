// What options may hold, and what none may: an empty text, or a folder that is not there, would be
// taken and do nothing. Refused in this program's own words.
#pragma once

#include "cli/commands/commands.hpp"

#include <CLI/App.hpp>
#include <cstdint>
#include <limits>

namespace ash::cli {

/// Takes a decimal number within both bounds, and nothing that would have to be cut or wrapped.
CLI::Validator whole_number(std::int64_t least,
                            std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// `--output-format`.
void add_format(CLI::App& to, output_format& format);

/// That no option or argument of the line that was read holds an empty text, and that what the
/// options before the command name is there, also where the command would not look at it. Errors:
/// `argument_invalid`, `file_not_found`.
result<void> check_line(const CLI::App& app, const settings& with);

} // namespace ash::cli
