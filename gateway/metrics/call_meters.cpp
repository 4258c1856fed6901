#include "gateway/metrics/call_meters.hpp"

#include <array>

namespace ash::gateway {
namespace {

// The bounds that OpenTelemetry's conventions for generative AI ask for.
constexpr auto duration_bounds = std::to_array<double>(
    {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92});
constexpr auto token_bounds = std::to_array<double>({1,
                                                     4,
                                                     16,
                                                     64,
                                                     256,
                                                     1'024,
                                                     4'096,
                                                     16'384,
                                                     65'536,
                                                     262'144,
                                                     1'048'576,
                                                     4'194'304,
                                                     16'777'216,
                                                     67'108'864});

/// Of calls that began before this process did.
constexpr std::string_view unknown = "unknown";

spread& in(auto& spreads, auto key, std::span<const double> bounds) {
  return spreads.try_emplace(std::move(key), bounds).first->second;
}

double dollars(std::int64_t pico) {
  return static_cast<double>(pico) / 1e12;
}

} // namespace

// -- models --------------------------------------------------------------------------------------

void model_meter::take(const turn::fact& fact) {
  std::visit([this](const auto& f) { on(f); }, fact);
}

model_meter::model model_meter::shown(std::string_view full_name) {
  const auto known = models_.shown(full_name);
  const auto colon = known.find(':');
  if (colon == std::string::npos)
    return {known, known};
  return {known.substr(0, colon), known.substr(colon + 1)};
}

model_meter::counts& model_meter::of(const call_id& call) {
  const auto* known = calls_.find(call);
  return counts_[known != nullptr ? *known : model{std::string{unknown}, std::string{unknown}}];
}

void model_meter::note_usage(counts& in_model, const token_usage& usage) {
  in_model.tokens["input"] += usage.input;
  in_model.tokens["output"] += usage.output;
  in_model.tokens["cached"] += usage.cached;
  in_model.tokens["reasoning"] += usage.reasoning;
  in_model.estimated += usage.estimated ? 1 : 0;
  if (usage.input > 0)
    in(in_model.usage, "input", token_bounds).observe(static_cast<double>(usage.input));
  if (usage.output > 0)
    in(in_model.usage, "output", token_bounds).observe(static_cast<double>(usage.output));
}

void model_meter::note_end(counts& in_model, std::int64_t latency_ms, std::string_view code) {
  in(in_model.durations, codes_.shown(code), duration_bounds)
      .observe(static_cast<double>(latency_ms) / 1e3);
}

void model_meter::on(const turn::call_requested& fact) {
  calls_.put(fact.call, shown(fact.model));
}

void model_meter::on(const turn::call_refused& fact) {
  ++of(fact.call).outcomes["refused"];
}

void model_meter::on(const turn::call_completed& fact) {
  auto& here = of(fact.call);
  ++here.outcomes["completed"];
  here.cost_pico += fact.cost.pico;
  note_usage(here, fact.usage);
  note_end(here, fact.latency_ms, {});
}

void model_meter::on(const turn::call_failed& fact) {
  auto& here = of(fact.call);
  ++here.outcomes["failed"];
  here.cost_pico += fact.cost.pico;
  note_usage(here, fact.usage);
  note_end(here, fact.latency_ms, fact.code);
}

void model_meter::on(const turn::call_lost& fact) {
  auto& here = of(fact.call);
  ++here.outcomes["lost"];
  here.cost_pico += fact.cost.pico;
}

void model_meter::on(const turn::call_retried& fact) {
  ++of(fact.call).retries;
}

void model_meter::on(const turn::model_fell_back& fact) {
  ++counts_[shown(fact.from)].fallbacks;
}

void model_meter::write(sheet& to) const {
  for (const auto& [which, seen] : counts_) {
    const label_set plain{{"provider", which.provider}, {"model", which.name}};
    const auto with = [&](std::string_view name, const std::string& value) {
      auto labels = plain;
      labels.emplace_back(name, value);
      return labels;
    };
    const auto gen_ai = [&](std::string_view name, const std::string& value) {
      return label_set{{"gen_ai_operation_name", "chat"},
                       {"gen_ai_provider_name", which.provider},
                       {"gen_ai_request_model", which.name},
                       {name, value}};
    };
    for (const auto& [outcome, count] : seen.outcomes)
      to.put("actor_shell_model_calls_total", static_cast<double>(count), with("outcome", outcome));
    for (const auto& [kind, count] : seen.tokens)
      to.put("actor_shell_model_tokens_total", static_cast<double>(count), with("kind", kind));
    to.put("actor_shell_model_estimated_calls_total", static_cast<double>(seen.estimated), plain);
    to.put("actor_shell_model_cost_usd_total", dollars(seen.cost_pico), plain);
    to.put("actor_shell_model_retries_total", static_cast<double>(seen.retries), plain);
    to.put("actor_shell_model_fallbacks_total", static_cast<double>(seen.fallbacks), plain);
    for (const auto& [code, durations] : seen.durations)
      to.put("gen_ai_client_operation_duration_seconds", durations, gen_ai("error_type", code));
    for (const auto& [type, usage] : seen.usage)
      to.put("gen_ai_client_token_usage", usage, gen_ai("gen_ai_token_type", type));
  }
}

// -- tools ---------------------------------------------------------------------------------------

void tool_meter::take(const tool_call::fact& fact) {
  std::visit([this](const auto& f) { on(f); }, fact);
}

std::string tool_meter::tool_of(const tool_call_id& call) const {
  const auto* known = calls_.find(call);
  return known != nullptr ? *known : std::string{unknown};
}

void tool_meter::note_duration(const tool_call_id& call, std::int64_t ms, std::string_view code) {
  in(durations_, std::pair{tool_of(call), codes_.shown(code)}, duration_bounds)
      .observe(static_cast<double>(ms) / 1e3);
}

void tool_meter::on(const tool_call::requested& fact) {
  calls_.put(fact.call, tools_.shown(fact.name));
}

void tool_meter::on(const tool_call::denied& fact) {
  ++outcomes_[{tool_of(fact.call), "denied"}];
}

void tool_meter::on(const tool_call::completed& fact) {
  ++outcomes_[{tool_of(fact.call), "completed"}];
  note_duration(fact.call, fact.duration_ms, {});
}

void tool_meter::on(const tool_call::failed& fact) {
  ++outcomes_[{tool_of(fact.call), "failed"}];
  note_duration(fact.call, fact.duration_ms, fact.code);
}

void tool_meter::on(const tool_call::cancelled& fact) {
  ++outcomes_[{tool_of(fact.call), "cancelled"}];
}

void tool_meter::on(const tool_call::in_doubt& fact) {
  ++outcomes_[{tool_of(fact.call), "in_doubt"}];
}

void tool_meter::write(sheet& to) const {
  for (const auto& [key, count] : outcomes_)
    to.put("actor_shell_tool_calls_total",
           static_cast<double>(count),
           {{"tool", key.first}, {"outcome", key.second}});
  for (const auto& [key, durations] : durations_)
    to.put("gen_ai_execute_tool_duration_seconds",
           durations,
           {{"gen_ai_tool_name", key.first}, {"error_type", key.second}});
}

} // namespace ash::gateway
