// A model that decides about writes outside of the writable paths, by the built binary: what its
// answers lead to, what it costs, and that it decides once whatever dies.
#include "tests/e2e/gate_case.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::size_t at_once = 3;
/// Every so many of the points around a sync: what is lost there is lost at any of them.
constexpr std::size_t log_points_every = 4;

constexpr std::string_view workflow = R"(name: gated
version: 1
title: Write a plan that its writer may not place by itself
roles:
  - name: writer
    required_capabilities: [planning]
phases:
  - key: note
    role: writer
    title: Write the note
    instructions: Write the note that the requirements ask for.
    artifact: {path: .actor-shell/out/note.json, schema: e2e/note@1}
budget: {cap: 1.00, policy: block}
)";

constexpr std::string_view planner = R"(name: planner
version: 1
title: Planner
capabilities: [planning]
model: scripted:none
max_cost_per_call: 0.50
max_turns: 40
max_tokens: 64
network: none
permissions: {writable_paths: ["src/**"]}
system_prompt: You plan, then call `complete`.
)";

/// Writes outside of its paths, then its note; goes on rightly after any crash.
constexpr std::string_view script = R"(turns:
  - match: {assistant_turns: 0}
    tool_calls: [{name: write_file, arguments: {path: docs/plan.md, content: "plan\n"}}]
    usage: {input: 300, output: 20}
  - match: {assistant_turns: 2, last_tool: write_file, last_result: IN DOUBT}
    tool_calls: [{name: read_file, arguments: {path: .actor-shell/out/note.json}}]
    usage: {input: 300, output: 20}
  - match: {last_tool: read_file, last_result: planned}
    tool_calls: [{name: complete, arguments: {summary: Planned.}}]
    usage: {input: 300, output: 10}
  - match: {last_tool: read_file}
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "planned"}'}
    usage: {input: 300, output: 20}
  - match: {assistant_turns: 1}
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "planned"}'}
    usage: {input: 300, output: 20}
  - match: {last_tool: write_file}
    tool_calls: [{name: complete, arguments: {summary: Planned.}}]
    usage: {input: 300, output: 10}
)";

class model_review : public testing::Test {
protected:
  /// A run whose reviewer answers every request about the plan like this.
  gate reviewed_by(const std::string& answer, const std::string& more = {}) {
    write_text(home_ / "reviewer.yaml",
               "turns:\n  - match: {contains: [\"You decide about one tool call\", docs/plan.md, "
               "\"A note, please.\"], has_tool_result: false}\n    text: '" +
                   answer + "'\n" + more + "    usage: {input: 700, output: 30}\n");
    gate out;
    out.kind = run::approval_kind::tool;
    out.workflow = workflow;
    out.config = "permissions: {reviewer: \"scripted:" + (home_ / "reviewer.yaml") + "\"}\n";
    out.script = script;
    out.personas = {{"planner@1", std::string{planner}}};
    return out;
  }
  [[nodiscard]] std::string by() const { return "model scripted:" + (home_ / "reviewer.yaml"); }

  temporary_directory home_;
};

constexpr auto approves = R"({"verdict": "approve", "reason": "the plan belongs there"})";
constexpr auto denies = R"({"verdict": "deny", "reason": "nobody asked for a plan"})";

std::string plan_in(const gate_case& one) {
  const auto run = one.log().runs().front();
  return run_process({.command = {"git", "-C", run.repo_path, "show", run.branch + ":docs/plan.md"},
                      .environment = {},
                      .directory = {}})
      .out;
}

std::string the_run(const gate_case& one) {
  return to_string(one.log().runs().front().run);
}

/// How many calls for a verdict completed.
std::size_t verdicts_given(const std::vector<fact_at>& facts) {
  std::set<call_id> reviews;
  for (const auto& call : only<turn::call_requested>(facts))
    if (call.purpose == turn::call_purpose::review)
      reviews.insert(call.call);
  const auto done = only<turn::call_completed>(facts);
  return static_cast<std::size_t>(std::count_if(
      done.begin(), done.end(), [&](const auto& each) { return reviews.contains(each.call); }));
}

/// What is wrong with the money; empty where the run's scope paid for every call, to the unit.
std::string wrong_with_money(const std::vector<fact_at>& facts, const std::string& run) {
  const auto books = count_money(facts);
  for (const auto& [scope, amount] : books.open)
    if (amount != usd{})
      return scope + " still has a reservation of " + to_string(amount);
  const auto own = books.settled.find("run:" + run);
  if (own == books.settled.end() || own->second != books.spent_by_calls)
    return "the run did not pay for every call";
  return {};
}

// -- what it says ---------------------------------------------------------------------------------

