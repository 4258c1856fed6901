#include "actors/shells/run_preview.hpp"

#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/turn_loop.hpp"
#include "actors/performers/phase_effects.hpp"
#include "actors/tools/tool.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <limits>

namespace ash {
namespace {

constexpr usd everything{std::numeric_limits<std::int64_t>::max()};

/// Definitions and prices may name what is beyond the range of money: then this is.
usd bounded_times(std::int64_t count, usd each) {
  usd out;
  return __builtin_mul_overflow(count, each.pico, &out.pico) ? everything : out;
}
usd bounded_sum(usd a, usd b) {
  usd out;
  return __builtin_add_overflow(a.pico, b.pico, &out.pico) ? everything : out;
}
std::int64_t bounded_product(std::int64_t a, std::int64_t b) {
  return bounded_times(a, {b}).pico;
}

/// The turns of one attempt: each round of an approval has one, and each of them a repair.
std::int64_t turns_of(const run::planned_phase& phase) {
  return (phase.approval ? phase::max_rounds : 1) * (1 + phase::max_repairs);
}

/// What one call is reserved at.
usd reserved_for(const model_choice& model, const agent_terms& agent, std::int64_t input_tokens) {
  return model.price_known ? bounded_sum(bounded_times(input_tokens, model.input),
                                         bounded_times(agent.max_tokens, model.output))
                           : agent.max_cost_per_call;
}

/// What the calls of one attempt cost at most; none where no limit of the persona bounds it.
std::optional<usd>
worst_of(const model_choice& model, const agent_terms& agent, std::int64_t calls) {
  const auto limit = agent.max_cost_per_call;
  const auto by_call = limit > usd{} ? std::optional{bounded_times(calls, limit)} : std::nullopt;
  if (!model.price_known || agent.max_tokens_total == 0)
    return by_call;
  // Each token at the dearer price, and the call that goes beyond the limit of tokens.
  const auto dearer = std::max(model.input, model.output);
  const auto last = limit > usd{} ? limit : reserved_for(model, agent, agent.max_tokens_total);
  const auto by_tokens = bounded_sum(bounded_times(agent.max_tokens_total, dearer), last);
  return by_call ? std::min(*by_call, by_tokens) : by_tokens;
}

void add_money(phase_preview& into, const agent_terms& agent, std::int64_t attempts) {
  const auto of_one_attempt = into.calls / attempts;
  usd worst;
  // What sub-agents and a reviewing model spend comes on top.
  auto bounded = agent.subagents.empty() && agent.tool_bounds.reviewer.empty();
  for (const auto& model : agent.models) {
    if (!model.price_known)
      into.unpriced.push_back(model.name);
    const auto one = worst_of(model, agent, of_one_attempt);
    bounded = bounded && one;
    worst = std::max(worst, one.value_or(usd{}));
  }
  into.first_call = reserved_for(agent.models.front(), agent, into.input_tokens);
  if (bounded)
    into.worst_case = bounded_times(attempts, worst);
}

effect::open_phase opening_of(const run::start& plan, const run::planned_phase& phase) {
  const auto& run = plan.what;
  effect::open_phase out;
  out.phase = {derive(run.run.value, "preview:" + phase.key)};
  out.run = run.run;
  out.key = phase.key;
  out.workflow_json = run.workflow_json;
  for (const auto& binding : plan.bindings)
    if (binding.role == phase.role)
      out.persona_json = binding.persona_json;
  out.requirements = run.requirements;
  out.worktree = run.worktree;
  out.scopes = run.scopes;
  out.tool_bounds = run.tool_bounds;
  out.schemas = run.schemas;
  return out;
}

phase_preview preview_of(const run::planned_phase& phase, const phase::assignment& work) {
  const auto& agent = work.agent;
  phase_preview out;
  out.key = phase.key;
  out.role = phase.role;
  out.persona = agent.persona;
  out.model = agent.models.front().name;
  out.conditional = !phase.condition.phase.empty();
  turn::loop first;
  first.transcript.push_back({turn::speaker::user, work.prompt, {}, {}, {}, {}, false});
  out.input_tokens = turn::estimate_tokens(turn::render_request(agent, first));
  out.output_tokens = agent.max_tokens;
  const auto attempts = 1 + phase.retries;
  out.calls = bounded_product(bounded_product(agent.max_steps, turns_of(phase)), attempts);
  add_money(out, agent, attempts);
  return out;
}

json::value dollars(const std::optional<usd>& amount) {
  return amount ? json::value(to_string(*amount).substr(1)) : json::value(nullptr);
}

json::object to_json(const phase_preview& from) {
  return {{"key", from.key},
          {"role", from.role},
          {"persona", from.persona},
          {"model", from.model},
          {"conditional", from.conditional},
          {"input_tokens", from.input_tokens},
          {"output_tokens", from.output_tokens},
          {"calls", from.calls},
          {"unpriced", json::array(from.unpriced.begin(), from.unpriced.end())},
          {"first_call_usd", dollars(from.first_call)},
          {"worst_case_usd", dollars(from.worst_case)}};
}

} // namespace

result<run_preview>
preview_run(const run_request& asked, const planning& with, log::event_log& log) {
  TRY(const auto plan, plan_run(asked, with, consent_check::left_out));
  performers::performer_options options;
  options.log = &log;
  options.tools = tool::builtin_tools();
  options.prices = with.prices;
  run_preview out;
  out.workflow = plan.what.workflow;
  out.cap = plan.what.scopes.front().cap;
  out.policy = plan.what.scopes.front().policy;
  out.phases_total = usd{};
  for (const auto& phase : plan.what.phases) {
    TRY(const auto work, performers::assignment_of(opening_of(plan, phase), options));
    out.phases.push_back(preview_of(phase, work));
    const auto& worst = out.phases.back().worst_case;
    out.phases_total = out.phases_total && worst
                           ? std::optional{bounded_sum(*out.phases_total, *worst)}
                           : std::nullopt;
  }
  out.worst_case = out.phases_total;
  if (out.policy == budget_policy::block)
    out.worst_case = std::min(out.phases_total.value_or(out.cap), out.cap);
  return out;
}

json::object to_json(const run_preview& from) {
  json::array phases;
  for (const auto& each : from.phases)
    phases.push_back(to_json(each));
  return {{"workflow", from.workflow},
          {"phases", std::move(phases)},
          {"cap_usd", dollars(from.cap)},
          {"policy", definitions::to_string(static_cast<definitions::budget_policy>(from.policy))},
          {"phases_total_usd", dollars(from.phases_total)},
          {"worst_case_usd", dollars(from.worst_case)}};
}

} // namespace ash
