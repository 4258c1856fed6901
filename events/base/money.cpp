#include "events/base/money.hpp"

#include "events/base/check.hpp"

namespace ash {
namespace {

constexpr std::int64_t pico_per_usd = 1'000'000'000'000;
constexpr std::size_t decimals = 12;

} // namespace

usd operator+(usd a, usd b) {
  usd sum;
  check(!__builtin_add_overflow(a.pico, b.pico, &sum.pico), "money left its range");
  return sum;
}

usd operator-(usd a, usd b) {
  usd difference;
  check(!__builtin_sub_overflow(a.pico, b.pico, &difference.pico), "money left its range");
  return difference;
}

usd times(std::int64_t count, usd each) {
  check(count >= 0, "a negative number of units");
  usd product;
  check(!__builtin_mul_overflow(count, each.pico, &product.pico), "money left its range");
  return product;
}

std::string to_string(usd amount) {
  const auto negative = amount.pico < 0;
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(amount.pico)
                                  : static_cast<std::uint64_t>(amount.pico);
  auto fraction = std::to_string(magnitude % pico_per_usd);
  fraction.insert(0, decimals - fraction.size(), '0');
  const auto last = fraction.find_last_not_of('0');
  fraction.resize(std::max<std::size_t>(2, last == std::string::npos ? 0 : last + 1));
  return (negative ? "-$" : "$") + std::to_string(magnitude / pico_per_usd) + '.' + fraction;
}

result<usd> parse_usd(std::string_view text) {
  const auto bad = [&] {
    return refuse(errc::argument_invalid,
                  "not an amount of dollars such as 0.25: '" + std::string{text.substr(0, 64)} +
                      "'");
  };
  auto digits = text;
  const auto negative = digits.starts_with('-');
  digits.remove_prefix(negative ? 1 : 0);
  const auto point = digits.find('.');
  const auto whole = digits.substr(0, point);
  const auto fraction =
      point == std::string_view::npos ? std::string_view{} : digits.substr(point + 1);
  if (whole.empty() || fraction.size() > decimals ||
      (point != std::string_view::npos && fraction.empty()))
    return bad();
  std::int64_t pico = 0;
  const auto take = [&](std::string_view part) {
    for (const auto c : part)
      if (c < '0' || c > '9' || __builtin_mul_overflow(pico, 10, &pico) ||
          __builtin_add_overflow(pico, c - '0', &pico))
        return false;
    return true;
  };
  if (!take(whole) || !take(fraction))
    return bad();
  for (auto i = fraction.size(); i < decimals; ++i)
    if (__builtin_mul_overflow(pico, 10, &pico))
      return bad();
  return usd{negative ? -pico : pico};
}

} // namespace ash