TEST_F(model_review, that_approves_lets_the_write_happen_and_is_on_record) {
  gate_case one{reviewed_by(approves)};
  const auto ended = one.begin();
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_EQ(plan_in(one), "plan\n");
  const auto facts = one.log().facts();
  const auto verdicts = only<tool_call::reviewed>(facts);
  ASSERT_THAT(verdicts, SizeIs(1));
  EXPECT_EQ(verdicts.front().by, by());
  EXPECT_EQ(verdicts.front().reason, "the plan belongs there");
  EXPECT_TRUE(verdicts.front().approval.is_nil());
  EXPECT_THAT(only<run::approval_requested>(facts), IsEmpty()) << "no person is asked";
  const auto sessions = only<session::created>(facts);
  ASSERT_THAT(sessions, SizeIs(1));
  EXPECT_EQ(sessions.front().asked_by, verdicts.front().call);
  EXPECT_EQ(sessions.front().depth, 1);
  EXPECT_TRUE(sessions.front().agent->tools.empty());
  EXPECT_EQ(verdicts_given(facts), 1U);
  EXPECT_EQ(wrong_with_money(facts, the_run(one)), "");
  const auto stats = one.actor_shell({"--json", "stats", "--by", "persona"});
  EXPECT_THAT(stats.out, HasSubstr("model-reviewer")) << stats.shown();
  const auto by_purpose = one.actor_shell({"--json", "stats", "--by", "purpose"});
  const auto sums = parse_json(by_purpose.out, "the sums");
  ASSERT_TRUE(sums) << by_purpose.shown();
  std::map<std::string, json::value> calls;
  for (const auto& row : sums.value().at("rows").as_array())
    calls[std::string{row.at("key").as_string()}] = row.at("calls");
  EXPECT_THAT(calls,
              UnorderedElementsAre(Pair("work", json::value(3)), Pair("review", json::value(1))));
  const auto costs = one.actor_shell({"costs", the_run(one)});
  EXPECT_THAT(costs.out, HasSubstr("  model-reviewer@1, a review")) << costs.shown();
  const auto history =
      parse_json(one.actor_shell({"--json", "runs", "show", the_run(one)}).out, "it");
  ASSERT_TRUE(history);
  const auto& reported = history.value().at("phases").at(0).at("model_calls").as_array();
  EXPECT_EQ(std::count_if(reported.begin(),
                          reported.end(),
                          [](const auto& call) { return call.at("purpose") == "review"; }),
            1);
  const auto shown = one.actor_shell({"permissions", "show", the_run(one)});
  EXPECT_THAT(shown.out, HasSubstr("reviewer.yaml first")) << shown.shown();
}

TEST_F(model_review, that_denies_keeps_the_write_from_happening_and_says_why) {
  gate_case one{reviewed_by(denies)};
  const auto ended = one.begin();
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_EQ(plan_in(one), "");
  const auto facts = one.log().facts();
  const auto denied = only<tool_call::denied>(facts);
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_EQ(denied.front().code, "permission_denied");
  for (const auto& call : only<tool_call::started>(facts))
    EXPECT_NE(call.call, denied.front().call);
  auto told = false;
  for (const auto& answer : only<turn::tool_answered>(facts))
    told = told || answer.text.find("nobody asked for a plan") != std::string::npos;
  EXPECT_TRUE(told) << "the model is told why";
  EXPECT_EQ(wrong_with_money(facts, the_run(one)), "");
}

TEST_F(model_review, without_a_verdict_has_a_person_asked_who_sees_why) {
  gate_case one{reviewed_by("Sure, go ahead!")};
  const auto waiting = one.begin();
  ASSERT_EQ(waiting.exit_code, 5) << waiting.shown();
  const auto asked = only<run::approval_requested>(one.log().facts());
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(asked.front().question, HasSubstr("docs/plan.md"));
  EXPECT_THAT(asked.front().question, HasSubstr("no verdict"));
  const auto decided = one.decide(to_string(asked.front().approval), "approve", {});
  ASSERT_EQ(decided.exit_code, 0) << decided.shown();
  EXPECT_EQ(plan_in(one), "plan\n");
  const auto facts = one.log().facts();
  EXPECT_THAT(only<tool_call::reviewed>(facts), SizeIs(1));
  EXPECT_EQ(verdicts_given(facts), 1U) << "the model is not asked again";
  EXPECT_EQ(wrong_with_money(facts, the_run(one)), "");
}

TEST_F(model_review, that_asks_where_there_is_nobody_to_ask_leads_to_a_refusal_on_record) {
  gate_case one{reviewed_by(R"({"verdict": "ask", "reason": "who knows"})")};
  const auto ended = one.begin({}, {"--unattended"});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto decided = only<run::approval_decided>(one.log().facts());
  ASSERT_THAT(decided, SizeIs(1));
  EXPECT_EQ(decided.front().by, "nobody");
  EXPECT_EQ(plan_in(one), "");
}

TEST_F(model_review, that_there_is_no_money_for_does_not_stop_the_run) {
  gate_case one{reviewed_by(approves)};
  // A verdict may cost more than that at $0.40 for a million tokens; the planner's calls do not.
  const auto waiting = one.begin({}, {"--budget", "0.0008"});
  ASSERT_EQ(waiting.exit_code, 5) << waiting.shown();
  const auto facts = one.log().facts();
  EXPECT_EQ(verdicts_given(facts), 0U);
  const auto asked = only<run::approval_requested>(facts);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked.front().kind, run::approval_kind::tool);
  EXPECT_THAT(asked.front().question, HasSubstr("budget_exhausted"));
  const auto decided = one.decide(to_string(asked.front().approval), "approve", {});
  EXPECT_EQ(decided.exit_code, 0) << decided.shown();
  EXPECT_EQ(plan_in(one), "plan\n");
}

