// What the aggregates that wait for hooks do before, with and after what these say.
#include "actors/aggregates/hooks.hpp"
#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

namespace ash::testing {
namespace {

using strings = std::vector<std::string>;
using run_story = story<run_aggregate>;

hook_rule a_hook(hook_event on, std::string tool = {}) {
  return {on, std::move(tool), "look", 10'000};
}

run::hooks_ran ran(hook_event on, std::int64_t exit_code, std::string message = {}) {
  run::hooks_ran out{on, {}};
  out.results.emplace_back();
  auto& one = out.results.back();
  one.on = on;
  one.command = "look";
  one.exit_code = exit_code;
  one.blocked = hooks::may_block(on) && exit_code == hooks::blocking_exit_code;
  one.message = std::move(message);
  return out;
}

tool_call::requested a_hooked_request(std::vector<hook_rule> hooks) {
  tool_call::requested what;
  what.call = an_id<tool_call_id>("tool");
  what.owner = stream_of(a_phase);
  what.name = "write_file";
  what.arguments = R"({"path":"a"})";
  what.terms = an_agent().tool_bounds;
  what.terms.hooks = std::move(hooks);
  what.root = stream_of(a_run);
  what.phase_key = "spec";
  what.worktree = "/worktree";
  return what;
}

tool_story asked(const tool_call::requested& what) {
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what});
  return s;
}

run_story a_run_at_its_hooks() {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "dev@1";
  c.what.phases = {{"spec", "writer", "out/spec.json", false}};
  c.what.worktree = "/worktree";
  c.what.tool_bounds.hooks = {a_hook(hook_event::run_start)};
  c.bindings = {{"writer", "w@1", "", R"({"w":1})", ""}};
  auto s = given<run_aggregate>();
  s.when(c);
  s.when(run::workspace_ready{"/worktree", "b", "c0ffee"});
  return s;
}

// -- before a tool --------------------------------------------------------------------------------

TEST(hooks, are_asked_before_a_tool_runs_and_again_after_a_crash) {
  auto s = asked(a_hooked_request({a_hook(hook_event::pre_tool)}));
  s.leads_to({"tool.call.requested"});
  ASSERT_EQ(s.reactions<effect::run_hooks>().size(), 1U);
  const auto wanted = s.reactions<effect::run_hooks>().at(0);
  EXPECT_EQ(wanted.on, hook_event::pre_tool);
  EXPECT_EQ(wanted.directory, "/worktree");
  EXPECT_NE(wanted.details.find(R"("arguments":{"path":"a"})"), std::string::npos)
      << wanted.details;
  EXPECT_NE(wanted.details.find(R"("phase":"spec")"), std::string::npos);
  EXPECT_EQ(s.owed<effect::run_hooks>().size(), 1U);
  EXPECT_TRUE(s.reactions<effect::run_tool>().empty());
  s.when(ran(hook_event::pre_tool, 0)).leads_to({"hook.ran", "tool.call.started"});
  EXPECT_EQ(s.reactions<effect::run_tool>().size(), 1U);
  s.when(ran(hook_event::pre_tool, 2)).leads_to_nothing();
}

TEST(hooks, block_a_tool_and_the_model_is_told_why) {
  auto s = asked(a_hooked_request({a_hook(hook_event::pre_tool)}));
  s.when(ran(hook_event::pre_tool, 2, "not on a Friday"))
      .leads_to({"hook.ran", "tool.call.denied"});
  EXPECT_EQ(s.the<tool_call::denied>().code, "hook_blocked");
  EXPECT_EQ(s.the<tool_call::denied>().rule, "hook look");
  const auto told = std::get<turn::tool_finished>(s.owed<effect::send>().at(0).what);
  EXPECT_EQ(told.answer, turn::tool_answer::denied);
  EXPECT_NE(told.text.find("not on a Friday"), std::string::npos) << told.text;
  EXPECT_TRUE(s.is_final());
}

TEST(hooks, that_fail_or_run_out_of_time_let_a_tool_run) {
  for (const std::int64_t code : {1, 127, 137}) {
    auto s = asked(a_hooked_request({a_hook(hook_event::pre_tool)}));
    s.when(ran(hook_event::pre_tool, code)).leads_to({"hook.ran", "tool.call.started"});
  }
}

TEST(hooks, are_asked_about_the_tools_that_they_name) {
  asked(a_hooked_request({a_hook(hook_event::pre_tool, "run_*")}))
      .leads_to({"tool.call.requested", "tool.call.started"});
  asked(a_hooked_request({a_hook(hook_event::pre_tool, "write_*")}))
      .leads_to({"tool.call.requested"});
  asked(a_hooked_request({a_hook(hook_event::post_tool)}))
      .leads_to({"tool.call.requested", "tool.call.started"});
}

TEST(hooks, are_not_asked_about_what_policy_denies_and_come_after_a_persons_yes) {
  auto denied = a_hooked_request({a_hook(hook_event::pre_tool)});
  denied.arguments = R"({"path":".env"})";
  auto s = asked(denied);
  s.leads_to({"tool.call.requested", "tool.call.denied"});
  EXPECT_TRUE(s.reactions<effect::run_hooks>().empty());
  auto reviewed = a_hooked_request({a_hook(hook_event::pre_tool)});
  reviewed.review = true;
  auto t = asked(reviewed);
  t.leads_to({"tool.call.requested", "tool.call.review.awaited"});
  EXPECT_TRUE(t.reactions<effect::run_hooks>().empty());
  t.when(ran(hook_event::pre_tool, 0)).leads_to_nothing();
  const auto approval = t.in<tool_call::reviewing>().awaits.approval;
  t.when(tool_call::review{tool_call::review_verdict::approved, "ann", "", approval})
      .leads_to({"tool.call.reviewed"});
  EXPECT_EQ(t.reactions<effect::run_hooks>().size(), 1U);
  EXPECT_EQ(t.owes(), strings{"hooks.before"});
  t.when(tool_call::review{tool_call::review_verdict::approved, "ann", "", approval})
      .leads_to_nothing();
  t.when(ran(hook_event::pre_tool, 0)).leads_to({"hook.ran", "tool.call.started"});
}

TEST(hooks, do_not_bring_a_cancelled_call_back) {
  auto s = asked(a_hooked_request({a_hook(hook_event::pre_tool)}));
  s.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancelled"});
  s.when(ran(hook_event::pre_tool, 0)).leads_to({"hook.ran"});
  EXPECT_TRUE(s.reactions<effect::run_tool>().empty());
  EXPECT_TRUE(s.is_final());
}

TEST(hooks, before_a_tool_are_killed_when_the_call_is_cancelled) {
  const auto call = a_hooked_request({}).call;
  auto s = asked(a_hooked_request({a_hook(hook_event::pre_tool)}));
  s.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancelled"});
  EXPECT_EQ(s.reacted(), (strings{"tool.cancel", "tool.answer"}));
  EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect, "hooks.before:" + to_string(call));
  EXPECT_EQ(s.owed<effect::call_off>().at(0).effect, "hooks.before:" + to_string(call));
  s.when(ran(hook_event::pre_tool, 137, "called off")).leads_to({"hook.ran"});
  EXPECT_TRUE(s.reacted().empty()) << "who asked has been told";
  // One that waits for a person runs no hook.
  auto reviewed = a_hooked_request({a_hook(hook_event::pre_tool)});
  reviewed.review = true;
  auto t = asked(reviewed);
  t.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancelled"});
  EXPECT_TRUE(t.reactions<effect::call_off>().empty());
  t.when(ran(hook_event::pre_tool, 0)).leads_to_nothing();
}

