// The entries of one open directory, sorted, bounded. It never follows a symlink.
#pragma once

#include "actors/tools/beneath.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ash::tool {

enum class entry_kind : std::uint8_t { file, directory, link, other };

struct entry {
  std::string name; ///< any bytes but `/` and NUL
  entry_kind kind = entry_kind::other;
  std::int64_t bytes = 0; ///< of a file
};

struct entries {
  std::vector<entry> found; ///< sorted by the bytes of the names
  bool complete = true;     ///< false: there were more than the limit
};

/// Reads `directory` (consumed). Errors: `io_failed`.
result<entries> read_entries(unique_fd directory, std::size_t limit);

} // namespace ash::tool
