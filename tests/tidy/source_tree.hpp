// The checkout as the tidy checks see it: the texts of its own files, paths relative to the root.
// Owned by the one test binary. Never looks into build folders, hidden folders or node_modules.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ash::tidy {

/// Whether it may stand in a C++ name.
constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// One fault: where it is (`line` from 1, 0 for the file or folder as a whole) and what to do.
struct finding {
  std::string path;
  std::size_t line = 0;
  std::string what;

  friend bool operator==(const finding&, const finding&) = default;
};
using findings = std::vector<finding>;

/// `path:line: what`, one a line.
std::string to_string(const findings& found);

/// One file: its path from the root with `/` between the parts, and its bytes.
struct source_file {
  std::string path;
  std::string text;
};

/// The folder that a path lies in, `` for a file at the root.
std::string_view folder_of(std::string_view path);

/// True for `.cpp` and `.hpp`.
bool is_source(std::string_view path);
bool is_header(std::string_view path);

/// True when `path` is `folder` or lies beneath it.
bool lies_in(std::string_view path, std::string_view folder);

/// The lines of a text without their ends; a last line without an end counts as a line.
std::vector<std::string_view> lines_of(std::string_view text);

/// The text with comments, literals and their quotes replaced by spaces, line ends kept, so that
/// what is left is code and every offset stays where it was.
std::string mask(std::string_view text);

/// Every text file of ours below `root`, sorted by path: sources, headers, schemas, CMake and
/// shell files and Markdown.
std::vector<source_file> read_tree(const std::filesystem::path& root);

} // namespace ash::tidy
