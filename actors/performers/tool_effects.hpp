// Running a tool call on a worker thread. Whether it may run was decided before; that it runs at
// most once is the tool call aggregate's doing.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

namespace ash::performers {

/// Where and under which bounds a tool or a command runs.
tool::context
context_of(const std::string& worktree, const tool_terms& terms, const performer_options& options);

/// What is answered for a call that did not come to its end.
tool_call::finish failed_tool_call(const error& why);

/// Runs the call to its end, blocking, and answers.
void perform_run_tool(running_effect& effect,
                      const effect::run_tool& what,
                      const performer_options& options);

} // namespace ash::performers
