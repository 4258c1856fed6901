#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/turn_loop.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::turn {
namespace {

progress& running(loop& state) {
  check(state.now.has_value(), "a fact of a turn that does not run");
  return *state.now;
}

void add_usage(loop& state, const token_usage& usage, usd cost) {
  state.used.input += usage.input;
  state.used.output += usage.output;
  state.used.cached += usage.cached;
  state.used.reasoning += usage.reasoning;
  state.used.estimated = state.used.estimated || usage.estimated;
  state.cost += cost;
}

void open_call(loop& state, const call_requested& f) {
  auto& now = running(state);
  now.at = stage::reserving;
  auto approved = std::move(now.call.approved);
  now.call = {};
  now.call.call = f.call;
  now.call.attempt = f.attempt;
  now.call.model_index = f.model_index;
  now.call.estimate = f.estimate;
  now.call.input_estimate = f.input_estimate;
  now.call.request = f.request;
  now.call.scopes = f.scopes;
  now.call.approval = f.approval;
  if (!f.approval.is_nil()) // else what was approved is spent
    now.call.approved = std::move(approved);
  now.asked.clear();
  now.in_flight.clear();
  now.next_tool = 0;
  ++state.calls;
}

void refuse_call(progress& now, const call_refused& f) {
  now.at = stage::settling;
  now.call.outcome = call_outcome::refused;
  now.call.request = {};
  now.call.code = f.code;
  now.call.message = f.message;
  now.call.scope = f.scope;
}

void end_call(loop& state, call_outcome outcome, usd cost) {
  auto& now = running(state);
  now.at = stage::settling;
  now.call.outcome = outcome;
  now.call.cost = cost;
  now.call.request = {};
}

void keep_completion(loop& state, const call_completed& f) {
  end_call(state, call_outcome::completed, f.cost);
  add_usage(state, f.usage, f.cost);
  state.now->call.text = f.text;
  state.now->asked = f.tool_calls;
  if (!f.text.empty() || !f.tool_calls.empty())
    state.transcript.push_back(
        {speaker::assistant, f.text, f.thinking, f.tool_calls, {}, {}, false});
}

void keep_failure(loop& state, const call_failed& f) {
  end_call(state, call_outcome::failed, f.cost);
  add_usage(state, f.usage, f.cost);
  auto& call = state.now->call;
  call.text = f.partial_text;
  call.code = f.code;
  call.message = f.message;
  call.retryable = f.retryable;
  call.retry_after_ms = f.retry_after_ms;
}

void keep_answer(loop& state, const tool_answered& f) {
  auto& now = running(state);
  const auto slot = std::find_if(now.in_flight.begin(),
                                 now.in_flight.end(),
                                 [&](const tool_slot& each) { return each.call == f.tool_call; });
  check(slot != now.in_flight.end(), "an answer to a tool call that is not in flight");
  const auto index = slot->index;
  now.in_flight.erase(slot);
  const auto& request = now.asked.at(static_cast<std::size_t>(index));
  const auto good = f.answer == tool_answer::completed;
  // The model reads the answers in the order in which it asked, whichever came first.
  const auto waiting_behind =
      std::count_if(now.in_flight.begin(), now.in_flight.end(), [&](const tool_slot& each) {
        return each.index > index;
      });
  const auto answered_behind = now.next_tool - 1 - index - waiting_behind;
  state.transcript.insert(state.transcript.end() - answered_behind,
                          {speaker::tool, f.text, {}, {}, request.id, request.name, !good});
  if (good && request.name == "complete") {
    now.done = true;
    now.closing_text = f.text;
  }
}

std::string model_effect(const call_id& call) {
  return "model:" + to_string(call);
}

effect_request retry_call(const loop& state) {
  const auto& now = *state.now;
  return {"retry:" + to_string(now.call.call),
          effect::tell_self{now.due, retry_due{now.call.call}}};
}

tool_call::requested request_of(const owner& who, const loop& state, const tool_slot& slot) {
  const auto& now = *state.now;
  const auto& asked = now.asked.at(static_cast<std::size_t>(slot.index));
  tool_call::requested what;
  what.call = slot.call;
  what.owner = who.stream;
  what.turn = now.turn;
  what.name = asked.name;
  what.arguments = asked.arguments;
  for (const auto& spec : who.agent.tools)
    if (spec.name == asked.name)
      what.effect = spec.effect;
  what.worktree = who.worktree;
  what.terms = who.agent.tool_bounds;
  what.policy_hash = who.agent.policy_hash;
  what.root = who.root;
  what.phase_key = who.phase_key;
  what.attended = who.attended;
  const auto delegates = delegation::is_asked(asked.name);
  const auto reviewable = what.effect != effect_class::read && !what.terms.reviewer.empty();
  if (delegates || reviewable) {
    what.depth = who.depth;
    what.scopes = who.scopes;
  }
  if (delegates)
    what.subagents = who.agent.subagents;
  return what;
}

effect_request ask_tool(const owner& who, const loop& state, const tool_slot& slot) {
  // Where the tool call can't even be asked for, the model is told so and the turn goes on.
  const tool_finished lost{slot.call,
                           tool_answer::failed,
                           std::string{to_string(errc::tool_failed)},
                           "The tool could not be started.",
                           {}};
  return {
      "tool:" + to_string(slot.call),
      effect::send{stream_of(slot.call), tool_call::request{request_of(who, state, slot)}, lost}};
}

effect_request ask_approval(const owner& who, const loop& state) {
  const auto& now = *state.now;
  run::approval_requested what;
  what.approval = now.awaits;
  what.kind = run::approval_kind::budget;
  what.asker = who.stream;
  what.phase_key = who.phase_key;
  what.subject = now.call.scope;
  what.amount = now.call.estimate;
  what.question = "May one call that costs up to " + to_string(now.call.estimate) +
                  " go beyond the budget? " + now.call.message;
  const approval_answered lost{
      now.awaits, run::decision_kind::reject, "nobody", "nobody could be asked"};
  return {"approval:" + to_string(now.awaits),
          effect::send{who.root, run::request_approval{std::move(what)}, lost}};
}

effect_request withdraw_approval(const owner& who, const loop& state) {
  const auto& now = *state.now;
  return {"withdraw:" + to_string(now.awaits),
          effect::send{who.root, run::withdraw_approval{now.awaits, now.stop_reason}, {}}};
}

/// With what was asked for: the request may be on its way still, and must not begin after this.
effects cancel_tools(const owner& who, const loop& state) {
  const auto& now = *state.now;
  effects out;
  for (const auto& slot : now.in_flight)
    out.push_back({"cancel:" + to_string(slot.call),
                   effect::send{stream_of(slot.call),
                                tool_call::cancel{now.stop_reason, request_of(who, state, slot)},
                                {}}});
  return out;
}

} // namespace

