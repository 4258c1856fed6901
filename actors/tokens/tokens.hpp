// How many tokens a text is in cl100k_base, which stands for the tokenisers that nobody publishes.
// The ranks are in the binary and are unpacked at the first call, into about 3 MB. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace ash {

/// 0 for an empty text. Names of special tokens are text like any other. Invalid UTF-8 is counted
/// as U+FFFD in its place. Time grows as n log n at worst, memory by some 15 bytes a byte of the
/// longest run of letters or of signs.
std::uint64_t count_tokens(std::string_view text);

/// Whether `count_tokens` counts. Otherwise this binary was built without the ranks, and it gives a
/// quarter of the characters, rounded up.
bool are_token_counts_exact();

} // namespace ash
