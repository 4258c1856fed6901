// The commands as a person meets them, over a data directory in which the demo has run once.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <csignal>
#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// One data directory with one demo in it, for all tests that only read.
class commands : public testing::Test {
protected:
  static void SetUpTestSuite() {
    home = std::make_unique<temporary_directory>();
    first = actor_shell({"demo"});
  }
  static void TearDownTestSuite() { home.reset(); }

  static process_options line(std::vector<std::string> words) {
    words.insert(words.begin(), ACTOR_SHELL_BINARY);
    process_options what;
    what.command = std::move(words);
    what.environment = clean_environment(home->path());
    what.directory = home->path();
    return what;
  }

  static ended_process actor_shell(std::vector<std::string> words) {
    return run_process(line(std::move(words)));
  }

  /// stdout of a command that must succeed, as JSON.
  static json::value answer(std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const auto ended = actor_shell(std::move(words));
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << ended.shown();
    return parsed ? parsed.value() : json::value{};
  }

  static std::string run() {
    return json::value_to<std::string>(answer({"runs", "list"}).at(0).at("run"));
  }

  static std::unique_ptr<temporary_directory> home;
  static ended_process first;
};

std::unique_ptr<temporary_directory> commands::home;
ended_process commands::first;

TEST_F(commands, the_demo_ends_with_report_branch_money_and_a_clean_log) {
  EXPECT_EQ(first.exit_code, 0) << first.shown();
  EXPECT_THAT(first.out,
              AllOf(HasSubstr("completed"),
                    HasSubstr("/report.md"),
                    HasSubstr("actor-shell/"),
                    HasSubstr("$0.00"),
                    HasSubstr("clean: ")));
  EXPECT_THAT(first.err, AllOf(HasSubstr("asking again"), HasSubstr("artifact_invalid")));
}

TEST_F(commands, the_branch_of_the_demo_holds_its_three_artifacts) {
  const auto shown = answer({"runs", "list"}).at(0);
  const auto repo = json::value_to<std::string>(shown.at("repository"));
  const auto branch = json::value_to<std::string>(shown.at("branch"));
  const auto files = shell("git -C '" + repo + "' ls-tree -r --name-only '" + branch + "'");
  EXPECT_THAT(
      files,
      AllOf(HasSubstr("spec.json"), HasSubstr("review.json"), HasSubstr("verification.json")));
  EXPECT_EQ(shell("git -C '" + repo + "' status --porcelain"), "") << "the checkout was touched";
}

TEST_F(commands, a_run_is_found_by_six_characters_of_its_id) {
  const auto id = run();
  EXPECT_EQ(actor_shell({"runs", "show", id.substr(0, 6)}).exit_code, 0);
  const auto few = actor_shell({"runs", "show", id.substr(0, 5)});
  EXPECT_EQ(few.exit_code, 2);
  EXPECT_THAT(few.err, HasSubstr("id_prefix_too_short"));
  const auto none = actor_shell({"runs", "show", "ffffff"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, HasSubstr("run_not_found"));
}

TEST_F(commands, events_come_in_order_from_after_a_position_and_by_type) {
  const auto run_id = run();
  const auto all = actor_shell({"--json", "events", run_id});
  ASSERT_EQ(all.exit_code, 0) << all.shown();
  std::int64_t before = 0;
  for (const auto& each : lines_of(all.out)) {
    const auto record = parse_json(each, "a record").value();
    const auto position = record.at("position").to_number<std::int64_t>();
    EXPECT_GT(position, before);
    before = position;
    EXPECT_EQ(record.at("correlation"), json::string{"run/" + run_id}) << each;
  }
  const auto some =
      actor_shell({"--json", "events", run(), "--after", "100", "--type", "tool.call.*"});
  for (const auto& each : lines_of(some.out)) {
    const auto record = parse_json(each, "a record").value();
    EXPECT_GT(record.at("position").to_number<std::int64_t>(), 100);
    EXPECT_THAT(json::value_to<std::string>(record.at("type")), testing::StartsWith("tool.call."));
  }
  EXPECT_LT(lines_of(some.out).size(), lines_of(all.out).size());
  const auto followed = actor_shell({"--json", "events", run(), "--follow"});
  EXPECT_EQ(followed.exit_code, 0) << "a run that is over has no more events";
  EXPECT_EQ(followed.out, all.out);
  EXPECT_EQ(actor_shell({"events", "all", "--after", "999999"}).exit_code, 4);
}

TEST_F(commands, events_of_a_run_that_another_process_executes_are_followed_to_its_end) {
  const temporary_directory elsewhere;
  const auto there = [&](std::vector<std::string> words) {
    auto what = line(std::move(words));
    what.environment["ACTOR_SHELL_DATA_DIR"] = elsewhere.path() / "data";
    return what;
  };
  background_process demo{there({"demo"}), elsewhere.path() / "demo.log"};
  std::string id;
  ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
    const auto runs = parse_json(run_process(there({"--json", "runs", "list"})).out, "the runs");
    if (runs && runs.value().is_array() && !runs.value().get_array().empty())
      id = json::value_to<std::string>(runs.value().at(0).at("run"));
    return !id.empty();
  }));
  const auto followed = run_process(there({"--json", "events", id, "--follow"}));
  EXPECT_EQ(followed.exit_code, 0) << followed.shown();
  EXPECT_THAT(followed.out, AllOf(HasSubstr("run.created"), HasSubstr("run.completed")));
}

