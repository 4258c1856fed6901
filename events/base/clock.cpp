#include "events/base/clock.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace ash {
namespace {

/// `number` with at least `width` digits, at the end of what `out` holds; not negative.
void append_padded(std::string& out, std::int64_t number, std::size_t width) {
  std::array<char, 24> digits;
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  out.append(width > size ? width - size : 0, '0').append(digits.data(), size);
}

/// `2026-11-21`, of a day counted from 1970-01-01.
void append_date(std::string& out, std::int64_t day) {
  using namespace std::chrono;
  // The calendar repeats itself: of an instant beyond the years that `chrono` has, another is
  // asked.
  constexpr std::int64_t years = 400;
  constexpr std::int64_t days_of_years = 146'097;
  const auto rounds = day / days_of_years - (day % days_of_years < 0 ? 1 : 0);
  const year_month_day date{sys_days{days{day - rounds * days_of_years}}};
  const auto year = static_cast<int>(date.year()) + rounds * years;
  if (year < 0)
    out += '-';
  append_padded(out, year < 0 ? -year : year, year < 0 ? 3 : 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
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
  constexpr std::int64_t us_per_day = 86'400 * us_per_s;
  // Floor, so that an instant before 1970 keeps a positive time of its day.
  const auto day = at.us / us_per_day - (at.us % us_per_day < 0 ? 1 : 0);
  const auto time = (at.us % us_per_day + us_per_day) % us_per_day;
  std::string out;
  out.reserve(32);
  append_date(out, day);
  out += 'T';
  append_padded(out, time / us_per_s / 3'600, 2);
  out += ':';
  append_padded(out, time / us_per_s / 60 % 60, 2);
  out += ':';
  append_padded(out, time / us_per_s % 60, 2);
  out += '.';
  append_padded(out, time % us_per_s, 6);
  out += 'Z';
  return out;
}

std::string utc_date(instant at) {
  return to_iso(at).substr(0, 10);
}

} // namespace ash
