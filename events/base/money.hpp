// Money: integers of 10^-12 US dollars, exact. No floating point anywhere near it.
#pragma once

#include "events/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace ash {

/// An amount in units of 10^-12 USD. The range is about ±9.2 million dollars; arithmetic that
/// leaves it is a broken invariant.
struct usd {
  std::int64_t pico = 0;

  friend auto operator<=>(const usd&, const usd&) = default;
  friend usd operator+(usd a, usd b);
  friend usd operator-(usd a, usd b);
  usd& operator+=(usd other) { return *this = *this + other; }
  usd& operator-=(usd other) { return *this = *this - other; }
};

/// `count` times `each`. `count` must not be negative.
usd times(std::int64_t count, usd each);

/// `$0.012345`: at least two decimals, at most twelve, no trailing zeros beyond the second.
std::string to_string(usd amount);
/// A decimal number of dollars, for example `0.25`, with up to 12 decimals and no exponent.
/// Errors: `argument_invalid`.
result<usd> parse_usd(std::string_view text);

} // namespace ash