// -- after a tool ---------------------------------------------------------------------------------

TEST(hooks, after_a_tool_come_before_its_owner_is_told) {
  auto s = asked(a_hooked_request({a_hook(hook_event::post_tool)}));
  tool_call::finish end;
  end.text = "done";
  end.written = {{"a", "abc"}};
  s.when(end).leads_to({"tool.call.completed"});
  EXPECT_FALSE(s.is_final());
  EXPECT_TRUE(s.reactions<effect::send>().empty());
  ASSERT_EQ(s.reactions<effect::run_hooks>().size(), 1U);
  EXPECT_NE(s.reactions<effect::run_hooks>().at(0).details.find(R"("written":["a"])"),
            std::string::npos);
  EXPECT_EQ(s.owes(), strings{"hooks.after"});
  s.when(tool_call::request{a_hooked_request({})}).leads_to_nothing();
  // It has run: nothing can block that.
  s.when(ran(hook_event::post_tool, 2, "badly done")).leads_to({"hook.ran"});
  const auto told = std::get<turn::tool_finished>(s.reactions<effect::send>().at(0).what);
  EXPECT_EQ(told.answer, turn::tool_answer::completed);
  EXPECT_EQ(told.text, "done");
  EXPECT_EQ(told.written.size(), 1U);
  EXPECT_TRUE(s.is_final());
  s.when(ran(hook_event::post_tool, 0)).leads_to_nothing();
}

