// Sub-agents of a run by the built binary: one and many, deep, failing, in each other's way, called
// off, asked about, paid for, and killed at any point.
#include "events/base/json.hpp"
#include "tests/e2e/bad_input.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <set>

namespace ash::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using strings = std::vector<std::string>;

/// The leader's turns around what it asks for.
constexpr std::string_view leader_ends = R"(
  - match: {contains: You lead, last_tool: request_subagent}
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "led"}'}
    usage: {input: 300, output: 20}
  - match: {contains: You lead, last_tool: write_file}
    tool_calls: [{name: complete, arguments: {summary: Led.}}]
    usage: {input: 300, output: 10}
)";

std::string asks(std::string_view persona, std::string_view task) {
  return "      - {name: request_subagent, arguments: {persona: " + std::string{persona} +
         ", task: " + std::string{task} + "}}\n";
}

/// A script of a leader who asks for these at once; `rest` are the turns of the others.
std::string script_of(const std::string& asked, std::string_view rest) {
  return "turns:\n  - match: {contains: You lead, assistant_turns: 0}\n    tool_calls:\n" + asked +
         "    usage: {input: 300, output: 20}\n" + std::string{leader_ends} + std::string{rest};
}

constexpr std::string_view a_helper_who_completes = R"(
  - match: {contains: You help}
    tool_calls: [{name: complete, arguments: {summary: Helped.}}]
    usage: {input: 100, output: 10}
)";

class subagents : public bad_input {
protected:
  [[nodiscard]] strings with_script(const std::string& text) const {
    write_text(home_ / "script.yaml", text);
    return {"led-note@1", "--model", "scripted:" + (home_ / "script.yaml")};
  }
  [[nodiscard]] static strings with_all() {
    return {"led-note@1", "--model", "scripted:" E2E_FIXTURES "/subagents.yaml"};
  }
  /// Another command over the same data directory, without the definitions: a run keeps what it
  /// needs.
  [[nodiscard]] ended_process actor_shell(strings words) const {
    auto what = command(with_all());
    words.insert(words.begin(), ACTOR_SHELL_BINARY);
    what.command = std::move(words);
    return run_process(what);
  }
  [[nodiscard]] std::string the_run() const {
    return to_string(left_log{data()}.runs().front().run);
  }
  /// The one approval of the run that nobody has decided; empty where there is none.
  [[nodiscard]] std::string open_approval() const {
    const auto listed = actor_shell({"--json", "approvals", "list"});
    const auto open = parse_json(listed.out, "the approvals");
    if (!open || !open.value().is_array() || open.value().as_array().empty())
      return {};
    EXPECT_THAT(open.value().as_array(), SizeIs(1)) << listed.shown();
    const auto& asked = open.value().as_array().front().as_object();
    EXPECT_EQ(json::value_to<std::string>(asked.at("kind")), "tool");
    EXPECT_EQ(json::value_to<std::string>(asked.at("run")), the_run());
    return json::value_to<std::string>(asked.at("approval"));
  }
  [[nodiscard]] std::string git(const std::string& arguments) const {
    return shell("git -C '" + repo().string() + "' " + arguments);
  }
  [[nodiscard]] std::string branches() const {
    return git("for-each-ref --format='%(refname:short)' refs/heads | sort");
  }

  /// Nothing is open: no session, no tool call, no money.
  static void expect_nothing_open(const std::vector<fact_at>& facts) {
    EXPECT_EQ(only<session::ended>(facts).size(), only<session::created>(facts).size());
    EXPECT_EQ(only<tool_call::requested>(facts).size(),
              only<tool_call::completed>(facts).size() + only<tool_call::failed>(facts).size() +
                  only<tool_call::denied>(facts).size() + only<tool_call::cancelled>(facts).size() +
                  only<tool_call::in_doubt>(facts).size());
    for (const auto& [scope, amount] : count_money(facts).open)
      EXPECT_EQ(amount, usd{}) << scope;
  }

  /// The run's scope has paid for every call beneath it, to the unit.
  static void expect_paid_by_the_run(const left_log& log) {
    const auto facts = log.facts();
    const auto all = count_money(facts);
    const auto own = all.settled.find("run:" + to_string(log.runs().front().run));
    ASSERT_NE(own, all.settled.end());
    EXPECT_EQ(own->second, all.spent_by_calls);
  }

