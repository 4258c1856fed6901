#include "actors/aggregates/turn_loop.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/call_price.hpp"
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/document_of.hpp"
#include "actors/aggregates/policy.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::turn {
namespace {

turn_id turn_number(const uuid& owner, std::int64_t number) {
  return {derive(owner, "turn:" + std::to_string(number))};
}

/// What one append of a request may take; providers refuse far less.
constexpr std::size_t max_request_bytes = std::size_t{32} << 20;

/// The scopes that pay now: a daily one is named by the day of the call, not by that of the start.
std::vector<budget_terms> on_the_day_of(instant now, std::vector<budget_terms> scopes) {
  const auto today = utc_date(now);
  for (auto& terms : scopes)
    if (!budget::date_of_scope(terms.scope).empty())
      terms.scope.replace(terms.scope.size() - today.size(), today.size(), today);
  return scopes;
}

/// Facts in the making: each one is folded at once, so that the next is decided on the state it
/// will meet.
class draft {
public:
  draft(const owner& who, loop state, instant now)
      : who_{who}, state_{std::move(state)}, now_{now} {}

  void add(fact happened) {
    state_ = evolve(std::move(state_), happened);
    facts_.push_back(std::move(happened));
  }
  facts take() { return std::move(facts_); }

  void open(std::string prompt) {
    const auto number = state_.turns + 1;
    add(started{turn_number(who_.id, number), number, std::move(prompt)});
    next_step();
  }

  void next_step() {
    if (now().step >= who_.agent.max_steps)
      return fail(errc::max_steps_exceeded,
                  "the turn used all of its " + std::to_string(who_.agent.max_steps) + " steps");
    add(step_started{now().turn, now().step + 1});
    request_call(1, now().call.model_index);
  }

  void request_call(std::int64_t attempt, std::int64_t model_index, approval_id approval = {}) {
    const auto& agent = who_.agent;
    const auto used = state_.used.input + state_.used.output;
    if (agent.max_tokens_total > 0 && used >= agent.max_tokens_total)
      return end_step_and_fail(errc::token_budget_exceeded,
                               std::to_string(used) + " of " +
                                   std::to_string(agent.max_tokens_total) + " tokens are used");
    const auto& model = agent.models.at(static_cast<std::size_t>(model_index));
    call_requested request;
    request.turn = now().turn;
    request.call = {derive(who_.id, "call:" + std::to_string(state_.calls + 1))};
    request.step = now().step;
    request.attempt = attempt;
    request.model = model.name;
    request.model_index = model_index;
    request.request = document_of(render_request(agent, state_));
    if (request.request.text.size() > max_request_bytes)
      return end_step_and_fail(errc::limit_exceeded,
                               "the conversation has grown to " +
                                   std::to_string(request.request.text.size()) +
                                   " bytes, more than a request may have");
    request.input_estimate = estimate_tokens(request.request.text);
    request.estimate = model.price_known ? times(request.input_estimate, model.input) +
                                               times(agent.max_tokens, model.output)
                                         : agent.max_cost_per_call;
    if (agent.max_cost_per_call > usd{} && request.estimate > agent.max_cost_per_call)
      return end_step_and_fail(errc::call_cost_exceeded,
                               "one call of " + model.name + " may cost " +
                                   to_string(request.estimate) +
                                   ", more than the persona's limit of " +
                                   to_string(agent.max_cost_per_call) + " a call");
    request.scopes = on_the_day_of(now_, who_.scopes);
    request.persona_hash = agent.persona_hash;
    request.policy_hash = agent.policy_hash;
    request.approval = approval;
    request.purpose = who_.purpose;
    add(std::move(request));
  }

  /// The call's money is settled: what comes next depends on how the call ended.
  void after_call() {
    if (now().stopping)
      return stop_now(now().stop_reason);
    switch (now().call.outcome) {
    case call_outcome::completed:
      return after_completion();
    case call_outcome::failed:
      return after_failure();
    case call_outcome::refused:
      return after_refusal();
    case call_outcome::lost:
      return request_call(now().call.attempt, now().call.model_index);
    case call_outcome::open:
      check(false, "a call was settled before it ended");
    }
  }

