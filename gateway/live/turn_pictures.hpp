// The snapshots of turns that stream, for all readers of all feeds: each is made once, when the
// first of them comes to its place, and its bytes are shared. Which places have one follows from
// the facts alone, so every reader sees the same. Private to gateway/live. Thread-safe.
#pragma once

#include "events/feed/event.hpp"
#include "gateway/live/turn_picture.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>

namespace ash::gateway {

class turn_pictures {
public:
  explicit turn_pictures(const log::event_log& log) : log_{log} {}

  /// Whether the type is of the last fact of a turn: its snapshot stands before it.
  static bool is_end(std::string_view type);

  /// The snapshot that belongs to an event, as JSON: {"stream", "version", "position", "at",
  /// "turn"}. It is as of the event, but where that ends the turn: then as of the fact before.
  /// Null where there is none: the event is of no open turn or changes nothing, less than half a
  /// second has gone by in a stream of pieces, or all other readers are far ahead. Errors: those of
  /// reading.
  result<std::shared_ptr<const std::string>> of(const feed::event& what);

private:
  struct followed {
    turn_picture picture;
    std::uint64_t version = 0; ///< of the last fact in the picture
    std::uint64_t position = 0;
    instant at;
    instant last_made;
    std::deque<std::pair<std::uint64_t, std::shared_ptr<const std::string>>> made; ///< by version
  };

  result<followed> begin(const feed::event& at) const;
  result<void> advance(followed& one, const stream_id& stream, std::uint64_t version);
  result<void> take(followed& one, const log::record& next, std::uint64_t wanted);
  void make(followed& one, const log::record& with, std::uint64_t wanted);

  const log::event_log& log_;
  std::mutex lock_;
  std::map<stream_id, followed> all_;
  std::size_t bytes_ = 0; ///< of all that is in `made`
};

} // namespace ash::gateway
