// Values that the stories of aggregates are about: one agent with three tools, a phase, a run. Only
// data; every call gives the same.
#pragma once

#include "actors/aggregates/commands.hpp"
#include "actors/aggregates/policy.hpp"

namespace ash::testing {

inline constexpr uuid base_id{0x0190000000007000ULL, 0x8000000000000001ULL};
template <class Id> Id an_id(std::string_view name) {
  return {derive(base_id, name)};
}

inline const auto a_run = an_id<run_id>("run");
inline const auto a_phase = an_id<phase_id>("phase");
inline const auto a_session = an_id<session_id>("session");

constexpr usd one_dollar{1'000'000'000'000};

inline budget_terms a_scope(std::string name = "day:2026-11-21", usd cap = one_dollar) {
  return {std::move(name), cap, {}, budget_policy::block};
}

/// A token costs $0.000001 in and $0.000002 out.
inline model_choice a_model(std::string name = "test:small") {
  return {std::move(name), {1'000'000}, {500'000}, {2'000'000}, true};
}

inline agent_terms an_agent() {
  agent_terms agent;
  agent.persona = "tester@1";
  agent.system_prompt = "You test.";
  agent.models = {a_model()};
  agent.tools = {{"read_file", "reads", "{}", effect_class::read},
                 {"write_file", "writes", "{}", effect_class::write},
                 {"complete", "ends", "{}", effect_class::read}};
  const auto rules = policy::default_rules();
  agent.tool_bounds.secret_globs = rules.secret_globs;
  agent.tool_bounds.secret_exceptions = rules.secret_exceptions;
  agent.tool_bounds.command_rules = rules.command_rules;
  agent.max_tokens = 100;
  return agent;
}

/// One that may ask a helper to do a part of its work.
inline agent_terms an_agent_with_helpers() {
  auto agent = an_agent();
  agent.tools.push_back({"request_subagent", "asks for help", "{}", effect_class::idempotent});
  agent.subagents = {"helper"};
  return agent;
}

inline phase::assignment an_assignment() {
  phase::assignment work;
  work.phase = a_phase;
  work.run = a_run;
  work.key = "spec";
  work.role = "writer";
  work.artifact_path = "out/spec.json";
  work.schema_ref = "dev/spec@1";
  work.worktree = "/worktree";
  work.agent = an_agent();
  work.scopes = {a_scope("run:" + to_string(a_run)), a_scope()};
  work.prompt = "Write the spec.";
  return work;
}

inline tool_request asks(std::string name, std::string arguments = "{}", std::string id = "t1") {
  return {std::move(id), std::move(name), std::move(arguments)};
}

inline tool_request asks_for_help(std::string task, std::string id = "t1") {
  return {std::move(id),
          "request_subagent",
          R"({"persona":"helper","task":")" + std::move(task) + R"("})"};
}

inline turn::model_answered says(call_id call, std::string text) {
  return {call, std::move(text), {}, {}, {10, 5, 0, 0, false}, {}, "stop", "{}", 1};
}
inline turn::model_answered wants(call_id call, std::vector<tool_request> tools) {
  return {call, {}, {}, std::move(tools), {10, 5, 0, 0, false}, {}, "tool_calls", "{}", 1};
}
inline turn::model_failed fails(call_id call, errc code, bool retryable) {
  turn::model_failed bad;
  bad.call = call;
  bad.why = refuse(code, "the provider said no");
  bad.retryable = retryable;
  return bad;
}
inline turn::tool_finished answers(tool_call_id call, std::string text = "done") {
  return {call, turn::tool_answer::completed, {}, std::move(text), {}};
}

// What a reviewer may answer.
inline constexpr auto approves = R"({"verdict": "approve", "reason": "the task wants it"})";
inline constexpr auto denies = R"({"verdict": "deny", "reason": "it is about something else"})";

} // namespace ash::testing
