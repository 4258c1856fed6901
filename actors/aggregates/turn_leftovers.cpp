#include "actors/aggregates/turn_loop.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::turn {
namespace {

const leftover* find(const loop& state, const call_id& call) {
  for (const auto& left : state.leftovers)
    if (left.call.call == call)
      return &left;
  return nullptr;
}

const leftover* find_at(const loop& state, stage at, const call_id& call) {
  const auto* left = find(state, call);
  return left != nullptr && left->at == at ? left : nullptr;
}

} // namespace

facts discard(const loop& state, const std::string& reason) {
  facts happened;
  if (!state.now)
    return happened;
  const auto& now = *state.now;
  if (!now.stopping)
    happened.push_back(stop_requested{now.turn, reason});
  if (now.at == stage::calling)
    happened.push_back(call_lost{now.turn, now.call.call, now.call.estimate});
  return happened;
}

loop leave(loop state) {
  if (!state.now)
    return state;
  auto& now = *state.now;
  check(now.at != stage::calling, "a turn was left with its model call in flight");
  const auto is_open = now.at == stage::reserving || now.at == stage::settling;
  if (is_open && !now.call.settled && !now.call.call.is_nil()) {
    now.call.request = {};
    state.leftovers.push_back({now.turn, now.at, std::move(now.call)});
  }
  state.now.reset();
  return state;
}

bool of_leftover(const loop& state, const fact& happened) {
  const auto is_left = [&](const auto& f) { return find(state, f.call) != nullptr; };
  if (const auto* refused = std::get_if<call_refused>(&happened))
    return is_left(*refused);
  if (const auto* settled = std::get_if<call_settled>(&happened))
    return is_left(*settled);
  return false;
}

loop evolve_leftover(loop state, const fact& happened) {
  if (const auto* settled = std::get_if<call_settled>(&happened))
    std::erase_if(state.leftovers,
                  [&](const leftover& left) { return left.call.call == settled->call; });
  if (const auto* refused = std::get_if<call_refused>(&happened))
    for (auto& left : state.leftovers)
      if (left.call.call == refused->call) {
        left.at = stage::settling;
        left.call.outcome = call_outcome::refused;
      }
  return state;
}

facts decide_leftover(const loop& state, const command& what) {
  // Nobody needs the call any more, so a reservation that was granted goes back unused.
  const auto give_back = [&](const call_id& call, const std::string& scope) {
    const auto* left = find_at(state, stage::reserving, call);
    if (left == nullptr)
      return facts{};
    return facts{call_refused{left->turn,
                              call,
                              std::string{to_string(errc::cancelled)},
                              "the turn was given up before the call began",
                              scope}};
  };
  if (const auto* reserved = std::get_if<budget_reserved>(&what))
    return give_back(reserved->call, {});
  if (const auto* refused = std::get_if<budget_refused>(&what))
    return give_back(refused->call, refused->scope);
  if (const auto* settled = std::get_if<budget_settled>(&what))
    if (const auto* left = find_at(state, stage::settling, settled->call))
      return facts{call_settled{left->turn, settled->call, left->call.cost}};
  return {};
}

effects react_leftover(const loop& state, const fact& happened) {
  if (const auto* refused = std::get_if<call_refused>(&happened))
    if (const auto* left = find(state, refused->call))
      return {settle_call(left->call)};
  return {};
}

effects pending_leftovers(const loop& state) {
  effects owed;
  for (const auto& left : state.leftovers)
    owed.push_back(left.at == stage::reserving ? reserve_call(left.call) : settle_call(left.call));
  return owed;
}

} // namespace ash::turn
