// The live end of the log for everyone who follows a feed: one thread reads each commit into a ring
// of the newest events, which all subscriptions share, and wakes those whose feed got something.
// Nothing is kept for a single reader: who falls behind the ring reads the log. Thread-safe.
#pragma once

#include "events/feed/subscription.hpp"

#include <functional>
#include <memory>

namespace ash::feed {

struct broadcaster_options {
  std::size_t ring_bytes = std::size_t{32} << 20;
  /// Whether a run or session is over and nothing more will be written beneath it. Asked once its
  /// own stream is closed; absent: it is over then. May read the log; called from any thread.
  std::function<result<bool>(const stream_id& root)> is_settled = {};
};

/// Where a subscription begins.
struct start_point {
  std::uint64_t after = 0; ///< the events after this position
  std::uint64_t last = 0;  ///< as the cursor has it
  std::uint32_t feed = 0;  ///< likewise
};

struct broadcaster_stats {
  std::uint64_t subscriptions = 0;
  std::uint64_t ring_events = 0;
  std::uint64_t ring_bytes = 0;
  std::uint64_t ring_head = 0; ///< the last position that the ring has seen
  std::uint64_t log_pages = 0; ///< that subscriptions behind the ring have read
  std::uint64_t wakes = 0;
  std::uint64_t pages_ahead = 0; ///< read before they were asked for, and not taken yet
};

class broadcaster {
public:
  /// Follows `log` until it is destroyed. Subscriptions may outlive it, but not the log.
  explicit broadcaster(log::event_log& log, broadcaster_options options = {});
  ~broadcaster();
  broadcaster(const broadcaster&) = delete;
  broadcaster& operator=(const broadcaster&) = delete;

  /// A reader of what `which` and `types` select. `wake` is called, from any thread and under no
  /// lock, when `next` may give something again after it gave `idle`; it may be called once more
  /// while the subscription is being destroyed. One that begins beyond the log's end waits for what
  /// comes after that place. Errors: `run_not_found`, `session_not_found` or `feed_not_found` where
  /// there is no such stream, `cursor_invalid` for a position beyond the log's end where the feed
  /// is over, and those of reading.
  result<std::unique_ptr<subscription>> subscribe(const selector& which,
                                                  type_filter types,
                                                  const start_point& from,
                                                  pruned_form pruned,
                                                  std::function<void()> wake);

  /// The log's last position.
  [[nodiscard]] std::uint64_t head() const;
  [[nodiscard]] incarnation_id incarnation() const;
  /// What it follows.
  [[nodiscard]] const log::event_log& log() const;
  [[nodiscard]] broadcaster_stats stats() const;

private:
  class pump;
  std::unique_ptr<pump> pump_;
};

} // namespace ash::feed
