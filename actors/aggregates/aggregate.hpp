// What every aggregate gives: pure functions over its own state, commands and facts. Nothing in
// here or in an aggregate does I/O, reads a clock, makes a random id or knows an actor.
#pragma once

#include "actors/aggregates/effects.hpp"

#include <concepts>

namespace ash {

/// `state` is default-constructed for a stream without facts.
template <class A>
concept aggregate = requires(typename A::state state,
                             const typename A::command& command,
                             const typename A::fact& fact,
                             instant now) {
  { A::kind } -> std::convertible_to<entity_kind>;
  /// The facts that the command leads to (none: nothing to do), or a refusal.
  { A::decide(std::as_const(state), command, now) } -> std::same_as<decision<typename A::fact>>;
  /// The state after a fact. Total: a fact that cannot follow is a broken invariant.
  { A::evolve(std::move(state), fact) } -> std::same_as<typename A::state>;
  /// The effects of a fact that has just become durable; `state` is the one after it.
  { A::react(std::as_const(state), fact) } -> std::same_as<effects>;
  /// The effects still owed in this state, with the ids under which `react` gave them.
  { A::pending(std::as_const(state)) } -> std::same_as<effects>;
  /// No command leads to another fact that matters: the stream counts as closed.
  { A::is_final(std::as_const(state)) } -> std::same_as<bool>;
};

} // namespace ash
