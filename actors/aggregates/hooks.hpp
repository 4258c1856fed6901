// Which hooks an event is for, what they are told, and what becomes of what they said. Pure: they
// are run elsewhere, and what they did comes back as a command.
#pragma once

#include "actors/aggregates/effects.hpp"
#include "events/base/error.hpp"

#include <string_view>
#include <vector>

namespace ash::hooks {

/// The exit code by which a hook blocks.
constexpr std::int64_t blocking_exit_code = 2;

/// Whether what happens waits for the hooks, and does not happen where one of them blocks.
[[nodiscard]] bool may_block(hook_event on);

/// The name as it stands in a configuration: `pre_tool`.
[[nodiscard]] std::string_view name_of(hook_event on);

/// Those that an event is for, in order. `tool`: the tool's name, for the events of tools.
[[nodiscard]] std::vector<hook_rule>
for_event(const std::vector<hook_rule>& all, hook_event on, std::string_view tool = {});
[[nodiscard]] bool
has_any(const std::vector<hook_rule>& all, hook_event on, std::string_view tool = {});

/// The first that blocks; null: none does.
[[nodiscard]] const run::hook_ran* blocked_by(const std::vector<run::hook_ran>& results);
/// `hook_blocked`, with what the hook said.
[[nodiscard]] error refusal_of(const run::hook_ran& by);

/// What a hook is told of a tool call, as a JSON object.
[[nodiscard]] std::string about(const tool_call::requested& call);
/// Likewise, with what came of it.
[[nodiscard]] std::string about(const tool_call::requested& call,
                                turn::tool_answer answer,
                                const std::string& code,
                                const std::string& text,
                                const std::vector<file_change>& written);
/// What a hook is told of a run.
[[nodiscard]] std::string about(const run::created& plan);

} // namespace ash::hooks
