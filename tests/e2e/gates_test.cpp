// Whoever has to be asked is asked, whatever dies: at every step of asking and of answering the
// process is killed, and yet each question is there once, is answered once, and has its effect
// once.
#include "tests/e2e/gate_case.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

namespace ash::e2e {
namespace {

/// Of the passages of a process, those around the question: its last ones where it asks, its first
/// ones where it is answered.
constexpr std::size_t passages_of_asking = 21;
constexpr std::size_t passages_of_answering = 24;
/// Every so many of the points before a sync: what is lost there is lost at any of them.
constexpr std::size_t before_sync_every = 4;
/// Every so many cases the next process is killed too.
constexpr std::size_t again_every = 5;

std::string workflow_of(const std::string& more_of_phase,
                        const std::string& budget,
                        const std::string& capability = "note_writing") {
  return R"(name: gated
version: 1
title: Write a note that somebody is asked about
roles:
  - name: writer
    required_capabilities: [)" +
         capability + R"(]
phases:
  - key: note
    role: writer
    title: Write the note
    instructions: Write the note that the requirements ask for.
    artifact: {path: .actor-shell/out/note.json, schema: e2e/note@1}
)" + more_of_phase +
         "budget: " + budget + '\n';
}

const auto plenty = std::string{"{cap: 1.00, policy: block}"};

std::string script() {
  return read_text(E2E_FIXTURES "/gates.yaml");
}

gate artifact_gate() {
  return {run::approval_kind::artifact, workflow_of("    approval: true\n", plenty), {}, script()};
}

const auto ask_about_the_effect =
    std::string{"permissions:\n  rules:\n"
                "    - {verdict: ask, tool: run_command, pattern: \"cat effect*\"}\n"};

gate tool_gate() {
  return {run::approval_kind::tool, workflow_of({}, plenty), ask_about_the_effect, script()};
}

std::string persona_of(const std::string& name, const std::string& capability) {
  return "name: " + name + "\nversion: 1\ntitle: One who asks others\ncapabilities: [" +
         capability +
         "]\nmodel: scripted:none\nmax_cost_per_call: 0.50\nmax_turns: 40\nmax_tokens: 4096\n"
         "max_tokens_total: 1000000\nnetwork: none\nsubagents: [digger]\n"
         "system_prompt: You do what you are asked to, then call `complete`.\n";
}

/// Who asks is a sub-agent of a sub-agent of a sub-agent; the question is the run's all the same.
gate deep_tool_gate() {
  return {run::approval_kind::tool,
          workflow_of({}, plenty, "note_leading"),
          ask_about_the_effect,
          read_text(E2E_FIXTURES "/deep_gates.yaml"),
          true,
          {{"note-leader@1", persona_of("note-leader", "note_leading")},
           {"digger@1", persona_of("digger", "digging")}}};
}

/// Each call may cost more than there is.
gate budget_gate() {
  return {run::approval_kind::budget,
          workflow_of({}, "{cap: 0.001, policy: prompt}"),
          {},
          script(),
          false};
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  text.replace(text.find(old), old.size(), now);
  return text;
}

/// The third alone may answer so long that it goes beyond what there is.
gate deep_budget_gate() {
  const auto digger = with(persona_of("digger", "digging"), "[digger]", "[digger, bottom]");
  return {run::approval_kind::budget,
          workflow_of({}, "{cap: 0.004, policy: prompt}", "note_leading"),
          {},
          with(read_text(E2E_FIXTURES "/deep_gates.yaml"),
               "{persona: digger, task: Dig at level 3}",
               "{persona: bottom, task: Dig at level 3}"),
          false,
          {{"note-leader@1", persona_of("note-leader", "note_leading")},
           {"digger@1", digger},
           {"bottom@1", with(persona_of("bottom", "digging"), "4096", "16384")}}};
}

bool is_worth_a_case(const std::string& point, std::size_t nth) {
  const auto before_sync = point == "log.append.before_write" || point == "log.append.before_sync";
  return !before_sync || nth % before_sync_every == 0;
}

/// The passages from `first` on, as `name:passage` of the whole process.
void add_cases(const std::vector<std::string>& passages,
               std::size_t first,
               std::size_t count,
               gate_stage stage,
               std::vector<gate_kill>& into) {
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < passages.size() && i < first + count; ++i) {
    const auto nth = ++seen[passages[i]];
    if (i < first || !is_worth_a_case(passages[i], i))
      continue;
    into.push_back({stage, passages[i] + ':' + std::to_string(nth)});
    if (into.size() % again_every == 0)
      into.back().again = "log.append.after_sync:" + std::to_string(1 + into.size() % 3);
  }
}

