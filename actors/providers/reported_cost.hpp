// Money that a provider reports as a JSON number, read from the number's own digits: no floating
// point comes between the provider's bill and ours.
#pragma once

#include "events/base/money.hpp"

#include <optional>
#include <string_view>

namespace ash::provider {

/// The amount of dollars that the object `outer` of the JSON object `text` holds under `inner`, for
/// example `usage`, `cost`. Digits beyond the twelfth decimal are rounded half up. Nothing where
/// the field is absent, not a number, negative or beyond a million dollars.
std::optional<usd>
reported_cost(std::string_view text, std::string_view outer, std::string_view inner);

/// A JSON number as dollars, with the same rounding; an exponent is understood.
std::optional<usd> parse_decimal_usd(std::string_view number);

} // namespace ash::provider
