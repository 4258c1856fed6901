// Creating and closing the session of a sub-agent: who it is, what it may do and pay with, where it
// works, and how that comes back to whoever asked. It decides nothing about whether a sub-agent may
// be asked for: the call's aggregate has.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"
#include "actors/performers/timer_thread.hpp"
#include "actors/performers/work_pool.hpp"

namespace ash::performers {

/// Whether what these tools do has to be brought together with others' work.
bool writes_files(const std::vector<tool_spec>& tools);

/// What a sub-agent may do: what its asker may, narrowed by its own persona.
tool_terms child_bounds(tool_terms of_asker, const definitions::persona& who);

/// What pays for a sub-agent: a scope of its own, which only counts, then all that pay for its
/// asker, with the day of its persona before the day's own where there is such a scope.
std::vector<budget_terms> child_scopes(const session_id& child,
                                       const std::vector<budget_terms>& of_asker,
                                       const std::string& persona,
                                       const std::optional<budget_terms>& persona_day);

/// The session that the effect describes, without a worktree of its own. Errors:
/// `persona_not_found`, `consent_missing`, `tool_unknown`, `tool_arguments_invalid`.
result<session::created> child_of(const effect::open_child& what, const performer_options& options);

/// Called in a job of `files`, which also takes away what was made for a child that never began.
/// `options` and what follows it outlive the effect.
void perform_open_child(effect_ptr effect,
                        const effect::open_child& what,
                        const performer_options& options,
                        entity_directory& directory,
                        timer_thread& timers,
                        work_pool& files);

/// How the child ends once its work is where it belongs, or can't be brought there; blocking.
/// Errors: `cancelled`.
result<session::ended> close_child(const effect::close_child& what,
                                   const performer_options& options,
                                   std::stop_token stop = {});

void perform_close_child(running_effect& effect,
                         const effect::close_child& what,
                         const performer_options& options);

} // namespace ash::performers
