// Judges crashes: an entity is loaded again with growing waits, and is broken after the fifth crash
// in a minute. It knows nothing of actors; it is shared by all of them, and is thread-safe.
#pragma once

#include "events/base/clock.hpp"
#include "events/base/ids.hpp"
#include "events/base/result.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ash {

/// An entity that crashed too often: it takes no more commands in this process.
struct broken_entity {
  stream_id stream;
  error cause; ///< of its last crash
  instant since;
};

} // namespace ash

namespace ash::shell {

struct supervisor_rules {
  std::size_t crashes = 5; ///< in `window_us` make an entity broken
  std::int64_t window_us = 60'000'000;
  std::int64_t first_wait_us = 100'000; ///< doubled by every further crash in the window
  std::int64_t longest_wait_us = 5'000'000;
};

class supervisor {
public:
  using broken_listener = std::function<void(const stream_id&, const error&)>;

  supervisor(supervisor_rules rules, std::function<instant()> now, broken_listener on_broken);

  /// Microseconds to wait before the entity is loaded again; none: it is broken now.
  std::optional<std::int64_t> crashed(const stream_id& stream, const error& why);
  /// Why commands to this entity are refused, as `entity_broken`; none: it is not broken.
  [[nodiscard]] std::optional<error> refusal(const stream_id& stream) const;
  [[nodiscard]] std::vector<broken_entity> broken() const;
  [[nodiscard]] std::uint64_t crashes() const noexcept { return crashes_.load(); }
  [[nodiscard]] std::size_t broken_count() const noexcept { return broken_count_.load(); }

private:
  supervisor_rules rules_;
  std::function<instant()> now_;
  broken_listener on_broken_;
  std::atomic<std::uint64_t> crashes_{0};
  std::atomic<std::size_t> broken_count_{0};
  mutable std::mutex mutex_;
  std::unordered_map<stream_id, std::vector<std::int64_t>> recent_; ///< monotonic times
  std::unordered_map<stream_id, broken_entity> broken_;
};

} // namespace ash::shell
