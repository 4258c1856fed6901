// Reading an artifact from the worktree and checking it: by its schema, its headings, git, a
// command, and the user's hooks. It never changes a file.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"
#include "actors/performers/timer_thread.hpp"

namespace ash::performers {

/// The most that is read of an artifact.
constexpr std::size_t max_artifact_file_bytes = std::size_t{4} << 20;

/// What is at the artifact's path, blocking: `phase::artifact_checked` where it could be judged (it
/// is absent, or it is there with its findings), else `phase::artifact_unreadable`.
any_command check_artifact(const effect::check_artifact& what,
                           const performer_options& options,
                           std::stop_token stop = {});

/// A valid artifact is shown to the hooks of `phase_end`, whose deeds the run records; where one of
/// them blocks, that is a finding in the artifact.
void perform_check_artifact(const effect_ptr& effect,
                            const effect::check_artifact& what,
                            const performer_options& options,
                            entity_directory& directory,
                            timer_thread& timers);

} // namespace ash::performers
