// What a model asks for when it wants a sub-agent, and whether it may. Pure; the call's aggregate
// judges by it, and whoever creates the child session reads the same.
#pragma once

#include "actors/aggregates/policy.hpp"
#include "events/base/result.hpp"
#include "events/facts/session.hpp"
#include "events/facts/tool_call.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ash::delegation {

/// The tool that starts a child session.
constexpr std::string_view tool_name = "request_subagent";

/// A phase, or a session that a person opened, has the depth 0.
constexpr std::int64_t max_depth = 3;

inline bool is_asked(std::string_view tool) {
  return tool == tool_name;
}

struct assignment {
  std::string persona; ///< one of those that the asker may ask
  std::string task;
  std::string context; ///< what the child is to know besides; may be empty

  friend bool operator==(const assignment&, const assignment&) = default;
};

/// Errors: `tool_arguments_invalid` for what is no such object, an empty task, or another field.
result<assignment> read(std::string_view arguments);

/// The first and only message of the child.
std::string message_of(const assignment& what);

/// Why the call may not start a child, whatever its permissions: its arguments, a persona that its
/// asker may not ask, or one level too many.
std::optional<policy::denial> problem_of(const tool_call::requested& what);

/// The same call has the same child, however often it is begun.
session_id child_of(const tool_call_id& call);

/// What a call says of a session that it owns: who asked, where, how deep. It has no agent yet.
session::created stub_of(const tool_call::requested& what, const session_id& child);

} // namespace ash::delegation
