// Cuts a text into the pieces within which cl100k_base merges. Private to actors/tokens.
#pragma once

#include <functional>
#include <string_view>

namespace ash::tokens {

/// The pieces of valid UTF-8 in order; together they are the text.
void split(std::string_view text, const std::function<void(std::string_view)>& take);

} // namespace ash::tokens