  /// What is true of the fixture's script however often it was killed.
  void expect_complete() const {
    const left_log log{data()};
    ASSERT_TRUE(log);
    EXPECT_EQ(log.damages(), "");
    ASSERT_THAT(log.runs(), SizeIs(1));
    EXPECT_EQ(log.runs().front().state, "completed");
    const auto facts = log.facts();
    const auto made = only<session::created>(facts);
    EXPECT_THAT(made, SizeIs(4));
    std::set<session_id> children;
    for (const auto& child : made)
      EXPECT_TRUE(children.insert(child.session).second);
    for (const auto& end : only<session::ended>(facts))
      EXPECT_EQ(end.code, "") << end.reason;
    expect_nothing_open(facts);
    expect_paid_by_the_run(log);
    expect_calls_made_once(facts);
    const auto branch = only<run::report_composed>(facts).back().branch;
    for (const std::string side : {"left", "middle", "right"})
      EXPECT_EQ(git("show " + branch + ":" + side + ".txt"), side + "\n");
    EXPECT_EQ(branches(), branch + "\nmain\n") << "no branch of a sub-agent is left";
    EXPECT_EQ(git("worktree list --porcelain | grep -c ^worktree"), "1\n");
  }

  /// No step's model call completed twice.
  static void expect_calls_made_once(const std::vector<fact_at>& facts) {
    std::map<call_id, std::string> step_of;
    for (const auto& f : only<turn::call_requested>(facts))
      step_of[f.call] = to_string(f.turn) + ":" + std::to_string(f.step);
    std::set<std::string> completed;
    for (const auto& f : only<turn::call_completed>(facts))
      EXPECT_TRUE(completed.insert(step_of[f.call]).second)
          << "a completed call was made again: " << step_of[f.call];
  }
};

TEST_F(subagents, do_their_part_and_their_results_come_back) {
  const auto ended = run(with_all());
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_THAT(ended.err, HasSubstr("sub-agent helper@1 begins"));
  EXPECT_THAT(ended.err, HasSubstr("sub-agent helper@1 begins, 2 deep"));
  EXPECT_THAT(ended.err, HasSubstr("sub-agent is done: Helped."));
  expect_complete();
  const left_log log{data()};
  const auto facts = log.facts();
  // What they said is what the tool answered.
  std::multiset<std::string> told;
  for (const auto& f : only<turn::tool_answered>(facts))
    if (f.text == "Helped." || f.text == "It says nothing.")
      told.insert(f.text);
  EXPECT_EQ(told.count("It says nothing."), 2U) << "its own complete, and the leader's answer";
  EXPECT_EQ(told.count("Helped."), 6U);
  // Each child writes in a worktree of its own, but for the one that only reads.
  for (const auto& child : only<session::created>(facts)) {
    EXPECT_EQ(child.branch.empty(), child.agent->persona == "reader@1");
    EXPECT_EQ(child.root, stream_of(log.runs().front().run));
    EXPECT_EQ(child.scopes.front().scope, "session:" + to_string(child.session));
    EXPECT_EQ(child.parent.has_value(), child.depth > 1);
  }
  // And the report tells what all of it cost.
  EXPECT_EQ(log.runs().front().cost, count_money(facts).spent_by_calls);
}

TEST_F(subagents, that_are_asked_for_at_once_work_side_by_side) {
  ASSERT_EQ(run(with_all()).exit_code, 0);
  const auto facts = left_log{data()}.facts();
  auto asked = 0;
  for (const auto& each : facts) {
    if (each.record.stream.kind() != entity_kind::phase)
      continue;
    if (std::holds_alternative<turn::tool_called>(each.fact))
      ++asked;
    if (std::holds_alternative<turn::tool_answered>(each.fact))
      break;
  }
  EXPECT_EQ(asked, 3) << "all are asked before any has answered";
}

