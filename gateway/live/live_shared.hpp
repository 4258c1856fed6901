// What all live outlets of a server share. Private to gateway/live.
#pragma once

#include "gateway/live/live.hpp"
#include "gateway/live/turn_pictures.hpp"

#include <atomic>

namespace ash::gateway {

/// Counts order nothing.
inline constexpr auto relaxed = std::memory_order_relaxed;

struct live_shared {
  explicit live_shared(live_services with)
      : services{std::move(with)}, pictures{services.feeds.log()} {}

  const live_services services;
  turn_pictures pictures;
  std::atomic<std::uint64_t> conversations{0};
  std::atomic<std::uint64_t> sse_streams{0};
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> snapshots{0};
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> closed_slow{0};
  std::atomic<std::uint64_t> resyncs{0};
};

} // namespace ash::gateway
