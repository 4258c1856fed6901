// Reading an artifact from the worktree and checking it: by its schema, its headings, git, or a
// command. It never changes a
// file.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

namespace ash::performers {

/// The most that is read of an artifact.
constexpr std::size_t max_artifact_file_bytes = std::size_t{4} << 20;

/// What is at the artifact's path, blocking: `phase::artifact_checked` where it could be judged (it
/// is absent, or it is there with its findings), else `phase::artifact_unreadable`.
any_command check_artifact(const effect::check_artifact& what,
                           const performer_options& options,
                           std::stop_token stop = {});

void perform_check_artifact(running_effect& effect,
                            const effect::check_artifact& what,
                            const performer_options& options);

} // namespace ash::performers
