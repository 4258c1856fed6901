// The heads of the streams that were written last, bounded; owned by the committer's plan. Not
// thread-safe. Private to events/log.
#pragma once

#include "events/log/record_codec.hpp"
#include "events/log/tables.hpp"

#include <list>
#include <string_view>
#include <unordered_map>

namespace ash::log {

class head_cache {
public:
  struct slot {
    stored_head stored; ///< of a stream that does not exist: only its name
    bool exists = false;
    std::uint64_t batch = 0; ///< the last batch that may have written to the stream
    bool changed = false;    ///< in the batch that is being built
  };

  explicit head_cache(std::size_t capacity) : capacity_{capacity} {}

  /// The stream's head, read from `store` where it is not here; it then counts as written by
  /// `batch`. The pointer holds until `trim`. Errors: `log_corrupt`, `io_failed`.
  result<slot*> find(const stream_id& stream, tables& store, std::uint64_t batch);
  /// Forgets what was used least recently, down to the capacity.
  void trim();

private:
  std::size_t capacity_;
  std::list<slot> recent_; // the one used last in front
  std::unordered_map<std::string_view, std::list<slot>::iterator> by_name_;
};

} // namespace ash::log
