// Byte-pair encoding within one piece: of all neighbours whose bytes together are a token, those
// with the lowest rank are joined, the leftmost first, until none are left. Private to
// actors/tokens.
#pragma once

#include "actors/tokens/vocabulary.hpp"

#include <cstddef>
#include <string_view>

namespace ash::tokens {

/// How many parts are left of a piece that is no token as a whole. O(n log n) time.
std::size_t merge(const vocabulary& by, std::string_view piece);

} // namespace ash::tokens
