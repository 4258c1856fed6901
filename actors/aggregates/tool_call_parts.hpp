// What a tool call's decisions, its fold and its effects look up alike. Private to them.
#pragma once

#include "actors/aggregates/hooks.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "events/base/check.hpp"

namespace ash::tool_call {

inline bool has_hooks(const requested& what, hook_event on) {
  return hooks::has_any(what.terms.hooks, on, what.name);
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
