// Sub-agents: the call that asks for one, the session that is one, and several side by side.
#include "actors/aggregates/delegation.hpp"
#include "tests/actors/aggregates/turn_story.hpp"

namespace ash::testing {
namespace {

using session_story = story<session_aggregate>;
using strings = std::vector<std::string>;

// -- the call -------------------------------------------------------------------------------------

tool_call::requested a_request_for_help(std::string arguments = asks_for_help("Look.").arguments) {
  tool_call::requested what;
  what.call = an_id<tool_call_id>("tool");
  what.owner = stream_of(a_phase);
  what.name = delegation::tool_name;
  what.arguments = std::move(arguments);
  what.effect = effect_class::idempotent;
  what.terms = an_agent().tool_bounds;
  what.root = stream_of(a_run);
  what.worktree = "/worktree";
  what.subagents = {"helper"};
  return what;
}

tool_story a_delegated_call() {
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{a_request_for_help()});
  return s;
}

session_id the_child() {
  return delegation::child_of(a_request_for_help().call);
}

tool_call::finish an_end(std::string code = {}) {
  tool_call::finish end;
  end.failed = !code.empty();
  end.code = std::move(code);
  end.text = "what came of it";
  return end;
}

TEST(request_subagent, is_given_to_one_child_whatever_happens) {
  auto s = a_delegated_call();
  s.leads_to({"tool.call.requested", "tool.call.started", "tool.call.delegated"});
  EXPECT_EQ(s.reactions<effect::open_child>().at(0).session, the_child());
  EXPECT_TRUE(s.reactions<effect::run_tool>().empty());
  // After a crash it is the same child that goes on.
  EXPECT_EQ(s.owed<effect::open_child>().at(0).session, the_child());
  EXPECT_TRUE(s.owed<effect::tell_self>().empty()) << "it is never in doubt";
  s.when(tool_call::request{a_request_for_help()}).leads_to_nothing();
}

TEST(request_subagent, is_answered_with_its_childs_result) {
  auto s = a_delegated_call();
  s.when(an_end()).leads_to({"tool.call.completed"});
  EXPECT_EQ(told(s).answer, turn::tool_answer::completed);
  EXPECT_EQ(told(s).text, "what came of it");
  s.when(an_end()).leads_to_nothing();
}

TEST(request_subagent, fails_as_its_child_does_and_names_why) {
  auto s = a_delegated_call();
  s.when(an_end("max_steps_exceeded")).leads_to({"tool.call.failed"});
  EXPECT_EQ(told(s).code, "max_steps_exceeded");
  EXPECT_EQ(told(s).text, "what came of it");
}

TEST(request_subagent, that_is_called_off_stops_its_child_and_ends_with_it) {
  auto s = a_delegated_call();
  s.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancel.requested"});
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(the_child()));
  EXPECT_EQ(std::get<session::call_off>(sent.what).reason, "enough");
  EXPECT_EQ(std::get<session::call_off>(sent.what).what.asked_by, a_request_for_help().call);
  const auto again = s.owed<effect::send>();
  ASSERT_EQ(again.size(), 1U) << "it is owed after a crash too";
  EXPECT_TRUE(std::holds_alternative<session::call_off>(again.front().what));
  s.when(an_end("cancelled")).leads_to({"tool.call.cancelled"});
  EXPECT_EQ(told(s).answer, turn::tool_answer::cancelled);
}

tool_call::denied denied_for(const tool_call::requested& what) {
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what}).leads_to({"tool.call.requested", "tool.call.denied"});
  EXPECT_TRUE(s.reactions<effect::open_child>().empty());
  return s.the<tool_call::denied>();
}

TEST(request_subagent, goes_three_deep_and_no_deeper) {
  for (std::int64_t depth = 0; depth < delegation::max_depth; ++depth) {
    auto what = a_request_for_help();
    what.depth = depth;
    auto s = given<tool_call_aggregate>();
    s.when(tool_call::request{what});
    EXPECT_EQ(s.reactions<effect::open_child>().size(), 1U) << depth;
  }
  auto what = a_request_for_help();
  what.depth = delegation::max_depth;
  EXPECT_EQ(denied_for(what).code, "subagent_depth_exceeded");
}

TEST(request_subagent, is_denied_for_whom_the_persona_may_not_ask) {
  const auto no = denied_for(a_request_for_help(R"({"persona":"stranger","task":"x"})"));
  EXPECT_EQ(no.code, "permission_denied");
  EXPECT_NE(no.message.find("helper"), std::string::npos) << "it names who may be asked";
}

