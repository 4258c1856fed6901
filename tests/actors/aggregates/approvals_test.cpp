#include "tests/actors/aggregates/turn_story.hpp"

#include <algorithm>

namespace ash::testing {
namespace {

using run_story = story<run_aggregate>;
using session_story = story<session_aggregate>;
using strings = std::vector<std::string>;

const auto asked_for = an_id<approval_id>("gate");

run_story a_run_at_work(bool attended = true, std::int64_t limit_ms = 0) {
  run::start c;
  c.what.run = a_run;
  c.what.phases = {{"spec", "writer", "out/spec.json", false}};
  c.what.worktree = "/worktree";
  c.what.attended = attended;
  c.what.approval_limit_ms = limit_ms;
  c.what.on_approval_limit = run::decision_kind::approve;
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  auto s = given<run_aggregate>();
  s.when(c);
  s.when(run::workspace_ready{"/worktree", "b", "c0ffee"});
  return s;
}

/// A tool call of the run's phase, or its turn at a budget, asks.
run::request_approval asks_for(run::approval_kind kind) {
  run::approval_requested what;
  what.approval = asked_for;
  what.kind = kind;
  what.asker = kind == run::approval_kind::tool ? stream_of(an_id<tool_call_id>("tool"))
                                                : stream_of(a_phase);
  what.phase_key = "spec";
  return {what, 0};
}

run::decide_approval decides(run::decision_kind kind) {
  return {asked_for, kind, "ann", "because"};
}

template <class Story> any_command sent_back(const Story& s) {
  return s.template reactions<effect::send>().at(0).what;
}

TEST(approvals, of_a_tool_call_are_told_to_that_call) {
  auto s = a_run_at_work();
  s.when(asks_for(run::approval_kind::tool)).leads_to({"approval.requested"});
  EXPECT_EQ(s.in<run::live>().at, run::status::awaiting_approval);
  s.when(asks_for(run::approval_kind::tool)).leads_to_nothing();
  s.when(decides(run::decision_kind::approve)).leads_to({"approval.decided"});
  const auto told = std::get<tool_call::review>(sent_back(s));
  EXPECT_EQ(told.verdict, tool_call::review_verdict::approved);
  EXPECT_EQ(told.approval, asked_for);
  EXPECT_EQ(s.in<run::live>().at, run::status::executing);
  const auto owed = s.owed<effect::send>();
  EXPECT_TRUE(std::any_of(owed.begin(), owed.end(), [](const effect::send& each) {
    return std::holds_alternative<tool_call::review>(each.what);
  })) << "what the crash may have kept from the call is told again";
  s.when(decides(run::decision_kind::reject)).refuses(errc::approval_already_decided);
}

TEST(approvals, of_a_budget_are_told_to_the_turn) {
  auto s = a_run_at_work();
  s.when(asks_for(run::approval_kind::budget));
  s.when(decides(run::decision_kind::reject)).leads_to({"approval.decided"});
  const auto told = std::get<turn::approval_answered>(sent_back(s));
  EXPECT_EQ(told.decision, run::decision_kind::reject);
  EXPECT_EQ(told.by, "ann");
}

TEST(approvals, that_are_aborted_abort_the_run) {
  auto s = a_run_at_work();
  auto another = asks_for(run::approval_kind::budget);
  another.what.approval = an_id<approval_id>("another");
  s.when(another);
  s.when(asks_for(run::approval_kind::tool));
  s.when(decides(run::decision_kind::abort))
      .leads_to({"approval.decided", "approval.decided", "run.aborted"});
  EXPECT_EQ(s.the<run::aborted>().by, "ann");
}

TEST(approvals, without_anyone_to_ask_are_refused_on_record) {
  auto s = a_run_at_work(false);
  s.when(asks_for(run::approval_kind::tool)).leads_to({"approval.requested", "approval.decided"});
  const auto decided = s.the<run::approval_decided>();
  EXPECT_EQ(decided.decision, run::decision_kind::reject);
  EXPECT_EQ(decided.by, "nobody");
  EXPECT_EQ(std::get<tool_call::review>(sent_back(s)).verdict, tool_call::review_verdict::denied);
  EXPECT_EQ(s.in<run::live>().at, run::status::executing);
}

TEST(approvals, that_nobody_decides_in_time_end_as_the_run_says) {
  auto s = a_run_at_work(true, 5'000);
  s.when(asks_for(run::approval_kind::tool));
  const auto timer = s.reactions<effect::tell_self>().at(0);
  EXPECT_EQ(timer.due, noon + 5'000 * us_per_ms);
  EXPECT_EQ(s.owed<effect::tell_self>().size(), 1U) << "the time-out survives a restart";
  s.when(run::approval_due{asked_for}).leads_to({"approval.decided"});
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::approve);
  EXPECT_EQ(s.the<run::approval_decided>().by, "time-out");
  s.when(run::approval_due{asked_for}).leads_to_nothing();
}

TEST(approvals, that_are_withdrawn_are_cancelled_and_nobody_is_told) {
  auto s = a_run_at_work();
  s.when(asks_for(run::approval_kind::tool));
  s.when(run::withdraw_approval{asked_for, "stopped"}).leads_to({"approval.decided"});
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::cancel);
  EXPECT_TRUE(s.reactions<effect::send>().empty());
  s.when(run::withdraw_approval{asked_for, "stopped"}).leads_to_nothing();
}

TEST(approvals, are_not_what_paths_are_granted_by) {
  auto s = a_run_at_work();
  s.when(run::grant_path{"docs/**", "ann"}).then({run::path_granted{"docs/**", "ann"}});
  s.when(run::revoke_path{"docs/**", "ann"}).then({run::path_revoked{"docs/**", "ann"}});
  s.when(run::abort{"enough", "ann"});
  s.when(run::grant_path{"docs/**", "ann"}).refuses(errc::run_already_terminal);
  s.when(run::revoke_path{"docs/**", "ann"}).refuses(errc::run_already_terminal);
}

// -- the turn at a budget that asks ---------------------------------------------------------------

phase::assignment a_work_that_asks() {
  auto work = an_assignment();
  work.scopes = {a_scope("run:" + to_string(a_run)), a_scope()};
  work.scopes.back().policy = budget_policy::prompt;
  return work;
}

/// The day's scope, which asks, has refused the first call.
phase_story a_turn_that_asks() {
  auto s = a_turn_that_reserves(a_work_that_asks());
  s.when(turn::budget_refused{
      the_call(s), "day:2026-11-21", refuse(errc::budget_exhausted, "all is spent")});
  s.when(turn::budget_settled{the_call(s)});
  return s;
}

turn::approval_answered answers_gate(const phase_story& s, run::decision_kind kind) {
  return {loop_of(s).now->awaits, kind, "ann", "because"};
}

TEST(budget_gate, asks_at_the_root_and_asks_again_after_a_crash) {
  auto s = a_turn_that_asks();
  s.leads_to({"llm.call.settled", "turn.approval.awaited"});
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(a_run));
  const auto asked = std::get<run::request_approval>(sent.what).what;
  EXPECT_EQ(asked.kind, run::approval_kind::budget);
  EXPECT_EQ(asked.subject, "day:2026-11-21");
  EXPECT_EQ(asked.amount, loop_of(s).now->call.estimate);
  EXPECT_EQ(asked.asker, stream_of(a_phase));
  EXPECT_EQ(asked.phase_key, "spec");
  EXPECT_EQ(std::get<run::request_approval>(s.owed<effect::send>().at(0).what).what.approval,
            asked.approval);
}

TEST(budget_gate, lets_one_call_pass_once_it_is_approved) {
  auto s = a_turn_that_asks();
  const auto approval = loop_of(s).now->awaits;
  const auto before = the_call(s);
  s.when(turn::approval_answered{an_id<approval_id>("another"), {}, "ann", ""}).leads_to_nothing();
  const auto yes = answers_gate(s, run::decision_kind::approve);
  s.when(yes).leads_to({"turn.approval.settled", "llm.call.requested"});
  EXPECT_NE(the_call(s), before);
  EXPECT_EQ(s.the<turn::call_requested>().approval, approval);
  EXPECT_EQ(effect::approval_for(s.reactions<effect::reserve>().at(0), "day:2026-11-21"), approval);
  s.when(yes).leads_to_nothing();
  s.when(turn::budget_reserved{the_call(s)}).leads_to({"llm.call.started"});
}

TEST(budget_gate, blocks_where_it_is_refused_and_asks_anew_once_it_is_resumed) {
  auto s = a_turn_that_asks();
  const auto approval = loop_of(s).now->awaits;
  s.when(answers_gate(s, run::decision_kind::reject))
      .leads_to({"turn.approval.settled", "turn.suspended"});
  s.when(turn::resume{}).leads_to({"turn.resumed", "llm.call.requested"});
  EXPECT_TRUE(s.the<turn::call_requested>().approval.is_nil());
  s.when(turn::budget_refused{
      the_call(s), "day:2026-11-21", refuse(errc::budget_exhausted, "all is spent")});
  s.when(turn::budget_settled{the_call(s)}).leads_to({"llm.call.settled", "turn.approval.awaited"});
  EXPECT_NE(loop_of(s).now->awaits, approval);
}

TEST(budget_gate, asks_about_every_scope_that_asks) {
  auto work = a_work_that_asks();
  const auto own = work.scopes.front().scope;
  work.scopes.front().policy = budget_policy::prompt;
  auto s = a_turn_that_reserves(work);
  const auto is_refused = [&](const std::string& scope) -> phase_story& {
    s.when(
        turn::budget_refused{the_call(s), scope, refuse(errc::budget_exhausted, "all is spent")});
    return s.when(turn::budget_settled{the_call(s)});
  };
  is_refused(own);
  const auto first = loop_of(s).now->awaits;
  s.when(answers_gate(s, run::decision_kind::approve));
  auto reserving = s.reactions<effect::reserve>().at(0);
  EXPECT_EQ(effect::approval_for(reserving, own), first);
  EXPECT_TRUE(effect::approval_for(reserving, "day:2026-11-21").is_nil())
      << "nobody was asked about the day's";
  is_refused("day:2026-11-21").leads_to({"llm.call.settled", "turn.approval.awaited"});
  const auto second = loop_of(s).now->awaits;
  EXPECT_NE(second, first);
  s.when(answers_gate(s, run::decision_kind::approve));
  reserving = s.reactions<effect::reserve>().at(0);
  EXPECT_EQ(effect::approval_for(reserving, own), first) << "it holds on";
  EXPECT_EQ(effect::approval_for(reserving, "day:2026-11-21"), second);
}

TEST(budget_gate, asks_once_about_a_call_that_the_same_scope_refuses_again) {
  auto s = a_turn_that_asks();
  s.when(answers_gate(s, run::decision_kind::approve));
  s.when(turn::budget_refused{
      the_call(s), "day:2026-11-21", refuse(errc::budget_exhausted, "it blocks in truth")});
  s.when(turn::budget_settled{the_call(s)}).leads_to({"llm.call.settled", "turn.suspended"});
}

TEST(budget_gate, is_not_there_for_a_scope_that_blocks) {
  auto s = a_turn_that_reserves(a_work_that_asks());
  s.when(turn::budget_refused{
      the_call(s), "run:" + to_string(a_run), refuse(errc::budget_exhausted, "all is spent")});
  s.when(turn::budget_settled{the_call(s)}).leads_to({"llm.call.settled", "turn.suspended"});
}

TEST(budget_gate, is_taken_back_by_a_turn_that_is_stopped) {
  auto s = a_turn_that_asks();
  const auto approval = loop_of(s).now->awaits;
  s.when(phase::abort{"enough"})
      .leads_to({"turn.stop.requested", "turn.interrupted", "phase.aborted"});
  EXPECT_EQ(std::get<run::withdraw_approval>(sent_back(s)).approval, approval);
}

// -- a session as the root ------------------------------------------------------------------------

session_story a_session_in_plan_mode(session::created about = {}) {
  about.session = a_session;
  about.agent = an_agent();
  auto s = given<session_aggregate>();
  s.when(session::create{about});
  s.when(session::set_plan_mode{true}).leads_to({"session.plan_mode.changed"});
  return s;
}

approval_id plan_of(const session_story& s) {
  return s.in<session::active>().approvals.back().what.approval;
}

TEST(plan_gate, is_left_by_an_approval_alone) {
  auto s = a_session_in_plan_mode();
  s.when(session::set_plan_mode{false}).leads_to({"approval.requested"});
  EXPECT_EQ(s.the<run::approval_requested>().kind, run::approval_kind::plan);
  EXPECT_TRUE(s.in<session::active>().plan_mode);
  s.when(session::set_plan_mode{false}).leads_to_nothing();
  const auto plan = plan_of(s);
  s.when(run::decide_approval{plan, run::decision_kind::approve, "ann", ""})
      .leads_to({"approval.decided", "session.plan_mode.changed"});
  EXPECT_FALSE(s.in<session::active>().plan_mode);
  s.when(run::decide_approval{plan, run::decision_kind::approve, "ann", ""})
      .refuses(errc::approval_already_decided);
}

TEST(plan_gate, stays_where_it_is_refused_or_nobody_can_be_asked) {
  auto s = a_session_in_plan_mode();
  s.when(session::set_plan_mode{false});
  s.when(run::decide_approval{plan_of(s), run::decision_kind::reject, "ann", ""})
      .leads_to({"approval.decided"});
  EXPECT_TRUE(s.in<session::active>().plan_mode);
  s.when(session::set_plan_mode{false}).leads_to({"approval.requested"});
  session::created unattended;
  unattended.attended = false;
  auto alone = a_session_in_plan_mode(unattended);
  alone.when(session::set_plan_mode{false}).leads_to({"approval.requested", "approval.decided"});
  EXPECT_TRUE(alone.in<session::active>().plan_mode);
}

/// Five seconds, and then this.
session::created that_waits_for(run::decision_kind on_limit) {
  session::created about;
  about.approval_limit_ms = 5'000;
  about.on_approval_limit = on_limit;
  return about;
}

TEST(plan_gate, ends_as_the_session_says_where_nobody_decides_in_time) {
  auto s = a_session_in_plan_mode(that_waits_for(run::decision_kind::approve));
  s.when(session::set_plan_mode{false}).leads_to({"approval.requested"});
  const auto timer = s.reactions<effect::tell_self>().at(0);
  EXPECT_EQ(timer.due, noon + 5'000 * us_per_ms);
  EXPECT_EQ(std::get<run::approval_due>(timer.what).approval, plan_of(s));
  EXPECT_EQ(s.owed<effect::tell_self>().size(), 1U) << "the time-out survives a restart";
  const auto due = run::approval_due{plan_of(s)};
  s.when(due).leads_to({"approval.decided", "session.plan_mode.changed"});
  EXPECT_EQ(s.the<run::approval_decided>().by, "time-out");
  EXPECT_FALSE(s.in<session::active>().plan_mode);
  s.when(due).leads_to_nothing();
  EXPECT_TRUE(s.owed<effect::tell_self>().empty());

  auto firm = a_session_in_plan_mode(that_waits_for(run::decision_kind::reject));
  firm.when(session::set_plan_mode{false});
  firm.when(run::approval_due{plan_of(firm)}).leads_to({"approval.decided"});
  EXPECT_TRUE(firm.in<session::active>().plan_mode);

  auto patient = a_session_in_plan_mode();
  patient.when(session::set_plan_mode{false});
  EXPECT_TRUE(patient.reactions<effect::tell_self>().empty()) << "it waits for ever";
}

TEST(approvals, beneath_a_session_end_as_the_session_says_where_nobody_decides_in_time) {
  auto s = a_session_in_plan_mode(that_waits_for(run::decision_kind::approve));
  s.when(asks_for(run::approval_kind::tool)).leads_to({"approval.requested"});
  EXPECT_EQ(s.reactions<effect::tell_self>().at(0).due, noon + 5'000 * us_per_ms);
  s.when(run::approval_due{asked_for}).leads_to({"approval.decided"});
  EXPECT_EQ(std::get<tool_call::review>(sent_back(s)).verdict, tool_call::review_verdict::approved);
}

TEST(approvals, of_a_session_are_cancelled_with_its_end) {
  auto s = a_session_in_plan_mode();
  s.when(session::set_plan_mode{false});
  s.when(session::end{"bye"}).leads_to({"approval.decided", "session.ended"});
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::cancel);
  s.when(run::approval_due{s.the<run::approval_decided>().approval}).leads_to_nothing();
  s.when(asks_for(run::approval_kind::tool)).refuses(errc::session_ended);
}

TEST(approvals, of_a_sessions_own_turn_are_taken_back_in_one_append_with_its_stop) {
  auto scope = a_scope();
  scope.policy = budget_policy::prompt;
  session::created about;
  about.session = a_session;
  about.agent = an_agent();
  about.scopes = {scope};
  auto s = given<session_aggregate>();
  s.when(session::create{about});
  s.when(session::post{an_id<message_id>("m"), "Hello"});
  const auto call = s.in<session::active>().turns.now->call.call;
  s.when(turn::budget_refused{call, scope.scope, refuse(errc::budget_exhausted, "all is spent")});
  s.when(turn::budget_settled{call}).leads_to({"llm.call.settled", "turn.approval.awaited"});
  const auto question = std::get<run::request_approval>(sent_back(s));
  s.when(question).leads_to({"approval.requested"});
  auto another = question;
  another.what.approval = an_id<approval_id>("another");
  s.when(another).leads_to({"approval.requested"});
  s.when(turn::stop{{}, "enough"})
      .leads_to({"turn.stop.requested", "turn.interrupted", "approval.decided"});
  EXPECT_EQ(s.the<run::approval_decided>().approval, question.what.approval);
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::cancel);
  s.when(std::get<run::withdraw_approval>(sent_back(s))).leads_to_nothing();
}

TEST(approvals, of_whatever_works_beneath_a_session_are_asked_there) {
  auto s = a_session_in_plan_mode();
  s.when(asks_for(run::approval_kind::tool)).leads_to({"approval.requested"});
  s.when(decides(run::decision_kind::request_changes)).leads_to({"approval.decided"});
  EXPECT_EQ(std::get<tool_call::review>(sent_back(s)).verdict, tool_call::review_verdict::denied);
}

} // namespace
} // namespace ash::testing
