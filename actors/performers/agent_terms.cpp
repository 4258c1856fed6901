#include "actors/performers/agent_terms.hpp"

#include "actors/aggregates/delegation.hpp"
#include "events/base/json.hpp"

#include <algorithm>
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

tool_spec delegation_spec(const std::vector<std::string>& personas) {
  json::array names;
  for (const auto& name : personas)
    names.emplace_back(name);
  const auto text = [](std::string_view description) {
    return json::object{{"type", "string"}, {"description", description}};
  };
  const json::object parameters{
      {"type", "object"},
      {"properties",
       json::object{
           {"persona",
            json::object{
                {"type", "string"}, {"enum", std::move(names)}, {"description", "Who does it"}}},
           {"task", text("What is to be done, complete in itself: it is all that they are told")},
           {"context", text("What they should know besides")}}},
      {"required", json::array{"persona", "task"}},
      {"additionalProperties", false}};
  return {std::string{delegation::tool_name},
          "Asks someone else to do a part of the work, and gives their result. Calls that follow "
          "each other in one answer are worked on side by side.",
          to_json_text(parameters),
          effect_class::idempotent};
}

} // namespace

result<std::vector<tool_spec>>
tool_specs_of(const definitions::persona& who,
              const std::vector<std::shared_ptr<tool::tool>>& known) {
  std::vector<tool_spec> out;
  for (const auto& name : who.tools) {
    const auto found = std::find_if(
        known.begin(), known.end(), [&](const auto& one) { return one->describe().name == name; });
    if (found == known.end())
      return refuse(errc::tool_unknown,
                    "persona " + identity(who) + " names the tool '" + name +
                        "', which this actor-shell does not have");
    const auto& told = (*found)->describe();
    out.push_back({told.name, told.text, told.parameters, told.effect});
  }
  if (!who.subagents.empty())
    out.push_back(delegation_spec(who.subagents));
  return out;
}

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
  out.subagents = who.subagents;
  if (who.temperature)
    out.temperature_milli = std::llround(*who.temperature * 1'000);
  return out;
}

} // namespace ash::performers
