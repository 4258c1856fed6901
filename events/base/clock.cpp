#include "events/base/clock.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace ash {
namespace {

std::tm utc(instant at) {
  // Floor, so that an instant before 1970 keeps a positive fraction.
  const auto seconds = static_cast<std::time_t>(at.us / us_per_s - (at.us % us_per_s < 0 ? 1 : 0));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

} // namespace

instant system_now() {
  using namespace std::chrono;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

std::int64_t monotonic_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string to_iso(instant at) {
  const auto parts = utc(at);
  const auto fraction = ((at.us % us_per_s) + us_per_s) % us_per_s;
  char text[64];
  const auto size = std::snprintf(text,
                                  sizeof text,
                                  "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ",
                                  parts.tm_year + 1900,
                                  parts.tm_mon + 1,
                                  parts.tm_mday,
                                  parts.tm_hour,
                                  parts.tm_min,
                                  parts.tm_sec,
                                  fraction);
  return {text, static_cast<std::size_t>(size)};
}

std::string utc_date(instant at) {
  return to_iso(at).substr(0, 10);
}

} // namespace ash
