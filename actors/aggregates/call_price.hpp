// What a model call cost, from what its provider claims.
#pragma once

#include "events/facts/common.hpp"

#include <optional>

namespace ash::turn {

/// A provider's counts as far as one call can reach them: 0 to 10^8 tokens, no more cached than
/// there is input. Beyond it the sums of money would leave their range.
token_usage credible(token_usage claimed);

/// Whether one call can have cost this: $0 to $10,000.
bool is_credible(const std::optional<usd>& claimed);

usd price_of(const model_choice& model, const token_usage& usage);

} // namespace ash::turn
