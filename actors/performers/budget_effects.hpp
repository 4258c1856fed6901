// Reserving and settling a model call in its budget scopes, one scope after another in the order
// given: the fixed order is what keeps scopes from waiting for each other. It decides nothing about
// money.
#pragma once

#include "actors/performers/running_effect.hpp"
#include "actors/performers/timer_thread.hpp"

#include <atomic>

namespace ash::performers {

/// Asks each scope in order; the first refusal ends it. What may pass later is asked again. While
/// `held` (which must outlive the effect) is true at its end, it does not answer.
void perform_reserve(effect_ptr effect,
                     effect::reserve what,
                     entity_directory& directory,
                     timer_thread& timers,
                     const std::atomic<bool>& held);

/// Settles or releases each scope in order, again and again until all have taken it.
void perform_settle(effect_ptr effect,
                    effect::settle what,
                    entity_directory& directory,
                    timer_thread& timers);

/// The root of a budget scope's stream: the run or session that it belongs to, else its own.
stream_id root_of_scope(std::string_view scope);

} // namespace ash::performers
