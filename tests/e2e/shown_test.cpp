// What a person reads about runs that are done, wait, were left half-way or cost money, and what
// programs read of the same.
#include "events/base/json.hpp"
#include "tests/e2e/bad_input.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <set>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class shown : public bad_input {
protected:
  [[nodiscard]] process_options line(std::vector<std::string> words) const {
    words.insert(words.begin(), {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions"});
    process_options what;
    what.command = std::move(words);
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return what;
  }
  [[nodiscard]] std::string text(std::vector<std::string> words) const {
    const auto ended = run_process(line(std::move(words)));
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    return ended.out;
  }
  [[nodiscard]] json::value answer(std::vector<std::string> words) const {
    words.insert(words.begin(), "--json");
    const auto out = text(std::move(words));
    const auto parsed = parse_json(out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << out;
    return parsed ? parsed.value() : json::value{};
  }
  [[nodiscard]] std::string the_run() const {
    return to_string(left_log{data()}.runs().front().run);
  }
  [[nodiscard]] ended_process run_with(const std::string& workflow,
                                       const std::string& script,
                                       const std::map<std::string, std::string>& more = {}) const {
    return run({workflow, "--model", "scripted:" E2E_FIXTURES "/" + script}, {}, more);
  }
};

TEST_F(shown, with_a_row_for_the_phase_that_was_left_out_and_why) {
  const auto ended = run_with("graph@1", "graph.yaml");
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_THAT(ended.out, HasSubstr("4 of 5, 1 left out"));
  EXPECT_THAT(text({"runs", "list"}), HasSubstr("  4/4 "));
  EXPECT_EQ(answer({"runs", "list"}).at(0).at("phases_omitted"), 1);
  const auto history = answer({"runs", "show", the_run()});
  const auto& phases = history.at("phases").as_array();
  ASSERT_THAT(phases, SizeIs(5));
  const auto& extra = phases.at(3).as_object();
  EXPECT_EQ(extra.at("key"), "extra");
  EXPECT_EQ(extra.at("state"), "omitted");
  EXPECT_FALSE(extra.contains("phase")) << "it was never opened";
  const auto why = json::value_to<std::string>(extra.at("omitted_because"));
  EXPECT_THAT(why, HasSubstr("survey"));
  EXPECT_THAT(text({"runs", "show", the_run()}),
              AllOf(ContainsRegex("extra +left out +note-writer@1"),
                    HasSubstr("extra: left out: "),
                    ContainsRegex("join +completed")));
  const auto report = json::value_to<std::string>(history.at("report"));
  EXPECT_THAT(read_text(report), AllOf(HasSubstr("### extra: omitted"), HasSubstr("- left out: ")));
}

TEST_F(shown, with_the_phases_that_a_failed_run_never_came_to) {
  auto script = read_text(E2E_FIXTURES "/graph.yaml");
  const auto at = script.find("right side, has");
  ASSERT_NE(at, std::string::npos);
  script.replace(at, std::string{"right"}.size(), "wrong"); // nothing answers the right side
  write_text(home_ / "fails.yaml", script);
  const auto failed = run({"graph@1", "--model", "scripted:" + (home_ / "fails.yaml")});
  EXPECT_EQ(failed.exit_code, 1) << failed.shown();
  const auto history = answer({"runs", "show", the_run()});
  EXPECT_EQ(history.at("state"), "failed");
  ASSERT_THAT(history.at("phases").as_array(), SizeIs(5));
  EXPECT_EQ(history.at("phases").at(2).at("state"), "failed");
  EXPECT_EQ(history.at("phases").at(4).at("state"), "not_begun");
  const auto code = json::value_to<std::string>(history.at("phases").at(2).at("error").at("code"));
  EXPECT_THAT(text({"runs", "show", the_run()}),
              AllOf(ContainsRegex("join +not_begun"), HasSubstr("right: " + code + ": ")));
}

TEST_F(shown, with_what_a_phase_waits_for) {
  ASSERT_EQ(run_with("gated-note@1", "note.yaml").exit_code, 5);
  const auto asked = answer({"approvals", "list", "--run", the_run()});
  ASSERT_THAT(asked.as_array(), SizeIs(1));
  const auto approval = json::value_to<std::string>(asked.at(0).at("approval"));
  const auto waits = answer({"runs", "show", the_run()});
  EXPECT_EQ(waits.at("state"), "awaiting_approval");
  EXPECT_EQ(waits.at("phases").at(0).at("state"), "awaiting_approval");
  EXPECT_EQ(waits.at("phases").at(0).at("awaits"), (json::array{json::value(approval)}));
  EXPECT_FALSE(waits.as_object().contains("process_ended")) << "it waits for no process";
  EXPECT_THAT(text({"runs", "show", the_run()}),
              AllOf(ContainsRegex("note +awaiting_approval"),
                    HasSubstr("actor-shell approvals show " + approval.substr(0, 8))));
  EXPECT_EQ(run_process(line({"approvals", "decide", approval.substr(0, 8), "approve"})).exit_code,
            0);
  const auto done = answer({"runs", "show", the_run()});
  EXPECT_EQ(done.at("phases").at(0).at("state"), "completed");
  EXPECT_FALSE(done.at("phases").at(0).as_object().contains("awaits"));
}

TEST_F(shown, as_interrupted_where_its_process_was_killed) {
  const auto died =
      run_with("note@1", "note.yaml", {{"ACTOR_SHELL_FAIL_AT", "effect.workspace.after:1"}});
  ASSERT_EQ(died.signal, 9) << died.shown();
  const auto listed = answer({"runs", "list"}).at(0);
  EXPECT_EQ(listed.at("state"), "executing") << "as it is stored";
  EXPECT_EQ(listed.at("process_ended"), true);
  EXPECT_EQ(answer({"runs", "show", the_run()}).at("process_ended"), true);
  EXPECT_THAT(answer({"runs", "list", "--state", "interrupted"}).as_array(), SizeIs(1));
  EXPECT_THAT(answer({"runs", "list", "--state", "executing"}).as_array(), SizeIs(0));
  EXPECT_THAT(text({"runs", "list"}), AllOf(HasSubstr("interrupted"), Not(HasSubstr("executing"))));
  EXPECT_THAT(text({"runs", "show", the_run()}),
              AllOf(HasSubstr("interrupted"),
                    HasSubstr("its process ended while it was executing"),
                    HasSubstr("actor-shell runs resume " + the_run()),
                    Not(HasSubstr("running"))));
  ASSERT_EQ(run_process(line({"runs", "resume", the_run()})).exit_code, 0);
  EXPECT_FALSE(answer({"runs", "list"}).at(0).as_object().contains("process_ended"));
}

TEST_F(shown, as_executing_for_as_long_as_somebody_works_on_it) {
  auto what = command({"note@1", "--model", "scripted:" E2E_FIXTURES "/slow_note.yaml"});
  background_process working{what, home_ / "run.log"};
  std::size_t executing = 0;
  while (working.running()) {
    const auto listed = run_process(line({"--json", "runs", "list"}));
    if (listed.exit_code == 7) // the log is being made, or opened: not just now
      continue;
    ASSERT_EQ(listed.exit_code, 0) << listed.shown();
    const auto runs = parse_json(listed.out, "the runs").value();
    for (const auto& each : runs.as_array()) {
      EXPECT_FALSE(each.as_object().contains("process_ended")) << to_json_text(each);
      executing += each.at("state") == "executing" ? 1 : 0;
    }
  }
  EXPECT_GT(executing, 0U);
  EXPECT_EQ(answer({"runs", "list"}).at(0).at("state"), "completed")
      << read_text(home_ / "run.log");
}

TEST_F(shown, with_the_caps_that_hold_and_not_those_of_its_plan) {
  ASSERT_EQ(run_with("gated-note@1", "note.yaml").exit_code, 5);
  const auto cap_of = [&](const std::string& scope) {
    const auto history = answer({"runs", "show", the_run()});
    for (const auto& each : history.at("budget_scopes").as_array())
      if (each.at("scope") == json::string{scope})
        return json::value_to<std::string>(each.at("cap_usd"));
    return std::string{};
  };
  const auto own = "run:" + the_run();
  std::string day;
  const auto history = answer({"runs", "show", the_run()});
  for (const auto& each : history.at("budget_scopes").as_array())
    if (const auto name = json::value_to<std::string>(each.at("scope")); name.starts_with("day:"))
      day = name;
  EXPECT_EQ(parse_usd(cap_of(own)).value(), parse_usd("1").value());
  static_cast<void>(text({"budget", "set", day, "--cap", "77.5"}));
  static_cast<void>(text({"budget", "set", own, "--cap", "3.25"}));
  EXPECT_EQ(cap_of(day), "77.50");
  EXPECT_EQ(cap_of(own), "3.25");
}

TEST_F(shown, with_whose_call_cost_what_and_in_which_turn) {
  ASSERT_EQ(run_with("led-note@1", "subagents.yaml").exit_code, 0);
  const auto costs = answer({"costs", the_run()});
  std::set<std::string> owners;
  for (const auto& call : costs.at("phases").at(0).at("model_calls").as_array()) {
    EXPECT_EQ(call.at("turn_number"), 1) << to_json_text(call);
    EXPECT_EQ(call.at("phase_key"), "note");
    owners.insert(json::value_to<std::string>(call.at("persona")) + " of " +
                  json::value_to<std::string>(call.at("owner")));
  }
  EXPECT_THAT(owners, SizeIs(5)) << "a leader, three helpers and a reader";
  const auto table = text({"costs", the_run()});
  EXPECT_THAT(table,
              AllOf(ContainsRegex("  leader@1 +1 +2 "),
                    ContainsRegex("  helper@1 [0-9a-f]{8} +1 +1 "),
                    ContainsRegex("  reader@1 [0-9a-f]{8} +1 +2 ")));
  auto lines = lines_of(table);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(std::adjacent_find(lines.begin(), lines.end()), lines.end())
      << "no two calls read alike: " << table;
}

TEST_F(shown, whole_on_a_narrow_terminal) {
  ASSERT_EQ(run_with("gated-note@1", "note.yaml").exit_code, 5);
  auto narrow = line({"runs", "list"});
  const std::vector<std::string> around{"/bin/sh", "-c", "stty cols 80 && exec \"$@\"", "sh"};
  narrow.command.insert(narrow.command.begin(), around.begin(), around.end());
  terminal_process list{narrow};
  EXPECT_EQ(list.exit_code(), 0);
  EXPECT_THAT(list.screen(),
              AllOf(HasSubstr("awaiting_approval"),
                    HasSubstr("gated-note@1"),
                    ContainsRegex("REPOSITORY *\r?\n.*  repo *\r?\n"),
                    Not(HasSubstr("…"))));
}

TEST_F(shown, with_the_turn_of_a_repair_as_one_of_its_own) {
  ASSERT_EQ(run_process(line({"demo"})).exit_code, 0);
  EXPECT_THAT(text({"costs", the_run()}), ContainsRegex("\n  [a-z-]+@[0-9]+ +2 +1 "));
}

} // namespace
} // namespace ash::e2e
