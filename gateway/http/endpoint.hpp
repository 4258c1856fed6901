// The file `server.json` in a data directory: how the server that holds the directory is reached.
// Whether its owner still lives is said by the log's lock, not by this file.
#pragma once

#include "events/base/clock.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ash::gateway {

struct endpoint {
  std::string url; ///< `http://127.0.0.1:7777`
  std::int64_t pid = 0;
  std::string started_at; ///< ISO 8601
};

/// Replaces the file as a whole, with mode 0600. Errors: `storage_full`, `io_failed`.
result<void> write_endpoint(const std::string& directory, const endpoint& what);
/// None where there is no such file. Errors: `config_invalid` for one that can't be read as an
/// endpoint, `permission_denied`.
result<std::optional<endpoint>> read_endpoint(const std::string& directory);
/// Removes the file if it is that process's.
void remove_endpoint(const std::string& directory, std::int64_t pid);

} // namespace ash::gateway
