// Starting a phase: from the run's definitions to the assignment that the phase keeps. It reads
// what the run stored, never today's definition files; only prices and artifact schemas are looked
// up.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"
#include "actors/performers/timer_thread.hpp"

namespace ash::performers {

/// The assignment that the effect describes. Errors: `template_load_failed`,
/// `run_metadata_missing`, `schema_not_found`, `schema_unsupported`, `tool_unknown`,
/// `blob_not_found`.
result<phase::assignment> assignment_of(const effect::open_phase& what,
                                        const performer_options& options);

/// Gives the phase its start command; answers only where that fails for good.
void perform_open_phase(effect_ptr effect,
                        const effect::open_phase& what,
                        const performer_options& options,
                        entity_directory& directory,
                        timer_thread& timers);

} // namespace ash::performers
