// The reader of Anthropic's answers. `anthropic` makes one a call; it keeps the content blocks that
// arrive in pieces and never sends anything.
#pragma once

#include "actors/providers/decoder.hpp"

#include <memory>
#include <string_view>

namespace ash::provider {

/// In front of the signature of a thinking block that came without its text. (A block without text
/// and without this mark is a redacted one.)
constexpr std::string_view untold_thinking = "untold-thinking:";

std::shared_ptr<decoder> make_anthropic_decoder(exchange about);

} // namespace ash::provider
