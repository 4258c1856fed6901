// Making a model call: finds the provider, joins the pieces of the streamed answer, and turns what
// comes into commands. It never retries: the turn loop does.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"
#include "actors/performers/timer_thread.hpp"

namespace ash::performers {

/// Begins the call and returns; looking up the provider may take seconds. `options` and `timers`
/// outlive it.
void perform_call_model(effect_ptr effect,
                        const effect::call_model& what,
                        const performer_options& options,
                        timer_thread& timers);

} // namespace ash::performers
