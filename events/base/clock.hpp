// Time as data: an instant is microseconds since 1970-01-01 UTC. Aggregates get it with a command;
// only shells, the log and the CLI read the clock.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace ash {

struct instant {
  std::int64_t us = 0;

  friend auto operator<=>(const instant&, const instant&) = default;
  friend instant operator+(instant a, std::int64_t later_us) { return {a.us + later_us}; }
  friend std::int64_t operator-(instant a, instant b) { return a.us - b.us; }
};

constexpr std::int64_t us_per_ms = 1'000;
constexpr std::int64_t us_per_s = 1'000'000;

/// The wall clock.
instant system_now();
/// A clock that never goes back, for measuring; unrelated to `system_now`.
std::int64_t monotonic_us();
/// `2026-11-21T12:00:00.000000Z`.
std::string to_iso(instant at);
/// The UTC date: `2026-11-21`.
std::string utc_date(instant at);

} // namespace ash
