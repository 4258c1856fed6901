#include "actors/performers/agent_terms.hpp"

#include <cmath>

namespace ash::performers {
namespace {

model_choice choice_of(const std::string& model, const definitions::price_table& prices) {
  model_choice out;
  out.name = model;
  if (const auto price = prices.find(model)) {
    out.input = price->input;
    out.cached = price->cached_input;
    out.output = price->output;
    out.price_known = true;
  }
  return out;
}

} // namespace

agent_terms agent_terms_of(const definitions::persona& who,
                           const definitions::price_table& prices) {
  agent_terms out;
  out.persona = identity(who);
  out.persona_hash = hash_of(who);
  out.system_prompt = who.system_prompt;
  out.models.push_back(choice_of(who.model, prices));
  for (const auto& model : who.fallback_models)
    out.models.push_back(choice_of(model, prices));
  out.max_tokens = who.max_tokens;
  out.max_cost_per_call = who.max_cost_per_call.value_or(usd{});
  out.max_steps = who.max_turns;
  out.max_tokens_total = who.max_tokens_total;
  out.tool_quota = who.tool_quota.value_or(0);
  if (who.temperature)
    out.temperature_milli = std::llround(*who.temperature * 1'000);
  return out;
}

} // namespace ash::performers
