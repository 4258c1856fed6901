// The rules of form that a reader meets on every page: lengths, white space, how a header opens,
// no notes to self, no test that is switched off. Each check takes one file and finds its faults.
#pragma once

#include "tests/tidy/source_tree.hpp"

namespace ash::tidy {

inline constexpr std::size_t max_file_lines = 500;
inline constexpr std::size_t max_function_lines = 70;
inline constexpr std::size_t max_line_columns = 100;

/// The number of code points of a UTF-8 text: its width where nothing is wide or combining.
std::size_t columns(std::string_view line);

/// Sources only: files longer than 500 lines, lines wider than 100 columns.
findings check_lengths(const source_file& file);

/// Sources only: functions longer than 70 lines, from the line their name or return type begins
/// to the closing brace. Reads braces, not C++: a function behind a macro may escape it.
findings check_functions(const source_file& file);

/// Tabs, white space at the end of a line, carriage returns, and a missing or doubled last line
/// end.
findings check_white_space(const source_file& file);

/// Headers only: a comment on the first line, `#pragma once` before any other code.
findings check_header(const source_file& file);

/// Notes to self that belong in an issue.
findings check_notes(const source_file& file);

/// Tests only: cases that are skipped or disabled.
findings check_tests_run(const source_file& file);

} // namespace ash::tidy