effect_request reserve_call(const call_state& call) {
  return {"reserve:" + to_string(call.call),
          effect::reserve{call.call, call.scopes, call.estimate, call.approved}};
}

effect_request settle_call(const call_state& call) {
  return {"settle:" + to_string(call.call),
          effect::settle{call.call, call.scopes, call.cost, call.outcome != call_outcome::refused}};
}

loop evolve(loop state, const fact& happened) {
  if (of_leftover(state, happened))
    return evolve_leftover(std::move(state), happened);
  std::visit(match{
                 [&](const started& f) {
                   state.now = progress{};
                   state.now->turn = f.turn;
                   state.turns = f.number;
                   state.transcript.push_back({speaker::user, f.prompt, {}, {}, {}, {}, false});
                 },
                 [&](const step_started& f) { running(state).step = f.step; },
                 [&](const call_requested& f) { open_call(state, f); },
                 [&](const call_started&) { running(state).at = stage::calling; },
                 [&](const call_refused& f) { refuse_call(running(state), f); },
                 [](const call_delta&) {},
                 [&](const call_completed& f) { keep_completion(state, f); },
                 [&](const call_failed& f) { keep_failure(state, f); },
                 [&](const call_lost& f) {
                   end_call(state, call_outcome::lost, f.cost);
                   state.cost += f.cost;
                 },
                 [&](const call_settled&) { running(state).call.settled = true; },
                 [&](const call_retried& f) {
                   running(state).at = stage::waiting;
                   state.now->due = f.due;
                 },
                 [&](const model_fell_back& f) { running(state).call.model_index = f.model_index; },
                 [&](const tool_called& f) {
                   running(state).at = stage::tool;
                   state.now->in_flight.push_back({f.index, f.tool_call});
                   state.now->next_tool = f.index + 1;
                   state.now->signatures.push_back(f.signature);
                 },
                 [&](const tool_answered& f) { keep_answer(state, f); },
                 [](const loop_detected&) {},
                 [](const step_finished&) {},
                 [&](const stop_requested& f) {
                   running(state).stopping = true;
                   state.now->stop_reason = f.reason;
                 },
                 [&](const suspended&) { running(state).at = stage::suspended; },
                 [](const resumed&) {},
                 [&](const approval_awaited& f) {
                   running(state).at = stage::asking;
                   state.now->awaits = f.approval;
                 },
                 [&](const approval_settled& f) {
                   auto& now = running(state);
                   now.awaits = {};
                   if (f.decision == run::decision_kind::approve)
                     now.call.approved.push_back({now.call.scope, f.approval});
                 },
                 [&](const completed&) { state = leave(std::move(state)); },
                 [&](const interrupted& f) {
                   if (!f.partial_text.empty())
                     state.transcript.push_back(
                         {speaker::assistant, f.partial_text, {}, {}, {}, {}, false});
                   state = leave(std::move(state));
                 },
                 [&](const failed&) { state = leave(std::move(state)); },
             },
             happened);
  return state;
}

