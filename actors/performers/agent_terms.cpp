#include "actors/performers/agent_terms.hpp"

#include <cmath>
#include <string_view>

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

/// How much a mode lets pass, from the most to the least.
int strictness(permission_mode mode) {
  switch (mode) {
  case permission_mode::bypass:
    return 0;
  case permission_mode::accept_edits:
    return 1;
  case permission_mode::standard:
    return 2;
  case permission_mode::dont_ask:
    return 3;
  case permission_mode::plan:
    return 4;
  }
  return 4;
}

/// A glob that no path matches: a persona whose list is empty may write nothing by itself.
constexpr std::string_view no_path = "/";

} // namespace

run::decision_kind outcome_of(definitions::unanswered what) {
  switch (what) {
  case definitions::unanswered::reject:
    return run::decision_kind::reject;
  case definitions::unanswered::approve:
    return run::decision_kind::approve;
  case definitions::unanswered::abort:
    return run::decision_kind::abort;
  }
  return run::decision_kind::reject;
}

void add_permissions(tool_terms& into,
                     const definitions::permission_settings& more,
                     const std::string& origin) {
  for (const auto& rule : more.rules)
    into.permissions.push_back({static_cast<permission_verdict>(rule.verdict),
                                rule.tool,
                                rule.pattern,
                                rule.path,
                                origin});
  if (!more.mode)
    return;
  const auto mode = static_cast<permission_mode>(*more.mode);
  if (strictness(mode) > strictness(into.mode))
    into.mode = mode;
}

void add_permissions(tool_terms& into,
                     const definitions::persona& who,
                     const std::string& artifact_path) {
  add_permissions(into, who.permissions, "persona " + identity(who));
  into.writable_paths = who.writable_paths;
  if (into.writable_paths.empty())
    into.writable_paths.emplace_back(no_path);
  const auto everything = into.writable_paths == std::vector<std::string>{"**"};
  if (!everything && !artifact_path.empty())
    into.writable_paths.push_back(artifact_path);
}

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
