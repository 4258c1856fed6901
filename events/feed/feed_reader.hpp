// A feed's records from the log, forwards in pages, and what stands before a position. Private to
// events/feed. Not thread-safe.
#pragma once

#include "events/feed/page_source.hpp"

#include <map>

namespace ash::feed {

class page_ahead;
class read_ahead;

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

  /// The records after a position that the feed may have: those that were read ahead, or else from
  /// the log.
  result<log_page> read(std::uint64_t after);
  /// What will be read after `after` next may be read meanwhile.
  void read_ahead(feed::read_ahead& by, std::uint64_t after);
  void forget_ahead() { ahead_ = nullptr; }

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
  [[nodiscard]] const type_filter& types() const noexcept { return types_; }

private:
  result<bool> has_turn(const event& what);

  page_source pages_;
  std::shared_ptr<page_ahead> ahead_; ///< of the place at which the reader will be
  selector which_;
  type_filter types_;
  std::map<stream_id, bool> tool_calls_; ///< of a turn's feed: whether the turn made it
};

} // namespace ash::feed