effects react(const owner& who, const loop& state, const fact& happened) {
  if (of_leftover(state, happened))
    return react_leftover(state, happened);
  const auto settle = [&] { return effects{settle_call(state.now->call)}; };
  return std::visit(
      match{
          [&](const call_requested&) { return effects{reserve_call(state.now->call)}; },
          [&](const call_started& f) {
            const auto& call = state.now->call;
            const auto& model = who.agent.models.at(static_cast<std::size_t>(call.model_index));
            return effects{
                {model_effect(f.call), effect::call_model{f.call, model.name, call.request}}};
          },
          [&](const call_refused&) { return settle(); },
          [&](const call_completed& f) {
            auto all = settle();
            all.push_back({"prune:" + to_string(f.call), effect::prune{}});
            return all;
          },
          [&](const call_failed&) { return settle(); },
          [&](const call_lost&) { return settle(); },
          [&](const call_retried&) { return effects{retry_call(state)}; },
          [&](const tool_called& f) {
            return f.refusal.empty() ? effects{ask_tool(who, state, {f.index, f.tool_call})}
                                     : effects{};
          },
          [&](const stop_requested&) {
            if (!state.now)
              return effects{};
            if (state.now->at == stage::calling)
              return effects{{"stop:" + to_string(state.now->call.call),
                              effect::call_off{model_effect(state.now->call.call)}}};
            if (state.now->at == stage::asking)
              return effects{withdraw_approval(who, state)};
            return state.now->at == stage::tool ? cancel_tools(who, state) : effects{};
          },
          [](const started&) { return effects{}; },
          [](const step_started&) { return effects{}; },
          [](const call_delta&) { return effects{}; },
          [](const call_settled&) { return effects{}; },
          [](const model_fell_back&) { return effects{}; },
          [](const tool_answered&) { return effects{}; },
          [](const loop_detected&) { return effects{}; },
          [](const step_finished&) { return effects{}; },
          [](const suspended&) { return effects{}; },
          [](const resumed&) { return effects{}; },
          [&](const approval_awaited&) { return effects{ask_approval(who, state)}; },
          [](const approval_settled&) { return effects{}; },
          [](const completed&) { return effects{}; },
          [](const interrupted&) { return effects{}; },
          [](const failed&) { return effects{}; },
      },
      happened);
}

namespace {

effects pending_turn(const owner& who, const loop& state) {
  const auto& now = *state.now;
  switch (now.at) {
  case stage::reserving:
    return {reserve_call(now.call)};
  case stage::calling:
    // The id of the call itself: while that is in flight this is not issued.
    return {{model_effect(now.call.call), effect::tell_self{{}, model_lost{now.call.call}}}};
  case stage::settling:
    return {settle_call(now.call)};
  case stage::waiting:
    return {retry_call(state)};
  case stage::tool: {
    effects owed;
    for (const auto& slot : now.in_flight)
      owed.push_back(ask_tool(who, state, slot));
    if (now.stopping)
      append(owed, cancel_tools(who, state));
    return owed;
  }
  case stage::suspended:
    return {};
  case stage::asking:
    return {ask_approval(who, state)};
  }
  return {};
}

} // namespace

effects pending(const owner& who, const loop& state) {
  auto owed = pending_leftovers(state);
  if (state.now)
    append(owed, pending_turn(who, state));
  return owed;
}

} // namespace ash::turn