TEST_F(model_review, that_can_not_be_reached_is_refused_before_the_run_begins) {
  auto of = reviewed_by(approves);
  of.config = "permissions: {reviewer: \"openai:gpt-4o\"}\n";
  gate_case one{of};
  const auto ended = one.begin();
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.out + ended.err, HasSubstr("secret_missing")) << ended.shown();
  const auto log = one.log();
  EXPECT_TRUE(!log || log.runs().empty());
}

// -- whatever dies --------------------------------------------------------------------------------

TEST_F(model_review, is_called_off_with_its_run) {
  gate_case one{reviewed_by(approves, "    delay_ms: 600000\n")};
  const auto died = one.begin({{"ACTOR_SHELL_FAIL_AT", "effect.model.before:2"}});
  ASSERT_EQ(died.signal, SIGKILL) << died.shown();
  const auto ended = one.actor_shell({"runs", "abort", the_run(one), "--reason", "enough"});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = one.log().facts();
  const auto ends = only<session::ended>(facts);
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends.front().code, "cancelled");
  EXPECT_THAT(only<tool_call::cancelled>(facts), SizeIs(1));
  EXPECT_THAT(only<tool_call::reviewed>(facts), IsEmpty());
  EXPECT_EQ(wrong_with_money(facts, the_run(one)), "");
}

/// The passages from the asker's first answer to its second question, as `name:passage`.
std::vector<std::string> passages_around_the_review(gate_case one, const fs::path& counted) {
  const auto whole = one.begin({{"ACTOR_SHELL_FAIL_COUNT", counted}});
  EXPECT_EQ(whole.exit_code, 0) << whole.shown();
  std::map<std::string, int> seen;
  std::vector<std::string> out;
  std::size_t of_the_log = 0;
  for (const auto& name : lines_of(read_text(counted))) {
    const auto nth = ++seen[name];
    if (seen["effect.model.after"] < 1 || seen["effect.model.before"] > 2)
      continue;
    if (!name.starts_with("log.") || of_the_log++ % log_points_every == 0)
      out.push_back(name + ':' + std::to_string(nth));
  }
  return out;
}

/// What is wrong with a run that was killed there and resumed.
std::string wrong_after(gate_case& one, const std::string& point) {
  const auto died = one.begin({{"ACTOR_SHELL_FAIL_AT", point}});
  if (died.signal != SIGKILL && died.exit_code != 0)
    return "neither killed nor done: " + died.shown();
  const auto run = the_run(one);
  if (!one.log().runs().front().settled)
    if (const auto resumed = one.actor_shell({"runs", "resume", run, "--output-format", "json"});
        resumed.exit_code != 0)
      return "the resume: " + resumed.shown();
  const auto log = one.log();
  if (log.runs().front().state != "completed" || !log.damages().empty())
    return "it ended as " + log.runs().front().state + ' ' + log.damages();
  const auto facts = log.facts();
  const auto verdicts = only<tool_call::reviewed>(facts);
  if (verdicts.size() != 1 || verdicts.front().verdict != tool_call::review_verdict::approved)
    return std::to_string(verdicts.size()) + " verdicts";
  const auto started = only<tool_call::started>(facts);
  if (std::count_if(started.begin(), started.end(), [&](const auto& each) {
        return each.call == verdicts.front().call;
      }) != 1)
    return "the write did not start once";
  if (const auto given = verdicts_given(facts); given != 1)
    return "the reviewer answered " + std::to_string(given) + " times";
  if (only<session::created>(facts).size() != 1 || only<session::ended>(facts).size() != 1)
    return "there is not one session that ended";
  if (!only<run::approval_requested>(facts).empty())
    return "a person was asked";
  const auto in_doubt = !only<tool_call::in_doubt>(facts).empty();
  if (!in_doubt && plan_in(one) != "plan\n")
    return "the plan is not there";
  return wrong_with_money(facts, run);
}

TEST_F(model_review, decides_once_whatever_dies) {
  const auto of = reviewed_by(approves);
  const auto points = passages_around_the_review(gate_case{of}, home_ / "counted");
  ASSERT_GT(points.size(), 10U);
  std::mutex mutex;
  std::vector<std::string> faults;
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < at_once; ++i)
      workers.emplace_back([&] {
        for (auto at = next++; at < points.size(); at = next++) {
          gate_case one{of};
          const auto wrong = wrong_after(one, points[at]);
          const std::lock_guard lock{mutex};
          if (!wrong.empty())
            faults.push_back(points[at] + ": " + wrong);
        }
      });
  }
  for (const auto& fault : faults)
    ADD_FAILURE() << fault;
}

} // namespace
} // namespace ash::e2e