TEST_F(commands, replay_gives_the_state_as_it_was_at_a_position) {
  const auto id = run();
  const auto now = answer({"replay", id});
  EXPECT_EQ(now.at("state").at("value").at("at"), "completed");
  const auto early = answer({"replay", id, "--at", "5"});
  EXPECT_EQ(early.at("state").at("value").at("at"), "executing");
  EXPECT_EQ(early.at("position"), 5);
  EXPECT_EQ(answer({"replay", id}), now) << "a replay changed what it looked at";
}

TEST_F(commands, a_document_that_an_event_names_can_be_read) {
  const auto requested = actor_shell({"--json", "events", run(), "--type", "llm.call.requested"});
  const auto record = parse_json(lines_of(requested.out).at(0), "a record").value();
  const auto sha = json::value_to<std::string>(record.at("data").at("request").at("sha256"));
  const auto text = actor_shell({"log", "blob", sha});
  EXPECT_EQ(text.exit_code, 0) << text.shown();
  EXPECT_THAT(text.out, HasSubstr("\"messages\""));
  EXPECT_EQ(actor_shell({"log", "blob", std::string(64, '0')}).exit_code, 3);
}

TEST_F(commands, a_backup_is_restored_verified_and_known_as_another_life) {
  const auto backup = *home / "backup";
  const auto made = actor_shell({"log", "backup", backup});
  ASSERT_EQ(made.exit_code, 0) << made.shown();
  EXPECT_NE(actor_shell({"log", "backup", backup}).exit_code, 0) << "a backup was overwritten";
  const auto other = *home / "other";
  const auto restored = actor_shell({"--data-dir", other, "log", "restore", backup});
  ASSERT_EQ(restored.exit_code, 0) << restored.shown();
  const auto from = answer({"log", "stats"});
  const auto to = answer({"--data-dir", other, "log", "stats"});
  EXPECT_NE(from.at("incarnation"), to.at("incarnation"));
  EXPECT_EQ(answer({"--data-dir", other, "log", "verify"}).at("clean"), true);
  EXPECT_THAT(actor_shell({"--data-dir", other, "events", "all"}).out, HasSubstr("log.restored"));
  EXPECT_NE(actor_shell({"--data-dir", other, "log", "restore", backup}).exit_code, 0)
      << "a log was overwritten";
}

TEST_F(commands, doctor_finds_this_machine_healthy) {
  const auto found = answer({"doctor"});
  EXPECT_EQ(found.at("healthy"), true) << to_json_text(found);
}

TEST_F(commands, a_wrong_line_is_answered_with_what_is_wrong) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {}, {"runs"}, {"no-such-command"}, {"run"}, {"events", "all", "--after", "x"}}) {
    const auto ended = actor_shell(words);
    EXPECT_EQ(ended.exit_code, 2) << ended.shown();
    EXPECT_THAT(ended.err, HasSubstr("argument_invalid"));
  }
  EXPECT_THAT(actor_shell({"no-such-command"}).err, HasSubstr("no command 'no-such-command'"));
  EXPECT_THAT(actor_shell({"projections", "repair"}).err,
              HasSubstr("no command 'repair'; it has status, rebuild, verify"));
  const auto no_state = actor_shell({"runs", "list", "--state", "done"});
  EXPECT_EQ(no_state.exit_code, 2) << no_state.shown();
  EXPECT_THAT(no_state.err, HasSubstr("awaiting_approval"));
  const auto in_json = actor_shell({"--json", "runs", "show", "ffffff"});
  const auto parsed = parse_json(in_json.out, "the error");
  ASSERT_TRUE(parsed.has_value()) << in_json.shown();
  EXPECT_EQ(parsed.value().at("error").at("code"), "run_not_found");
  EXPECT_EQ(parsed.value().at("error").at("class"), "not_found");
}