  /// Goes on with the tool calls that the step's model call asked for.
  void next_tool() {
    while (now().next_tool < static_cast<std::int64_t>(now().asked.size()) && !now().stopping) {
      auto called = tool_at(now().next_tool);
      const auto beside = called.refusal.empty() && delegation::is_asked(called.request.name);
      if (!now().in_flight.empty() && (!beside || now().in_flight.size() >= max_beside))
        return;
      if (called.refusal.empty()) {
        add(std::move(called));
        if (beside)
          continue;
        return;
      }
      const auto loops = called.refusal == to_string(errc::doom_loop_detected);
      const tool_answered answer{
          called.turn, called.tool_call, tool_answer::denied, called.refusal, called.message, {}};
      const auto signature = called.signature;
      add(std::move(called));
      add(answer);
      if (loops)
        return end_in_loop(signature);
    }
    if (!now().in_flight.empty())
      return;
    if (now().stopping)
      return stop_now(now().stop_reason);
    add(step_finished{now().turn, now().step, step_status::completed});
    if (now().done)
      return add(completed{now().turn, now().closing_text});
    next_step();
  }

  void suspend() {
    const auto& call = now().call;
    add(suspended{now().turn, call.code, call.message, call.scope});
  }

  void stop_now(std::string reason) {
    const auto& call = now().call;
    const auto cut = now().at == stage::settling && call.outcome == call_outcome::failed;
    const auto partial = cut ? call.text : std::string{};
    add(interrupted{now().turn, std::move(reason), partial});
  }

private:
  [[nodiscard]] const progress& now() const { return *state_.now; }

  void fail(errc code, std::string message) {
    fail(std::string{to_string(code)}, std::move(message));
  }
  void fail(std::string code, std::string message) {
    add(failed{now().turn, std::move(code), std::move(message)});
  }
  void end_step_and_fail(errc code, std::string message) {
    add(step_finished{now().turn, now().step, step_status::error});
    fail(code, std::move(message));
  }

  void after_completion() {
    if (!now().asked.empty())
      return next_tool();
    if (now().call.text.empty())
      return end_step_and_fail(errc::provider_response_invalid, "the model gave an empty reply");
    const auto text = now().call.text;
    add(step_finished{now().turn, now().step, step_status::completed});
    add(completed{now().turn, text});
  }

  void after_failure() {
    const auto call = now().call;
    if (call.retryable && call.attempt < max_attempts) {
      const auto backoff = std::min(retry_base_ms << (call.attempt - 1), retry_cap_ms);
      const auto wait = std::max(backoff, std::min(call.retry_after_ms, retry_cap_ms));
      return add(
          call_retried{now().turn, call.call, call.attempt + 1, wait, now_ + wait * us_per_ms});
    }
    const auto next = call.model_index + 1;
    if (call.retryable && next < static_cast<std::int64_t>(who_.agent.models.size())) {
      const auto& models = who_.agent.models;
      add(model_fell_back{now().turn,
                          models[static_cast<std::size_t>(call.model_index)].name,
                          models[static_cast<std::size_t>(next)].name,
                          next});
      return request_call(1, next);
    }
    add(step_finished{now().turn, now().step, step_status::error});
    fail(call.code, call.message);
  }

  void after_refusal() {
    const auto call = now().call;
    const auto exhausted = call.code == to_string(errc::budget_exhausted);
    // Refused by a scope whose day ended between the request and the reservation.
    if (exhausted && budget::is_over(call.scope, now_))
      return request_call(call.attempt, call.model_index);
    if (exhausted && who_.purpose == call_purpose::work) // without a review, a person is asked
      return wants_asking(call) ? ask_about(call) : suspend();
    add(step_finished{now().turn, now().step, step_status::error});
    fail(call.code, call.message);
  }

  void ask_about(const call_state& call) {
    add(approval_awaited{now().turn,
                         {derive(call.call.value, "approval")},
                         run::approval_kind::budget,
                         call.scope,
                         call.message,
                         call.estimate});
  }

  void end_in_loop(const std::string& signature) {
    const auto found = policy::find_loop(now().signatures);
    add(loop_detected{now().turn, signature, found ? static_cast<std::int64_t>(found->period) : 1});
    add(step_finished{now().turn, now().step, step_status::doom_loop});
    fail(errc::doom_loop_detected,
         "the model repeated the same tool calls with the same arguments");
  }

  [[nodiscard]] tool_called tool_at(std::int64_t index) const {
    const auto& request = now().asked.at(static_cast<std::size_t>(index));
    tool_called called;
    called.turn = now().turn;
    called.step = now().step;
    called.index = index;
    called.tool_call = {derive(now().call.call.value, "tool:" + std::to_string(index))};
    called.request = request;
    called.signature = policy::signature(request.name, request.arguments);
    refuse_if_forbidden(called);
    return called;
  }