TEST_F(subagents, show_in_the_events_and_the_story_of_their_run) {
  ASSERT_EQ(run(with_all()).exit_code, 0);
  const auto events = actor_shell({"events", the_run(), "--type", "session.*"});
  EXPECT_EQ(events.exit_code, 0) << events.shown();
  EXPECT_THAT(events.out, HasSubstr("session.created"));
  EXPECT_THAT(events.out, HasSubstr("session.ended"));
  const auto costs = parse_json(actor_shell({"--json", "costs", the_run()}).out, "the costs");
  ASSERT_TRUE(costs);
  const auto& phases = costs.value().at("phases").as_array();
  ASSERT_THAT(phases, SizeIs(1)) << "their calls are the phase's";
  EXPECT_THAT(phases.front().at("model_calls").as_array(), SizeIs(11));
  const auto stats = actor_shell({"--json", "stats", "--by", "persona"});
  ASSERT_EQ(stats.exit_code, 0) << stats.shown();
  for (const auto* persona : {"leader", "helper", "reader"})
    EXPECT_THAT(stats.out, HasSubstr(persona));
}

TEST_F(subagents, go_three_deep_and_the_fourth_is_refused) {
  const auto ended = run(with_script(
      script_of(asks("helper", "Go deeper"),
                "  - match: {contains: You help, assistant_turns: 0}\n"
                "    tool_calls:\n" +
                    asks("helper", "Go deeper") + "    usage: {input: 100, output: 10}\n" +
                    std::string{a_helper_who_completes})));
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = left_log{data()}.facts();
  std::vector<std::int64_t> depths;
  for (const auto& child : only<session::created>(facts))
    depths.push_back(child.depth);
  EXPECT_THAT(depths, ElementsAre(1, 2, 3));
  const auto denied = only<tool_call::denied>(facts);
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_EQ(denied.front().code, "subagent_depth_exceeded");
  expect_nothing_open(facts);
}

TEST_F(subagents, that_fail_tell_why_and_the_work_goes_on) {
  // Nothing answers the helper's first call.
  const auto ended = run(with_script(script_of(asks("helper", "Do what nobody can"), "")));
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = left_log{data()}.facts();
  const auto ends = only<session::ended>(facts);
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_NE(ends.front().code, "");
  const auto failed = only<tool_call::failed>(facts);
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed.front().code, ends.front().code);
  EXPECT_THAT(failed.front().text, HasSubstr(ends.front().reason));
  expect_nothing_open(facts);
  EXPECT_EQ(branches(), only<run::report_composed>(facts).back().branch + "\nmain\n");
}

