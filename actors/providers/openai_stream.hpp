// The reader of chat completion answers. `openai_compatible` makes one a call; it keeps the tool
// calls that arrive in pieces and never sends anything.
#pragma once

#include "actors/providers/decoder.hpp"
#include "actors/providers/openai_compatible.hpp"

#include <memory>

namespace ash::provider {

std::shared_ptr<decoder> make_openai_decoder(exchange about, cost_report cost);

} // namespace ash::provider