  void refuse_if_forbidden(tool_called& called) const {
    const auto forbid = [&](errc code, std::string message) {
      called.refusal = to_string(code);
      called.message = std::move(message);
    };
    const auto& agent = who_.agent;
    const auto spec = std::find_if(agent.tools.begin(), agent.tools.end(), [&](const tool_spec& s) {
      return s.name == called.request.name;
    });
    if (spec == agent.tools.end())
      return forbid(errc::tool_unknown, "there is no tool '" + called.request.name + "' here");
    const auto made = static_cast<std::int64_t>(now().signatures.size());
    if (agent.tool_quota > 0 && made >= agent.tool_quota)
      return forbid(errc::tool_quota_exceeded,
                    "the turn used all of its " + std::to_string(agent.tool_quota) + " tool calls");
    auto history = now().signatures;
    history.push_back(called.signature);
    if (policy::find_loop(history))
      return forbid(
          errc::doom_loop_detected,
          "not executed: the same call with the same arguments has been made before, again "
          "and again");
    if (who_.read_only && spec->effect != effect_class::read)
      return forbid(errc::plan_mode_violation, "plan mode permits only tools that read");
  }

  const owner& who_;
  loop state_;
  instant now_;
  facts facts_;
};

/// Ids that the provider left out or gave twice would tie an answer to the wrong call.
std::vector<tool_request> with_distinct_ids(std::vector<tool_request> calls,
                                            std::int64_t call_number) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto taken =
        std::any_of(calls.begin(),
                    calls.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const tool_request& other) { return other.id == calls[i].id; });
    if (calls[i].id.empty() || taken)
      calls[i].id = "call_" + std::to_string(call_number) + "_" + std::to_string(i);
  }
  return calls;
}

decision<fact> stop_turn(const owner& who, const loop& state, const stop& what, instant now) {
  if (!state.now || (!what.turn.is_nil() && what.turn != state.now->turn)) {
    for (auto number = state.turns; number > 0 && !what.turn.is_nil(); --number)
      if (turn_number(who.id, number) == what.turn)
        return facts{};
    if (what.turn.is_nil())
      return facts{};
    return refuse(errc::turn_not_found, "there is no turn " + to_string(what.turn));
  }
  if (state.now->stopping)
    return facts{};
  draft d{who, state, now};
  d.add(stop_requested{state.now->turn, what.reason});
  const auto at = state.now->at;
  if (at == stage::waiting || at == stage::suspended || at == stage::asking)
    d.stop_now(what.reason);
  return d.take();
}

fact completion(const owner& who, const loop& state, const model_answered& c) {
  const auto& model = who.agent.models.at(static_cast<std::size_t>(state.now->call.model_index));
  call_completed done;
  done.turn = state.now->turn;
  done.call = c.call;
  done.text = c.text;
  done.thinking = c.thinking;
  done.tool_calls = with_distinct_ids(c.tool_calls, state.calls);
  done.usage = credible(c.usage);
  // Without a price, or without the provider's own count, a call is paid for at its reservation:
  // what is unknown is never free.
  const auto known = model.price_known && !done.usage.estimated;
  done.cost = is_credible(c.reported_cost) ? *c.reported_cost
              : known                      ? price_of(model, done.usage)
                                           : state.now->call.estimate;
  done.finish_reason = c.finish_reason;
  done.response = document_of(c.raw);
  done.latency_ms = c.latency_ms;
  return done;
}

fact failure(const owner& who, const loop& state, const model_failed& c) {
  const auto& call = state.now->call;
  const auto& model = who.agent.models.at(static_cast<std::size_t>(call.model_index));
  call_failed bad;
  bad.turn = state.now->turn;
  bad.call = c.call;
  bad.code = to_string(c.why.code);
  bad.message = c.why.message;
  // Nothing acts on half an answer, so that a cut one may be asked for again too.
  bad.retryable = c.retryable;
  bad.emitted_output = c.emitted_output;
  bad.partial_text = c.partial_text;
  bad.retry_after_ms = c.retry_after_ms;
  bad.latency_ms = c.latency_ms;
  if (c.usage)
    bad.usage = credible(*c.usage);
  else if (c.emitted_output) // the provider will charge for what it sent, though it did not say how
                             // much
    bad.usage = {call.input_estimate, estimate_tokens(c.partial_text), 0, 0, true};
  const auto known = model.price_known && !bad.usage.estimated;
  const auto charged = c.emitted_output || bad.usage.estimated;
  bad.cost = known ? price_of(model, bad.usage) : charged ? call.estimate : usd{};
  return bad;
}

/// What the commands are decided on.
struct place {
  const owner& who;
  const loop& state;
  instant now;

