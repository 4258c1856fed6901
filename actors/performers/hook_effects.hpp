// Runs the user's hooks: commands of the configuration, outside the sandbox, with the event as JSON
// on stdin. What they say is bounded and clean of secrets before anyone sees it.
#pragma once

#include "actors/aggregates/effects.hpp"
#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace ash::performers {

/// What happened, as hooks are told it.
struct hook_call {
  hook_event on = hook_event::pre_tool;
  std::string id;        ///< the same each time that the hooks of this event run
  std::string directory; ///< where they run; empty, or gone: `/`
  std::string details;   ///< JSON object
};

/// Runs them in order, each to its end or its time limit; the first that blocks is the last.
/// Blocking. `stop` kills the one that runs; then what has come of the others is given.
std::vector<run::hook_ran> run_hooks(const std::vector<hook_rule>& rules,
                                     const hook_call& call,
                                     const scrubber& scrub,
                                     std::stop_token stop);

/// What is answered where hooks could not be run at all: that none of them blocks.
run::hooks_ran failed_hooks(const effect::run_hooks& what, const error& why);

void perform_run_hooks(running_effect& effect,
                       const effect::run_hooks& what,
                       const performer_options& options);

} // namespace ash::performers
