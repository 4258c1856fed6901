// What a persona's definition means for its turns: the terms that phases and sessions share.
#pragma once

#include "actors/definitions/definitions.hpp"
#include "actors/definitions/pricing.hpp"
#include "events/facts/common.hpp"

namespace ash::performers {

/// The persona's models with their prices, its prompt and its limits. Tools and their bounds are
/// the caller's: none are set.
agent_terms agent_terms_of(const definitions::persona& who, const definitions::price_table& prices);

} // namespace ash::performers
