// Judging the condition of a phase over an artifact that lies in the log.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

namespace ash::performers {

/// What the run is told, with `why` where the artifact can't be read or the condition is unknown.
run::condition_checked check_condition(const effect::check_condition& what,
                                       const log::event_log& log);

void perform_check_condition(running_effect& effect,
                             const effect::check_condition& what,
                             const performer_options& options);

} // namespace ash::performers