TEST(request_subagent, is_denied_for_arguments_that_say_too_little_or_too_much) {
  for (const auto* arguments : {"{}",
                                "[]",
                                R"({"persona":"helper"})",
                                R"({"persona":"helper","task":" \n"})",
                                R"({"persona":"helper","task":1})",
                                R"({"persona":"helper","task":"x","model":"y"})"})
    EXPECT_EQ(denied_for(a_request_for_help(arguments)).code, "tool_arguments_invalid")
        << arguments;
}

TEST(request_subagent, follows_the_permissions_like_every_tool) {
  auto what = a_request_for_help();
  what.terms.permissions = {{permission_verdict::deny, "request_subagent", {}, {}, "config"}};
  EXPECT_EQ(denied_for(what).code, "permission_denied");
  what.terms.permissions.clear();
  what.terms.mode = permission_mode::plan;
  EXPECT_EQ(denied_for(what).code, "plan_mode_violation");
  what.terms.mode = permission_mode::standard;
  what.terms.permissions = {{permission_verdict::ask, "request_subagent", {}, {}, "config"}};
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what}).leads_to({"tool.call.requested", "tool.call.review.awaited"});
  s.when(tool_call::review{tool_call::review_verdict::approved, "ann", "fine", {}})
      .leads_to({"tool.call.reviewed", "tool.call.started", "tool.call.delegated"});
}

TEST(request_subagent, tells_the_child_its_task_and_what_it_should_know) {
  const auto read = delegation::read(R"({"persona":"helper","task":"Do it.","context":"Now."})");
  ASSERT_TRUE(read);
  EXPECT_EQ(delegation::message_of(read.value()), "Do it.\n\nWhat you should know:\n\nNow.");
}

// -- the child ------------------------------------------------------------------------------------

session::created a_child(std::string branch = {}) {
  session::created what;
  what.session = the_child();
  what.worktree = "/worktree";
  what.depth = 1;
  what.agent = an_agent();
  what.scopes = {a_scope("session:" + to_string(what.session)), a_scope()};
  what.root = stream_of(a_run);
  what.asked_by = a_request_for_help().call;
  what.task = "Look.";
  what.branch = std::move(branch);
  return what;
}

session_story a_child_that_began(std::string branch = {}) {
  auto s = given<session_aggregate>();
  s.when(session::create{a_child(std::move(branch))});
  return s;
}
const turn::progress& now(const session_story& s) {
  return *s.in<session::active>().turns.now;
}
/// The child's model has answered; with its money settled, its turn is over.
session_story a_child_that_said(std::string text, std::string branch = {}) {
  auto s = a_child_that_began(std::move(branch));
  s.when(turn::budget_reserved{now(s).call.call});
  s.when(says(now(s).call.call, std::move(text)));
  return s;
}
tool_call::finish reported(const std::vector<effect::send>& sent) {
  return std::get<tool_call::finish>(sent.at(0).what);
}

TEST(subagent, begins_with_its_task_as_its_only_message) {
  auto s = a_child_that_began();
  s.leads_to({"session.created",
              "message.appended",
              "session.titled",
              "turn.started",
              "step.started",
              "llm.call.requested"});
  EXPECT_EQ(s.the<session::message_appended>().text, "Look.");
  s.when(session::create{a_child()}).leads_to_nothing();
  s.when(session::post{an_id<message_id>("more"), "more"}).refuses(errc::invalid_transition);
  s.when(session::clear{}).refuses(errc::invalid_transition);
}

TEST(subagent, keeps_the_settings_that_it_was_given) {
  auto s = a_child_that_said("found it", "sub");
  s.when(turn::budget_settled{now(s).call.call}); // its turn is over, its work is not merged yet
  s.when(session::set_plan_mode{true}).refuses(errc::invalid_transition);
  s.when(session::set_model{{a_model()}}).refuses(errc::invalid_transition);
  s.when(session::set_persona{an_agent()}).refuses(errc::invalid_transition);
  s.when(run::grant_path{"/elsewhere", "ann"}).refuses(errc::invalid_transition);
  s.when(run::revoke_path{"/elsewhere", "ann"}).refuses(errc::invalid_transition);
}

TEST(subagent, ends_with_its_turn_and_tells_whoever_asked) {
  auto s = a_child_that_said("found it");
  s.when(turn::budget_settled{now(s).call.call})
      .leads_to({"llm.call.settled", "step.finished", "turn.completed", "session.ended"});
  const auto sent = s.reactions<effect::send>();
  EXPECT_EQ(sent.at(0).to, stream_of(a_request_for_help().call));
  EXPECT_EQ(reported(sent).text, "found it");
  EXPECT_FALSE(reported(sent).failed);
  EXPECT_EQ(reported(s.owed<effect::send>()).text, "found it") << "and tells it again";
  EXPECT_TRUE(s.is_final());
  s.when(session::create{a_child()}).leads_to_nothing();
}

