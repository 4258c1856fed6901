// What the broadcaster and its subscriptions share. Private to events/feed.
#pragma once

#include "events/feed/broadcaster.hpp"
#include "events/feed/read_ahead.hpp"
#include "events/feed/ring.hpp"

#include <atomic>
#include <map>
#include <mutex>

namespace ash::feed {

class hub {
public:
  hub(log::event_log& log, broadcaster_options options);

  /// Whether a run or session is over, settled and drained up to `position`. Asks once for all its
  /// subscriptions. Errors: those of reading.
  result<bool> is_over(const stream_id& root, std::uint64_t position);

  log::event_log& log;
  const broadcaster_options options;
  const incarnation_id incarnation;
  feed::ring ring;
  feed::read_ahead ahead;
  std::atomic<std::uint64_t> log_pages{0};
  std::atomic<std::uint64_t> wakes{0};

private:
  struct asked {
    std::uint64_t position = 0;
    bool over = false;
  };
  std::mutex lock_;
  std::map<stream_id, asked> asked_; ///< bounded: forgotten as a whole when it grows too large
};

} // namespace ash::feed
