// The audit trail: `audit.jsonl` in the data directory, a line a tool call that came to an end,
// chained by hashes. It follows the log: what it says is derived from durable facts, by their
// position, so that a crash neither loses nor doubles a line.
#pragma once

#include "actors/shells/log_follower.hpp"
#include "events/base/json.hpp"
#include "events/base/result.hpp"
#include "events/log/event_log.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ash::audit {

/// A line of the file, without its end.
struct line {
  std::uint64_t number = 0;   ///< from 1
  std::uint64_t position = 0; ///< of the fact that ended the call
  std::string incarnation;
  std::string hash; ///< of the line before and this one's other members
  json::object shown;
};

/// Where the trail of a data directory is.
inline std::string file_in(const std::string& data_dir) {
  return data_dir + "/audit.jsonl";
}

/// Calls `each` for every line, in order, and checks the chain. `false` from `each`: enough.
/// Errors: `audit_damaged` with the number of the first line that was changed, or before which one
/// is missing; `io_failed`. No file: no lines.
result<void> read(const std::string& path, const std::function<bool(const line&)>& each);

struct verdict {
  std::uint64_t lines = 0;
  /// Calls that the log has and the file's end does not: the next start writes them.
  std::uint64_t missing = 0;
};
/// Checks the chain, and every line against the log. Errors: as of `read`, and `audit_damaged` for
/// a line that the log does not bear out.
result<verdict> verify(const std::string& path, const log::event_log& log);

/// Writes the file while it lives, on a thread of its own.
class trail {
public:
  /// Takes up where the file ends; a torn last line is written anew. Errors: `audit_damaged` for a
  /// last line that is none, `io_failed`, `permission_denied`.
  static result<std::unique_ptr<trail>> open(const std::string& path, log::event_log& log);
  /// Writes what is durable by now, and ends.
  ~trail();
  trail(const trail&) = delete;
  trail& operator=(const trail&) = delete;

private:
  trail(int file, log::event_log& log);
  result<void> catch_up();
  result<void> write(std::vector<line>& lines);

  int file_;
  log::event_log& log_;
  std::uint64_t after_ = 0;
  std::uint64_t count_ = 0;
  std::string last_hash_;
  std::unique_ptr<log_follower> follower_;
};

} // namespace ash::audit