TEST(subagent, that_fails_says_why) {
  auto s = a_child_that_said("");
  s.when(turn::budget_settled{now(s).call.call})
      .leads_to({"llm.call.settled", "step.finished", "turn.failed", "session.ended"});
  const auto told = reported(s.reactions<effect::send>());
  EXPECT_TRUE(told.failed);
  EXPECT_EQ(told.code, "provider_response_invalid");
  EXPECT_FALSE(told.text.empty());
}

TEST(subagent, with_a_worktree_of_its_own_ends_once_its_work_is_where_it_belongs) {
  auto s = a_child_that_said("changed it", "sub");
  s.when(turn::budget_settled{now(s).call.call})
      .leads_to({"llm.call.settled", "step.finished", "turn.completed"});
  EXPECT_EQ(s.reactions<effect::close_child>().at(0).outcome.result, "changed it");
  const auto again = s.owed<effect::close_child>();
  ASSERT_EQ(again.size(), 1U) << "it is owed after a crash too";
  EXPECT_EQ(again.front().what.branch, "sub");
  const session::ended conflict{"it does not go together", "changed it", "merge_conflict"};
  s.when(session::child_closed{conflict}).then({conflict});
  EXPECT_EQ(reported(s.reactions<effect::send>()).code, "merge_conflict");
  s.when(session::child_closed{conflict}).leads_to_nothing();
}

TEST(subagent, that_is_called_off_ends_once_all_beneath_it_has) {
  auto s = a_child_that_began();
  s.when(turn::budget_reserved{now(s).call.call});
  s.when(wants(now(s).call.call, {asks("write_file", R"({"path":"a"})")}));
  s.when(turn::budget_settled{now(s).call.call});
  const auto tool = now(s).in_flight.at(0).call;
  s.when(session::call_off{a_child(), "enough"}).leads_to({"turn.stop.requested"});
  EXPECT_EQ(s.reactions<effect::send>().at(0).to, stream_of(tool));
  turn::tool_finished over{tool, turn::tool_answer::cancelled, "cancelled", "stopped", {}};
  s.when(over).leads_to({"step.tool.answered", "turn.interrupted", "session.ended"});
  EXPECT_EQ(s.the<session::ended>().code, "cancelled");
  EXPECT_TRUE(reported(s.reactions<effect::send>()).failed);
}

TEST(subagent, that_is_ended_by_hand_stops_like_one_that_is_called_off) {
  auto s = a_child_that_began();
  s.when(session::end{"bye"}).leads_to({"turn.stop.requested"});
}

TEST(subagent, that_is_called_off_before_it_was_created_never_begins) {
  auto s = given<session_aggregate>();
  s.when(session::call_off{a_child(), "enough"}).leads_to({"session.created", "session.ended"});
  EXPECT_EQ(reported(s.reactions<effect::send>()).code, "cancelled");
  s.when(session::create{a_child()}).leads_to_nothing();
  s.when(session::call_off{a_child(), "enough"}).leads_to_nothing();
}

TEST(subagent, that_a_budget_blocks_tells_the_run_and_goes_on_when_that_does) {
  auto s = a_child_that_began();
  s.when(turn::budget_refused{
      now(s).call.call, "day:2026-11-21", refuse(errc::budget_exhausted, "none left")});
  s.when(turn::budget_settled{now(s).call.call}).leads_to({"llm.call.settled", "turn.suspended"});
  const auto sent = s.reactions<effect::send>();
  EXPECT_EQ(sent.at(0).to, stream_of(a_run));
  EXPECT_EQ(std::get<run::phase_blocked>(sent.at(0).what).scope, "day:2026-11-21");
  EXPECT_FALSE(s.owed<effect::send>().empty());
  s.when(turn::resume{}).leads_to({"turn.resumed", "llm.call.requested"});
}

TEST(subagent, is_not_created_without_a_model_or_too_deep) {
  auto nobody = a_child();
  nobody.agent.change([](agent_terms& a) { a.models.clear(); });
  given<session_aggregate>().when(session::create{nobody}).refuses(errc::provider_unavailable);
  auto deep = a_child();
  deep.depth = 4;
  given<session_aggregate>().when(session::create{deep}).refuses(errc::subagent_depth_exceeded);
}

