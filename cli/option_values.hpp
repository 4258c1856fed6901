// What options may hold, refused in this program's own words, and what no option may: an empty
// text, or a file that is not there. Each would be taken, and do nothing.
#pragma once

#include "cli/context.hpp"

#include <CLI/App.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ash::cli {

/// Takes one of `names`, and hands on its place in the list: what CLI11 reads an enum from.
CLI::Validator one_of(std::vector<std::string> names);
/// Takes a decimal number within both bounds, and nothing that would have to be cut or wrapped.
CLI::Validator whole_number(std::int64_t least,
                            std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// That no option or argument of the line was given an empty text. Errors: `argument_invalid`.
result<void> check_given(const CLI::App& app);
/// That what the options before a command name is there, also where the command would not look at
/// it. Errors: `file_not_found`.
result<void> check_named(const settings& with);

} // namespace ash::cli
