// Whole files in and out: bounded reading, and writing that is either done or not (temporary file,
// fsync, rename in the same directory descriptor).
#pragma once

#include "actors/tools/beneath.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace ash::tool {

/// Whether the beginning of a file holds a NUL byte.
bool looks_binary(std::string_view beginning) noexcept;

/// All bytes of an open file. Errors: `limit_exceeded` over `max_bytes`, `io_failed`.
result<std::string> read_all(int file, std::string_view path, std::size_t max_bytes);

/// The names of what `write_all` has not finished: a process that is killed leaves it behind.
inline constexpr std::string_view unfinished_glob = ".actor-shell-*.tmp";

/// Replaces or makes the file at `place`, durably and at once; an existing file's mode is kept.
/// Errors: `storage_full`, `permission_denied`, `io_failed`; the old content is then still there.
result<void> write_all(const write_place& place, std::string_view bytes);

} // namespace ash::tool