TEST(hooks, after_a_tool_are_killed_when_the_call_is_cancelled_and_its_answer_stands) {
  const auto call = a_hooked_request({}).call;
  auto s = asked(a_hooked_request({a_hook(hook_event::post_tool)}));
  tool_call::finish end;
  end.text = "done";
  s.when(end).leads_to({"tool.call.completed"});
  s.when(tool_call::cancel{"enough"}).then({tool_call::cancel_requested{call, "enough"}});
  EXPECT_EQ(s.reacted(), (strings{"tool.cancel", "tool.answer"}));
  EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect, "hooks.after:" + to_string(call));
  EXPECT_EQ(s.owed<effect::call_off>().at(0).effect, "hooks.after:" + to_string(call));
  const auto told = std::get<turn::tool_finished>(s.reactions<effect::send>().at(0).what);
  EXPECT_EQ(told.answer, turn::tool_answer::completed);
  EXPECT_EQ(told.text, "done");
  EXPECT_TRUE(s.is_final());
  EXPECT_TRUE(s.owed<effect::run_hooks>().empty()) << "after a crash they do not run again";
  s.when(tool_call::cancel{"again"}).leads_to_nothing();
  s.when(ran(hook_event::post_tool, 137, "called off")).leads_to({"hook.ran"});
  EXPECT_TRUE(s.reacted().empty()) << "who asked has been told";
}

// -- at the start of a run ------------------------------------------------------------------------

TEST(hooks, hold_the_first_phase_of_a_run) {
  auto s = a_run_at_its_hooks();
  s.leads_to({"run.workspace.prepared"});
  EXPECT_EQ(s.reacted(), strings{"hooks.start"});
  EXPECT_EQ(s.owes(), strings{"hooks.start"});
  s.when(ran(hook_event::run_start, 0)).leads_to({"hook.ran", "run.phase.opened"});
  EXPECT_EQ(s.reactions<effect::open_phase>().size(), 1U);
  s.when(ran(hook_event::run_start, 2)).leads_to_nothing();
}

TEST(hooks, block_a_run_before_it_has_spent_anything) {
  auto s = a_run_at_its_hooks();
  s.when(ran(hook_event::run_start, 2, "a release is on")).leads_to({"hook.ran", "run.failed"});
  EXPECT_EQ(s.the<run::failed>().code, "hook_blocked");
  EXPECT_NE(s.the<run::failed>().message.find("a release is on"), std::string::npos);
  EXPECT_EQ(s.owes(), strings{"report"});
}

TEST(hooks, of_a_run_that_is_aborted_are_killed) {
  auto s = a_run_at_its_hooks();
  s.when(run::abort{"enough", "ann"}).leads_to({"run.aborted"});
  EXPECT_EQ(s.reacted(), (strings{"cancel", "report"}));
  EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect, "hooks.start:" + to_string(a_run));
  EXPECT_EQ(s.owes(), (strings{"cancel", "report"}));
  s.when(ran(hook_event::run_start, 137, "called off")).leads_to({"hook.ran"});
  EXPECT_EQ(s.owes(), strings{"report"});
  auto t = a_run_at_its_hooks();
  t.when(ran(hook_event::run_start, 0));
  t.when(run::abort{"enough", "ann"});
  EXPECT_TRUE(t.reactions<effect::call_off>().empty());
}

TEST(hooks, of_a_run_that_was_interrupted_meanwhile_count_when_it_goes_on) {
  auto s = a_run_at_its_hooks();
  s.when(run::interrupt{run::interruption::shutdown, "stop"});
  s.when(ran(hook_event::run_start, 0)).leads_to({"hook.ran"});
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "run.phase.opened"});
  auto t = a_run_at_its_hooks();
  t.when(run::interrupt{run::interruption::crash, "gone"});
  t.when(run::resume{"ann"}).leads_to({"run.resumed"});
  EXPECT_EQ(t.reacted(), strings{"hooks.start"});
}

TEST(hooks, of_other_events_are_recorded_in_a_run_and_in_a_session_even_after_their_end) {
  auto s = a_run_at_its_hooks();
  s.when(ran(hook_event::approval_requested, 2)).leads_to({"hook.ran"});
  EXPECT_EQ(s.owes(), strings{"hooks.start"});
  s.when(run::abort{"no", "ann"});
  s.when(ran(hook_event::run_end, 1)).leads_to({"hook.ran"});
  auto t = given<session_aggregate>();
  session::created about;
  about.session = a_session;
  about.agent = an_agent();
  t.when(session::create{about});
  t.when(ran(hook_event::budget_warned, 0)).leads_to({"hook.ran"});
  t.when(session::end{"done"});
  t.when(ran(hook_event::budget_warned, 0)).leads_to({"hook.ran"});
}

} // namespace
} // namespace ash::testing
