// What a tool call's decisions, its fold and its effects look up alike. Private to them.
#pragma once

#include "actors/aggregates/hooks.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "events/base/check.hpp"

namespace ash::tool_call {

inline bool has_hooks(const requested& what, hook_event on) {
  return hooks::has_any(what.terms.hooks, on, what.name);
}

/// Without an approval to wait for it is the hooks that have to let it run.
inline bool is_at_hooks(const reviewing& s) {
  return s.awaits.approval.is_nil() && has_hooks(s.what, hook_event::pre_tool);
}

/// The effects that run hooks of the call.
inline std::string hooks_before(const tool_call_id& call) {
  return "hooks.before:" + to_string(call);
}
inline std::string hooks_after(const tool_call_id& call) {
  return "hooks.after:" + to_string(call);
}

inline const running& running_in(const state& s) {
  const auto* in = std::get_if<running>(&s);
  check(in != nullptr, "a fact of a tool call that does not run");
  return *in;
}

/// Of a call that has not ended.
inline const requested& request_of(const state& s) {
  if (const auto* waiting = std::get_if<reviewing>(&s))
    return waiting->what;
  if (const auto* judged = std::get_if<consulting>(&s))
    return judged->what;
  return running_in(s).what;
}

} // namespace ash::tool_call