TEST_F(subagents, whose_work_does_not_go_together_leave_it_on_a_branch_that_is_named) {
  const auto ended = run(with_script(script_of(asks("helper", "Do one") + asks("helper", "Do two"),
                                               R"(
  - match: {contains: [You help, Do one], assistant_turns: 0}
    tool_calls: [{name: write_file, arguments: {path: both.txt, content: "one\n"}}]
    usage: {input: 100, output: 10}
  - match: {contains: [You help, Do two], assistant_turns: 0}
    tool_calls: [{name: write_file, arguments: {path: both.txt, content: "two\n"}}]
    usage: {input: 100, output: 10}
)" + std::string{a_helper_who_completes})));
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = left_log{data()}.facts();
  const auto failed = only<tool_call::failed>(facts);
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed.front().code, "merge_conflict");
  EXPECT_THAT(failed.front().text, HasSubstr("both.txt"));
  const auto named = failed.front().text.find("actor-shell/");
  ASSERT_NE(named, std::string::npos) << failed.front().text;
  const auto branch =
      failed.front().text.substr(named, failed.front().text.find(':', named) - named);
  const auto kept = git("show '" + branch + ":both.txt'");
  const auto merged = git("show " + only<run::report_composed>(facts).back().branch + ":both.txt");
  EXPECT_THAT(kept, testing::AnyOf("one\n", "two\n"));
  EXPECT_NE(kept, merged);
}

TEST_F(subagents, may_only_be_those_that_the_persona_names) {
  const auto ended = run(with_script(script_of(asks("note-writer", "Write it"), "")));
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto facts = left_log{data()}.facts();
  EXPECT_THAT(only<session::created>(facts), IsEmpty());
  const auto denied = only<tool_call::denied>(facts);
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_EQ(denied.front().code, "permission_denied");
}

TEST_F(subagents, that_nobody_knows_are_refused_before_the_run_begins) {
  write_text(home_ / "more/personas/leader@2.yaml",
             "name: leader\nversion: 2\ncapabilities: [leading]\nmodel: \"scripted:none\"\n"
             "system_prompt: You lead.\nsubagents: [nobody]\n");
  auto what = command(with_all());
  what.command.insert(what.command.begin() + 1, {"--definitions", home_ / "more"});
  const auto ended = run_process(what);
  expect_error(ended, 3, "persona_not_found", "nobody");
  expect_nothing_done();
}

TEST_F(subagents, are_all_called_off_when_their_run_is_aborted) {
  // Killed while the deepest waits for its model; the next process finds all of them open.
  const auto script = script_of(asks("helper", "Go deeper") + asks("reader", "Read"),
                                "  - match: {contains: [You help, Go deeper], assistant_turns: 0}\n"
                                "    tool_calls:\n" +
                                    asks("helper", "Stay there") +
                                    "    usage: {input: 100, output: 10}\n"
                                    "  - match: {contains: Stay there}\n    text: Wait.\n"
                                    "    delay_ms: 600000\n"
                                    "  - match: {contains: You read}\n    text: Wait.\n"
                                    "    delay_ms: 600000\n");
  {
    background_process working{command(with_script(script)), home_ / "working"};
    ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
      return read_text(home_ / "working").find("2 deep") != std::string::npos;
    })) << read_text(home_ / "working");
  }
  ASSERT_THAT(only<session::ended>(left_log{data()}.facts()), IsEmpty());
  const auto ended = actor_shell({"runs", "abort", the_run(), "--reason", "enough"});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_EQ(left_log{data()}.runs().front().state, "aborted");
  const auto facts = left_log{data()}.facts();
  EXPECT_THAT(only<session::created>(facts), SizeIs(3));
  for (const auto& end : only<session::ended>(facts)) {
    EXPECT_EQ(end.code, "cancelled");
    EXPECT_EQ(end.reason, "enough");
  }
  EXPECT_EQ(git("worktree list | grep -e -sub- || true"), "");
  EXPECT_EQ(git("branch --list '*-sub-*'"), "");
  expect_nothing_open(facts);
  EXPECT_EQ(left_log{data()}.damages(), "");
}

/// A helper three deep writes what has to be asked about.
std::string script_with_a_deep_gate() {
  const auto deeper = [](std::string_view from, std::string_view to) {
    return "  - match: {contains: [You help, " + std::string{from} +
           "], assistant_turns: 0}\n    tool_calls:\n" + asks("helper", to) +
           "    usage: {input: 100, output: 10}\n";
  };
  return script_of(asks("helper", "Level one"),
                   deeper("Level one", "Level two") + deeper("Level two", "Level three") + R"(
  - match: {contains: [You help, Level three], assistant_turns: 0}
    tool_calls: [{name: write_file, arguments: {path: guarded/deep.txt, content: "deep\n"}}]
    usage: {input: 100, output: 10}
)" + std::string{a_helper_who_completes});
}

TEST_F(subagents, ask_at_the_root_however_deep_they_are_and_are_answered_once) {
  const auto waiting = run(with_script(script_with_a_deep_gate()));
  ASSERT_EQ(waiting.exit_code, 5) << waiting.shown();
  const auto id = open_approval();
  const auto decided = actor_shell({"approvals", "decide", id, "approve"});
  EXPECT_EQ(decided.exit_code, 0) << decided.shown();
  EXPECT_NE(actor_shell({"approvals", "decide", id, "reject"}).exit_code, 0);
  const auto facts = left_log{data()}.facts();
  EXPECT_THAT(only<run::approval_decided>(facts), SizeIs(1));
  EXPECT_EQ(git("show " + only<run::report_composed>(facts).back().branch + ":guarded/deep.txt"),
            "deep\n");
  expect_nothing_open(facts);
}