// -- side by side ---------------------------------------------------------------------------------

phase_story a_turn_with(std::vector<tool_request> tools) {
  auto work = an_assignment();
  work.agent = an_agent_with_helpers();
  auto s = a_turn_that_calls(work);
  ask_tools(s, std::move(tools));
  return s;
}
strings answers_in(const phase_story& s) {
  strings out;
  for (const auto& each : loop_of(s).transcript)
    if (each.who == turn::speaker::tool)
      out.push_back(each.answers + "=" + each.text);
  return out;
}
tool_call_id in_flight(const phase_story& s, std::size_t at) {
  return loop_of(s).now->in_flight.at(at).call;
}

TEST(subagents, that_are_asked_for_one_after_another_work_side_by_side) {
  auto s = a_turn_with({asks_for_help("a", "1"), asks_for_help("b", "2"), asks_for_help("c", "3")});
  s.leads_to({"llm.call.settled", "step.tool.called", "step.tool.called", "step.tool.called"});
  const auto sent = s.reactions<effect::send>();
  ASSERT_EQ(sent.size(), 3U);
  const auto asked = std::get<tool_call::request>(sent.at(1).what).what;
  EXPECT_EQ(asked.subagents, strings{"helper"});
  EXPECT_EQ(asked.scopes.size(), 2U);
  EXPECT_EQ(s.owed<effect::send>().size(), 3U) << "all are asked again after a crash";
  const auto first = in_flight(s, 0);
  const auto second = in_flight(s, 1);
  const auto third = in_flight(s, 2);
  s.when(answers(third, "C")).leads_to({"step.tool.answered"});
  s.when(answers(third, "C")).leads_to_nothing();
  s.when(answers(first, "A")).leads_to({"step.tool.answered"});
  s.when(answers(second, "B"))
      .leads_to({"step.tool.answered", "step.finished", "step.started", "llm.call.requested"});
  EXPECT_EQ(answers_in(s), (strings{"1=A", "2=B", "3=C"})) << "the model reads them in its order";
}

TEST(subagents, have_the_tools_before_and_after_them_wait) {
  auto s = a_turn_with({asks("write_file", R"({"path":"a"})", "1"),
                        asks_for_help("b", "2"),
                        asks_for_help("c", "3"),
                        asks("write_file", R"({"path":"d"})", "4")});
  s.leads_to({"llm.call.settled", "step.tool.called"});
  s.when(answers(in_flight(s, 0)))
      .leads_to({"step.tool.answered", "step.tool.called", "step.tool.called"});
  s.when(answers(in_flight(s, 1))).leads_to({"step.tool.answered"});
  s.when(answers(in_flight(s, 0))).leads_to({"step.tool.answered", "step.tool.called"});
}

TEST(subagents, work_eight_at_a_time) {
  std::vector<tool_request> tools;
  for (auto i = 0; i < 10; ++i)
    tools.push_back(asks_for_help("task " + std::to_string(i), std::to_string(i)));
  auto s = a_turn_with(std::move(tools));
  EXPECT_EQ(loop_of(s).now->in_flight.size(), turn::max_beside);
  s.when(answers(in_flight(s, 3))).leads_to({"step.tool.answered", "step.tool.called"});
}

TEST(subagents, are_all_called_off_with_their_turn) {
  auto s = a_turn_with({asks_for_help("a", "1"), asks_for_help("b", "2")});
  s.when(phase::abort{"enough", {}, {}, {}}).leads_to({"turn.stop.requested"});
  EXPECT_EQ(s.reactions<effect::send>().size(), 2U);
  EXPECT_EQ(s.owed<effect::send>().size(), 4U) << "asked for and called off again after a crash";
  s.when(answers(in_flight(s, 1))).leads_to({"step.tool.answered"});
  s.when(answers(in_flight(s, 0)))
      .leads_to({"step.tool.answered", "turn.interrupted", "phase.aborted"});
}

TEST(subagents, block_their_run_even_while_it_waits_for_an_approval) {
  run::created plan;
  plan.run = a_run;
  plan.phases = {{"spec", "writer", "out/spec.json", false}};
  run::approval_requested asked;
  asked.approval = an_id<approval_id>("asked");
  auto s = given<run_aggregate>(
      {plan, run::bound{{}}, run::started{a_run}, run::phase_opened{"spec", a_phase}, asked});
  s.when(run::phase_blocked{{}, "day:2026-11-21", refuse(errc::budget_exhausted, "none left")})
      .leads_to({"run.interrupted"});
}

} // namespace
} // namespace ash::testing
