// A feed's records from the log, forwards in pages, and what stands before a position. Private to
// events/feed. Not thread-safe.
#pragma once

#include "events/feed/event.hpp"
#include "events/feed/selector.hpp"

#include <map>

namespace ash::feed {

class feed_reader {
public:
  /// `which`, resolved: where `root` is set, it is read by its root.
  feed_reader(const log::event_log& log,
              incarnation_id incarnation,
              selector which,
              stream_id root,
              type_filter types);

  /// Whether the feed as subscribed has the event. Errors: `log_corrupt`.
  result<bool> has(const event& what);
  /// The channel of the ring that has all of it, and perhaps more.
  [[nodiscard]] std::string channel() const;
  /// The turn's last fact.
  result<bool> ends_turn(const event& what) const;

  /// The records after a position that the feed may have, in order. None: there are none up to the
  /// log's end as it was before.
  result<std::vector<event_ptr>> read(std::uint64_t after);

  /// The feed's last event at or before a position, searched for in steps.
  class search {
  public:
    explicit search(std::uint64_t up_to) : from_{up_to} {}
    /// One page. True once `found` is known.
    result<bool> step(feed_reader& in);
    [[nodiscard]] std::uint64_t found() const noexcept { return found_; }

  private:
    std::uint64_t from_;
    std::uint64_t width_ = 256; ///< positions that are looked through in a step
    std::uint64_t found_ = 0;
  };

  /// Whether the event at `position` is one of the feed as subscribed.
  result<bool> has_at(std::uint64_t position);

  [[nodiscard]] const selector& which() const noexcept { return which_; }
  [[nodiscard]] const stream_id& root() const noexcept { return root_; }
  [[nodiscard]] const type_filter& types() const noexcept { return types_; }

private:
  [[nodiscard]] bool by_version() const noexcept {
    return which_.kind() == feed_kind::stream ||
           (which_.kind() == feed_kind::root && root_.empty());
  }
  result<std::vector<log::record>> records(std::uint64_t after, std::size_t max) const;
  /// The last record at or before `position` of what `records` reads; 0: none.
  result<std::uint64_t> last_record(std::uint64_t position) const;
  result<std::uint64_t> version_at(std::uint64_t position) const;
  result<bool> has_turn(const event& what);

  const log::event_log& log_;
  incarnation_id incarnation_;
  selector which_;
  stream_id root_;
  type_filter types_;
  std::map<stream_id, bool> tool_calls_; ///< of a turn's feed: whether the turn made it
  /// Of a feed that is read by version: that of the last record read, and its position.
  std::uint64_t version_ = 0;
  std::uint64_t version_position_ = 0;
};

} // namespace ash::feed
