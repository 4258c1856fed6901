// Where definitions lie: directories in order, then the files built into the binary. Private to
// `actors/definitions`; it reads bounded text and knows nothing of what is in it.
#pragma once

#include "events/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

struct definition_file {
  std::string name; ///< where it came from, for errors: a path, or `shipped:workflows/…`
  std::string text;
};

/// The text of the file at `path`, at most 1 MiB. Errors: `file_not_found`, `io_failed`,
/// `limit_exceeded`.
result<std::string> read_text(const std::string& path);

/// Every file `ROOT/FOLDER/**` that ends in `extension`, root by root and sorted within each, then
/// the shipped ones. Errors: `io_failed`.
result<std::vector<definition_file>> files_of(const std::vector<std::string>& roots,
                                              std::string_view folder,
                                              std::string_view extension);

/// Another text wherever `files_of` would read other files, or files that were changed: their
/// paths, sizes and times of change. Errors: `io_failed`.
result<std::string> stamp_of(const std::vector<std::string>& roots,
                             std::string_view folder,
                             std::string_view extension);

/// The names nearest to `wanted` (at most 5) as `'a', 'b'`, or all where there are few.
std::string near_names(std::string_view wanted, const std::vector<std::string>& names);

} // namespace ash::definitions