TEST_F(commands, nothing_is_coloured_where_nobody_looks) {
  EXPECT_THAT(first.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(first.err, Not(HasSubstr("\x1b")));
}

/// Starts a demo, waits until it works on its first phase, and gives it a signal.
void stop_demo(const fs::path& home, const process_options& what, int signal) {
  background_process demo{what, home / "out"};
  EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
    return read_text(home / "out").find("tool list_dir") != std::string::npos;
  }));
  kill(demo.id(), signal);
  EXPECT_TRUE(wait_until(std::chrono::seconds{45}, [&] { return !demo.running(); }));
}

TEST(stopping, a_signal_interrupts_the_run_and_resume_completes_it) {
  const temporary_directory home;
  process_options what;
  what.environment = clean_environment(home.path());
  what.directory = home.path();
  what.command = {ACTOR_SHELL_BINARY, "demo"};
  stop_demo(home.path(), what, SIGTERM);
  EXPECT_THAT(read_text(home.path() / "out"), HasSubstr("interrupted"));
  what.command = {ACTOR_SHELL_BINARY, "--json", "runs", "list", "--state", "interrupted"};
  const auto listed = run_process(what);
  const auto runs = parse_json(listed.out, "the runs");
  ASSERT_TRUE(runs.has_value() && runs.value().as_array().size() == 1) << listed.shown();
  const auto id = json::value_to<std::string>(runs.value().at(0).at("run"));
  what.command = {ACTOR_SHELL_BINARY, "runs", "resume", id};
  const auto resumed = run_process(what);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.shown();
  what.command = {ACTOR_SHELL_BINARY, "runs", "resume", id};
  const auto again = run_process(what);
  EXPECT_EQ(again.exit_code, 5) << again.shown();
  EXPECT_THAT(again.err, HasSubstr("run_already_terminal"));
}

TEST(stopping, an_interrupted_run_can_be_aborted_and_has_a_report) {
  const temporary_directory home;
  process_options what;
  what.environment = clean_environment(home.path());
  what.directory = home.path();
  what.command = {ACTOR_SHELL_BINARY, "demo"};
  stop_demo(home.path(), what, SIGINT);
  what.command = {ACTOR_SHELL_BINARY, "--json", "runs", "list"};
  const auto listed = run_process(what);
  const auto id =
      json::value_to<std::string>(parse_json(listed.out, "runs").value().at(0).at("run"));
  what.command = {ACTOR_SHELL_BINARY, "--json", "runs", "abort", id, "--reason", "not wanted"};
  const auto aborted = run_process(what);
  EXPECT_EQ(aborted.exit_code, 0) << aborted.shown();
  EXPECT_THAT(aborted.out, AllOf(HasSubstr("\"aborted\""), HasSubstr("report.md")));
}

TEST(budgets, a_run_that_its_budget_stopped_goes_on_once_the_cap_is_raised) {
  const temporary_directory home;
  make_repository(home.path() / "repo", {{"README.md", "# nothing\n"}});
  process_options what;
  what.environment = clean_environment(home.path());
  what.directory = home.path();
  const std::vector<std::string> start{
      ACTOR_SHELL_BINARY, "--json", "--definitions", E2E_FIXTURES "/definitions"};
  const auto shell_of = [&](std::vector<std::string> words) {
    what.command = start;
    what.command.insert(what.command.end(), words.begin(), words.end());
    return run_process(what);
  };
  const auto stopped = shell_of({"run",
                                 "note@1",
                                 "--repo",
                                 home / "repo",
                                 "--model",
                                 "scripted:" E2E_FIXTURES "/note.yaml",
                                 "--requirements",
                                 "A note.",
                                 "--budget",
                                 "0.0000001"});
  ASSERT_EQ(stopped.exit_code, 6) << stopped.shown();
  const auto id = json::value_to<std::string>(parse_json(stopped.out, "the run").value().at("run"));
  EXPECT_EQ(shell_of({"runs", "resume", id}).exit_code, 6);
  const auto resumed = shell_of({"runs", "resume", id, "--budget", "1"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.shown();
}

} // namespace
} // namespace ash::e2e