TEST_F(subagents, whose_gate_is_decided_are_neither_asked_nor_run_again_after_a_kill) {
  for (const std::string where : {"log.append.before_sync:1",
                                  "log.append.after_sync:1",
                                  "log.append.after_sync:2",
                                  "log.append.after_sync:3",
                                  "effect.tool.before:1",
                                  "effect.tool.after:1"}) {
    SCOPED_TRACE(where);
    fs::remove_all(data());
    fs::remove_all(repo());
    make_repository(repo(), {{"README.md", "# nothing\n"}});
    ASSERT_EQ(run(with_script(script_with_a_deep_gate())).exit_code, 5);
    const auto id = open_approval();
    auto deciding = command(with_all(), {}, {{"ACTOR_SHELL_FAIL_AT", where}});
    deciding.command = {ACTOR_SHELL_BINARY, "approvals", "decide", id, "approve"};
    const auto died = run_process(deciding);
    ASSERT_EQ(died.signal, 9) << died.shown();
    auto ended = died;
    for (auto tried = 0; tried < 3 && ended.exit_code != 0; ++tried)
      ended = open_approval() == id ? actor_shell({"approvals", "decide", id, "approve"})
                                    : actor_shell({"runs", "resume", the_run()});
    ASSERT_EQ(ended.exit_code, 0) << ended.shown();
    const auto facts = left_log{data()}.facts();
    EXPECT_THAT(only<run::approval_requested>(facts), SizeIs(1));
    EXPECT_THAT(only<run::approval_decided>(facts), SizeIs(1));
    EXPECT_THAT(only<tool_call::reviewed>(facts), SizeIs(1));
    expect_nothing_open(facts);
    expect_calls_made_once(facts);
  }
}

TEST_F(subagents, spend_from_the_runs_budget_and_go_on_once_it_is_raised) {
  // $0.10 and $0.40 a million tokens: each of the helper's calls may cost more than is left.
  auto arguments = with_script(script_of(asks("helper", "Spend it"), R"(
  - match: {contains: [You help, Spend it], assistant_turns: 0}
    tool_calls: [{name: write_file, arguments: {path: spent.txt, content: "spent\n"}}]
    usage: {input: 20000, output: 1000}
)" + std::string{a_helper_who_completes}));
  arguments.insert(arguments.end(), {"--budget", "0.003"});
  const auto blocked = run(arguments);
  ASSERT_EQ(blocked.exit_code, 6) << blocked.shown();
  {
    const left_log log{data()};
    const auto facts = log.facts();
    EXPECT_EQ(log.runs().front().state, "interrupted");
    EXPECT_THAT(only<session::created>(facts), SizeIs(1));
    EXPECT_THAT(only<session::ended>(facts), IsEmpty()) << "it stays open";
    const auto last = only<turn::suspended>(facts);
    ASSERT_THAT(last, SizeIs(1));
    EXPECT_EQ(last.front().scope, "run:" + to_string(log.runs().front().run));
  }
  const auto resumed = actor_shell({"runs", "resume", the_run(), "--budget", "1"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.shown();
  const left_log log{data()};
  EXPECT_THAT(only<session::created>(log.facts()), SizeIs(1));
  expect_nothing_open(log.facts());
  expect_paid_by_the_run(log);
  expect_calls_made_once(log.facts());
}

/// Every place where a sub-agent begins, works, is paid for and comes back, some of the passages of
/// each.
TEST_F(subagents, survive_a_kill_anywhere_with_each_childs_effect_once) {
  const std::vector<std::pair<std::string, std::vector<int>>> places{
      {"effect.workspace.before", {2, 4, 6}},
      {"effect.workspace.after", {2, 3, 5, 7}},
      {"effect.model.before", {2, 4, 7}},
      {"effect.model.after", {1, 3, 6, 9}},
      {"effect.tool.before", {1, 3}},
      {"effect.tool.after", {2, 4}},
      {"effect.budget.after", {3, 8}},
      {"log.append.after_sync", {15, 25, 40, 60}},
      {"log.append.before_sync", {20, 50}},
  };
  for (const auto& [point, passages] : places)
    for (const auto passage : passages) {
      fs::remove_all(data());
      fs::remove_all(repo());
      make_repository(repo(), {{"README.md", "# nothing\n"}});
      const auto where = point + ":" + std::to_string(passage);
      SCOPED_TRACE(where);
      const auto died = run(with_all(), {}, {{"ACTOR_SHELL_FAIL_AT", where}});
      ASSERT_EQ(died.signal, 9) << died.shown();
      const auto ended = actor_shell({"runs", "resume", the_run()});
      ASSERT_EQ(ended.exit_code, 0) << ended.shown();
      expect_complete();
    }
}

} // namespace
} // namespace ash::e2e
