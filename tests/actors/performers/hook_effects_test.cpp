// Hooks as real commands: what they are told, what their ends mean, and that nothing of them stays.
#include "actors/performers/hook_effects.hpp"
#include "events/base/json.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <iterator>

namespace ash::performers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// What a hook or a check runs that would take for ever, and says of itself.
constexpr auto for_ever = "sleep 1000 & echo $! > child; mv child begun; wait";

/// Gone, dead, or a zombie that its new parent has yet to collect; soon after the kill.
void expect_dead(const std::string& file) {
  const auto child = std::to_string(std::stoi(test::read_text(file)));
  std::string state;
  for (int i = 0; i < 3'000; ++i) {
    std::ifstream in{"/proc/" + child + "/stat"};
    state.assign(std::istreambuf_iterator<char>{in}, {});
    if (state.empty() || state.find(") Z") != state.npos || state.find(") X") != state.npos)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  FAIL() << state;
}

class hook_runs : public ::testing::Test {
protected:
  run::hook_ran run(const std::string& command,
                    hook_event on = hook_event::pre_tool,
                    std::int64_t limit_ms = 20'000) {
    auto all = run_all({{on, {}, command, limit_ms}}, on);
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? run::hook_ran{} : all.front();
  }
  std::vector<run::hook_ran>
  run_all(const std::vector<hook_rule>& rules, hook_event on, std::stop_token stop = {}) {
    return run_hooks(rules,
                     {on, "an-id", here_.path(), R"({"tool":{"name":"read_file"}})"},
                     scrubber{{"an-odd-key-without-shape"}},
                     std::move(stop));
  }
  std::string written(const std::string& name) { return test::read_text(here_ / name); }

  test::temporary_directory here_;
};

TEST_F(hook_runs, are_told_what_happens_on_stdin_and_run_where_it_happens) {
  const auto ran = run("cat > told; pwd > where");
  EXPECT_EQ(ran.exit_code, 0) << ran.message;
  EXPECT_FALSE(ran.blocked);
  const auto told = parse_json(written("told"), "told");
  ASSERT_TRUE(told.has_value()) << written("told");
  EXPECT_EQ(told.value().at("event"), "pre_tool");
  EXPECT_EQ(told.value().at("id"), "an-id");
  EXPECT_EQ(told.value().at("tool").at("name"), "read_file");
  EXPECT_EQ(std::filesystem::canonical(here_.path()).string() + "\n", written("where"));
}

TEST_F(hook_runs, see_no_key_of_the_environment) {
  ::setenv("AN_API_KEY", "sk-secret", 1);
  const auto ran = run("env > environment");
  ::unsetenv("AN_API_KEY");
  EXPECT_EQ(ran.exit_code, 0) << ran.message;
  EXPECT_THAT(written("environment"), Not(HasSubstr("AN_API_KEY")));
  EXPECT_THAT(written("environment"), HasSubstr("ACTOR_SHELL_HOOK=pre_tool"));
  EXPECT_THAT(written("environment"), HasSubstr("ACTOR_SHELL_HOOK_ID=an-id"));
}

TEST_F(hook_runs, block_with_2_where_something_can_be_blocked_and_with_nothing_else) {
  const auto blocked = run("echo printed; echo why >&2; exit 2");
  EXPECT_TRUE(blocked.blocked);
  EXPECT_EQ(blocked.exit_code, 2);
  EXPECT_THAT(blocked.message, ::testing::StartsWith("why\n"));
  EXPECT_FALSE(run("exit 1").blocked);
  EXPECT_FALSE(run("kill -9 $$").blocked);
  for (const auto on : {hook_event::run_start, hook_event::phase_end})
    EXPECT_TRUE(run("exit 2", on).blocked);
  for (const auto on : {hook_event::post_tool,
                        hook_event::run_end,
                        hook_event::approval_requested,
                        hook_event::budget_warned})
    EXPECT_FALSE(run("exit 2", on).blocked);
}

TEST_F(hook_runs, after_one_that_blocks_are_not_run) {
  const auto on = hook_event::pre_tool;
  const auto all = run_all(
      {{on, {}, "exit 1", 9'000}, {on, {}, "exit 2", 9'000}, {on, {}, "touch third", 9'000}}, on);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_TRUE(all[1].blocked);
  EXPECT_FALSE(std::filesystem::exists(here_ / "third"));
}

TEST_F(hook_runs, are_killed_with_all_that_they_started_when_their_time_is_over) {
  const auto ran =
      run("sleep 1000 & echo $! > child; echo begun >&2; wait", hook_event::pre_tool, 3'000);
  EXPECT_TRUE(ran.timed_out);
  EXPECT_FALSE(ran.blocked);
  EXPECT_EQ(ran.message, "begun");
  expect_dead(here_ / "child");
}

TEST_F(hook_runs, say_no_secret_and_no_more_than_is_kept) {
  const auto ran =
      run("echo an-odd-key-without-shape; echo sk-ant-api03-Zq8LmN2pXv7RtY4wKb9HdJ3sFg6TcU1e");
  EXPECT_THAT(ran.message, Not(HasSubstr("an-odd-key")));
  EXPECT_THAT(ran.message, Not(HasSubstr("Zq8LmN2p")));
  const auto much = run("head -c 1000000 /dev/zero | tr '\\0' x >&2");
  EXPECT_EQ(much.message.size(), 4'096U);
  EXPECT_GT(much.output.size, 4'096);
  EXPECT_LT(much.output.size, 70'000);
  const auto bytes = run("printf 'a\\377b' >&2");
  EXPECT_EQ(bytes.message,
            "a\xEF\xBF\xBD"
            "b");
}

TEST_F(hook_runs, that_never_read_what_they_are_told_do_not_hang) {
  const auto details = R"({"text":")" + std::string(200'000, 'x') + R"("})";
  const auto all = run_hooks({{hook_event::run_end, {}, "exit 0", 20'000}},
                             {hook_event::run_end, "an-id", "/no/such/place", details},
                             scrubber{},
                             {});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].exit_code, 0) << all[0].message;
}

TEST_F(hook_runs, stop_with_the_process) {
  std::stop_source stop;
  stop.request_stop();
  const auto on = hook_event::pre_tool;
  EXPECT_THAT(run_all({{on, {}, "touch ran", 9'000}}, on, stop.get_token()), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(here_ / "ran"));
}

// -- at the end of a phase ------------------------------------------------------------------------

class phase_end_hooks : public ::testing::Test {
protected:
  phase_end_hooks() {
    performer_options options;
    options.log = log_.get();
    options.providers =
        [](const std::string&) -> result<std::shared_ptr<provider::model_provider>> {
      return refuse(errc::secret_missing, "no model is asked here");
    };
    options.schemas = std::make_shared<definitions::schema_registry>();
    performer_ = make_performer(std::move(options), directory_);
    test::write_text(here_ / "note.md", "# Note\n\nIt is written.\n");
  }
  ~phase_end_hooks() override { performer_->stop(); }

  effect::check_artifact check_with(const std::string& hook) const {
    effect::check_artifact what;
    what.worktree = here_.path();
    what.path = "note.md";
    what.kind = phase::artifact_kind::markdown;
    what.bounds.hooks = {{hook_event::phase_end, {}, hook, 600'000}};
    what.run = run_;
    what.phase_key = "write";
    return what;
  }
  test::answers perform(effect::any what, const std::string& id = "check:1") {
    test::answers came;
    performer_->perform(owner_, {id, std::move(what)}, came.take());
    return came;
  }
  phase::artifact_checked check(const std::string& hook) {
    return perform(check_with(hook)).last<phase::artifact_checked>();
  }
  void wait_until_it_runs() {
    while (!std::filesystem::exists(here_ / "begun"))
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  const run_id run_{random_uuid()};
  const phase_id phase_{random_uuid()};
  const effect_owner owner_{stream_of(phase_), stream_of(run_)};
  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  test::fake_directory directory_;
  test::temporary_directory here_;
  std::unique_ptr<effect_performer> performer_;
};

TEST_F(phase_end_hooks, are_recorded_by_the_run_before_the_phase_is_answered) {
  const auto checked = check("cat > told");
  EXPECT_TRUE(checked.present);
  EXPECT_THAT(checked.findings, IsEmpty());
  const auto told = directory_.all();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].to, stream_of(run_));
  EXPECT_EQ(told[0].command.id, "hooks:check:1");
  const auto& ran = std::get<run::hooks_ran>(told[0].command.what);
  EXPECT_EQ(ran.on, hook_event::phase_end);
  ASSERT_THAT(ran.results, SizeIs(1));
  const auto said = parse_json(test::read_text(here_ / "told"), "told");
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said.value().at("phase"), "write");
  EXPECT_EQ(said.value().at("artifact").at("path"), "note.md");
}

TEST_F(phase_end_hooks, that_block_are_a_finding_that_the_model_is_told_of) {
  const auto checked = check("echo two tests fail >&2; exit 2");
  ASSERT_THAT(checked.findings, SizeIs(1));
  EXPECT_EQ(checked.findings[0].keyword, "hook");
  EXPECT_THAT(checked.findings[0].message, HasSubstr("two tests fail"));
  EXPECT_THAT(checked.repair_prompt, HasSubstr("two tests fail"));
  EXPECT_TRUE(std::get<run::hooks_ran>(directory_.all().at(0).command.what).results[0].blocked);
}

TEST_F(phase_end_hooks, see_no_artifact_that_is_wrong_anyway) {
  std::filesystem::remove(here_ / "note.md");
  EXPECT_FALSE(check("touch seen").present);
  EXPECT_FALSE(std::filesystem::exists(here_ / "seen"));
  EXPECT_THAT(directory_.all(), IsEmpty());
}

TEST_F(phase_end_hooks, let_the_phase_go_on_where_the_run_can_not_record_them) {
  directory_.then(refuse(errc::entity_unavailable, "comes back"));
  directory_.then(refuse(errc::entity_broken, "the run is broken"));
  EXPECT_THAT(check("true").findings, IsEmpty());
  EXPECT_THAT(directory_.all(), SizeIs(2));
}

// -- that are called off --------------------------------------------------------------------------

using called_off_hooks = phase_end_hooks;

TEST_F(called_off_hooks, are_killed_and_what_they_did_is_told) {
  const auto on = hook_event::pre_tool;
  auto came = perform(
      effect::run_hooks{
          on, {{on, {}, for_ever, 600'000}, {on, {}, "touch second", 600'000}}, here_.path(), "{}"},
      "hooks.before:1");
  wait_until_it_runs();
  performer_->call_off(owner_, "hooks.before:2"); // another one
  EXPECT_EQ(performer_->in_flight(), 1U);
  performer_->call_off(owner_, "hooks.before:1");
  const auto ran = came.last<run::hooks_ran>();
  EXPECT_EQ(ran.on, on);
  ASSERT_THAT(ran.results, SizeIs(1));
  EXPECT_EQ(ran.results[0].exit_code, 137);
  EXPECT_EQ(ran.results[0].message, "called off");
  EXPECT_FALSE(ran.results[0].timed_out);
  EXPECT_FALSE(ran.results[0].blocked);
  expect_dead(here_ / "begun");
  EXPECT_FALSE(std::filesystem::exists(here_ / "second"));
  EXPECT_EQ(performer_->in_flight(), 0U);
}

TEST_F(called_off_hooks, are_not_taken_for_those_that_the_end_of_the_process_cut) {
  const auto on = hook_event::pre_tool;
  auto came = perform(effect::run_hooks{on, {{on, {}, for_ever, 600'000}}, here_.path(), "{}"});
  wait_until_it_runs();
  performer_->stop();
  EXPECT_EQ(came.count(), 0U) << "they are owed again after the restart";
  expect_dead(here_ / "begun");
}

TEST_F(called_off_hooks, of_a_phases_end_are_killed_recorded_and_say_nothing_of_the_artifact) {
  auto came = perform(check_with(for_ever));
  wait_until_it_runs();
  performer_->call_off(owner_, "check:1");
  EXPECT_FALSE(came.wait().back().what.has_value());
  expect_dead(here_ / "begun");
  const auto told = directory_.all();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].to, stream_of(run_));
  const auto& ran = std::get<run::hooks_ran>(told[0].command.what);
  ASSERT_THAT(ran.results, SizeIs(1));
  EXPECT_EQ(ran.results[0].exit_code, 137);
}

TEST_F(called_off_hooks, are_dead_though_nobody_can_record_them) {
  directory_.then(refuse(errc::entity_unavailable, "comes back"));
  auto came = perform(check_with(for_ever));
  wait_until_it_runs();
  performer_->call_off(owner_, "check:1");
  EXPECT_FALSE(came.wait().back().what.has_value());
  EXPECT_EQ(performer_->in_flight(), 0U);
}

TEST_F(called_off_hooks, are_killed_as_the_command_is_that_judges_an_artifact) {
  auto what = check_with("touch hooked");
  what.kind = phase::artifact_kind::command;
  what.check = {for_ever};
  what.bounds.unsandboxed = true; // what a sandbox adds is shown where tools are
  what.bounds.time_limit_ms = 600'000;
  auto came = perform(what);
  wait_until_it_runs();
  performer_->call_off(owner_, "check:1");
  EXPECT_FALSE(came.wait().back().what.has_value());
  expect_dead(here_ / "begun");
  EXPECT_FALSE(std::filesystem::exists(here_ / "hooked"));
  EXPECT_THAT(directory_.all(), IsEmpty());
}

} // namespace
} // namespace ash::performers