  [[nodiscard]] bool is_at(stage at, const call_id& call) const {
    return state.now && state.now->at == at && state.now->call.call == call;
  }
  template <class Steps> [[nodiscard]] facts drafted(Steps steps) const {
    draft d{who, state, now};
    steps(d);
    return d.take();
  }
};

decision<fact> on(const place& p, const budget_reserved& c) {
  if (!p.is_at(stage::reserving, c.call))
    return decide_leftover(p.state, c);
  const auto& now = *p.state.now;
  if (now.stopping)
    return facts{call_refused{
        now.turn, c.call, std::string{to_string(errc::cancelled)}, now.stop_reason, {}}};
  return facts{call_started{now.turn, c.call}};
}

decision<fact> on(const place& p, const budget_refused& c) {
  if (!p.is_at(stage::reserving, c.call))
    return decide_leftover(p.state, c);
  return facts{call_refused{
      p.state.now->turn, c.call, std::string{to_string(c.why.code)}, c.why.message, c.scope}};
}

decision<fact> on(const place& p, const budget_settled& c) {
  if (!p.is_at(stage::settling, c.call))
    return decide_leftover(p.state, c);
  return p.drafted([&](draft& d) {
    d.add(call_settled{p.state.now->turn, c.call, p.state.now->call.cost});
    d.after_call();
  });
}

decision<fact> on(const place& p, const model_streamed& c) {
  if (!p.is_at(stage::calling, c.call))
    return facts{};
  return facts{call_delta{p.state.now->turn, c.call, c.text, c.thinking}};
}

decision<fact> on(const place& p, const model_answered& c) {
  if (!p.is_at(stage::calling, c.call))
    return facts{};
  return facts{completion(p.who, p.state, c)};
}

decision<fact> on(const place& p, const model_failed& c) {
  if (!p.is_at(stage::calling, c.call))
    return facts{};
  // Called off by the process's own end, not by a stop of the turn: asked again after the restart.
  const auto ends = c.why.code == errc::cancelled || c.why.code == errc::shutting_down;
  if (ends && !p.state.now->stopping)
    return facts{call_lost{p.state.now->turn, c.call, p.state.now->call.estimate}};
  return facts{failure(p.who, p.state, c)};
}

decision<fact> on(const place& p, const model_lost& c) {
  if (!p.is_at(stage::calling, c.call))
    return facts{};
  return facts{call_lost{p.state.now->turn, c.call, p.state.now->call.estimate}};
}

decision<fact> on(const place& p, const retry_due& c) {
  if (!p.is_at(stage::waiting, c.call))
    return facts{};
  return p.drafted([&](draft& d) {
    const auto& call = p.state.now->call;
    // What let the call go beyond a cap is spent with it, unless it cost nothing.
    d.request_call(
        call.attempt + 1, call.model_index, call.cost == usd{} ? call.approval : approval_id{});
  });
}

decision<fact> on(const place& p, const tool_finished& c) {
  const auto& now = p.state.now;
  if (!now || now->at != stage::tool ||
      std::none_of(now->in_flight.begin(), now->in_flight.end(), [&](const tool_slot& slot) {
        return slot.call == c.tool_call;
      }))
    return facts{};
  return p.drafted([&](draft& d) {
    d.add(tool_answered{now->turn, c.tool_call, c.answer, c.code, c.text, c.written});
    d.next_tool();
  });
}

decision<fact> on(const place& p, const stop& c) {
  return stop_turn(p.who, p.state, c, p.now);
}

decision<fact> on(const place& p, const approval_answered& c) {
  const auto& now = p.state.now;
  if (!now || now->at != stage::asking || now->awaits != c.approval)
    return facts{};
  return p.drafted([&](draft& d) {
    d.add(approval_settled{now->turn, c.approval, c.decision, c.by, c.comment});
    if (c.decision == run::decision_kind::approve)
      d.request_call(now->call.attempt, now->call.model_index, c.approval);
    else
      d.suspend();
  });
}

decision<fact> on(const place& p, const resume&) {
  const auto& now = p.state.now;
  if (!now || now->at != stage::suspended)
    return facts{};
  return p.drafted([&](draft& d) {
    d.add(resumed{now->turn});
    d.request_call(now->call.attempt, now->call.model_index);
  });
}

} // namespace

facts begin(const owner& who, const loop& state, std::string prompt, instant now) {
  check(!state.now, "a turn began while another one ran");
  draft d{who, state, now};
  d.open(std::move(prompt));
  return d.take();
}

decision<fact> decide(const owner& who, const loop& state, const command& what, instant now) {
  const place p{who, state, now};
  return std::visit([&](const auto& c) { return on(p, c); }, what);
}

} // namespace ash::turn