struct tally {
  std::mutex mutex;
  std::vector<std::string> faults;
  std::size_t killed = 0;
  std::size_t refused = 0;

  void add(const gate_kill& where, const gate_result& came) {
    const std::lock_guard lock{mutex};
    killed += came.killed ? 1 : 0;
    refused += came.refused_twice ? 1 : 0;
    for (const auto& fault : came.faults)
      faults.push_back(where.text() + ": " + fault);
  }
};

void survive_every_step(const gate& of) {
  std::vector<std::string> asking;
  std::vector<std::string> answering;
  const auto whole = gate_case{of}.run_unkilled(asking, answering);
  ASSERT_TRUE(whole.faults.empty()) << testing::PrintToString(whole.faults);
  std::vector<gate_kill> cases;
  const auto from = asking.size() - std::min(asking.size(), passages_of_asking);
  add_cases(asking, from, passages_of_asking, gate_stage::asking, cases);
  add_cases(answering, 0, passages_of_answering, gate_stage::answering, cases);
  tally all;
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < gates_at_once; ++i)
      workers.emplace_back([&] {
        for (auto at = next++; at < cases.size(); at = next++)
          all.add(cases[at], gate_case{of}.run_killed(cases[at]));
      });
  }
  for (const auto& fault : all.faults)
    ADD_FAILURE() << fault;
  // How appends fall into batches differs a little, so the last passages may not be reached.
  EXPECT_GE(all.killed * 10, cases.size() * 9) << all.killed << " of " << cases.size();
  EXPECT_GT(all.refused, 0U) << "nobody tried to decide twice";
  std::printf("%zu cases, %zu killed, %zu second decisions refused\n",
              cases.size(),
              all.killed,
              all.refused);
}

TEST(gates, an_artifact_is_asked_about_once_whatever_dies) {
  survive_every_step(artifact_gate());
}

TEST(gates, a_tool_call_is_asked_about_once_whatever_dies) {
  survive_every_step(tool_gate());
}

TEST(gates, a_tool_call_three_sub_agents_deep_is_asked_about_once_whatever_dies) {
  survive_every_step(deep_tool_gate());
}

TEST(gates, a_call_beyond_the_cap_is_asked_about_once_whatever_dies) {
  survive_every_step(budget_gate());
}

TEST(gates, a_call_beyond_the_cap_three_sub_agents_deep_is_asked_about_once_whatever_dies) {
  survive_every_step(deep_budget_gate());
}

// -- without a kill -------------------------------------------------------------------------------

std::vector<run::approval_requested> asked_in(const gate_case& of) {
  return only<run::approval_requested>(of.log().facts());
}

TEST(gates, a_rejected_tool_call_does_not_run_and_the_model_is_told) {
  gate_case one{tool_gate()};
  ASSERT_EQ(one.begin().exit_code, 5);
  const auto ended = one.decide(to_string(asked_in(one).front().approval), "reject");
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = one.log().facts();
  const auto denied = only<tool_call::denied>(facts);
  ASSERT_EQ(denied.size(), 1U);
  EXPECT_EQ(denied.front().code, "permission_denied");
  for (const auto& call : only<tool_call::started>(facts))
    EXPECT_NE(call.call, denied.front().call);
}

TEST(gates, nobody_to_ask_is_a_refusal_on_record) {
  gate_case one{tool_gate()};
  const auto ended = one.begin({}, {"--unattended"});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  const auto decided = only<run::approval_decided>(one.log().facts());
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(decided.front().decision, run::decision_kind::reject);
  EXPECT_EQ(decided.front().by, "nobody");
  EXPECT_EQ(asked_in(one).size(), 1U);
}

TEST(gates, a_rejected_budget_stops_the_run_until_it_is_asked_anew) {
  gate_case one{budget_gate()};
  ASSERT_EQ(one.begin().exit_code, 5);
  const auto first = asked_in(one).front();
  EXPECT_EQ(one.decide(to_string(first.approval), "reject").exit_code, 6);
  const auto run = to_string(one.log().runs().front().run);
  const auto resumed = one.actor_shell({"runs", "resume", run, "--output-format", "json"});
  EXPECT_EQ(resumed.exit_code, 5) << resumed.shown();
  const auto all = asked_in(one);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all.back().approval, first.approval);
  EXPECT_GT(all.back().amount, usd{});
  EXPECT_EQ(one.decide(to_string(all.back().approval), "abort").exit_code, 8);
}

} // namespace
} // namespace ash::e2e
