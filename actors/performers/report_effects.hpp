// Composing a run's report: saves the run's work on its branch, then writes report.json and
// report.md.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

namespace ash::performers {

/// Blocking; doing it again gives the same files. What could not be saved on the branch is said in
/// the report of a run that failed or was aborted. Errors: `report_write_failed`, `git_failed`,
/// `cancelled`.
result<run::report_composed> compose_report(const effect::compose_report& what,
                                            const log::event_log& log,
                                            std::stop_token stop = {});

void perform_compose_report(running_effect& effect,
                            const effect::compose_report& what,
                            const performer_options& options);

} // namespace ash::performers
