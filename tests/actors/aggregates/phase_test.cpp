#include "tests/actors/aggregates/turn_story.hpp"

#include <algorithm>

namespace ash::testing {
namespace {

phase::artifact_checked good() {
  return {true, "{}", "abc", {}, {}};
}
phase::artifact_checked bad() {
  return {true, "{", "abd", {{"/a", "required", "gone"}}, "Fix it."};
}
phase::artifact_checked missing() {
  return {false, {}, {}, {}, "Write it."};
}

phase_story a_phase_that_awaits_approval() {
  auto work = an_assignment();
  work.approval = true;
  auto s = a_phase_that_validates(work);
  s.when(good());
  return s;
}

phase::approval_settled decides(const phase_story& s, run::decision_kind kind) {
  return {s.in<phase::active>().approval, kind, "ann", "because"};
}

TEST(phase, completes_with_a_valid_artifact) {
  auto s = a_phase_that_validates();
  EXPECT_EQ(s.owes(), std::vector<std::string>{"artifact"});
  s.when(good()).leads_to({"artifact.validated", "phase.completed"});
  const auto end = s.the<phase::completed>();
  EXPECT_EQ(end.sha256, "abc");
  EXPECT_EQ(end.summary, "finished");
  EXPECT_EQ(end.cost, usd{20'000'000});
  EXPECT_EQ(end.calls, 1);
  const auto told = std::get<run::phase_reported>(s.reactions<effect::send>().at(0).what).what;
  EXPECT_EQ(told.outcome, run::phase_outcome::completed);
  EXPECT_EQ(told.cost, end.cost);
  EXPECT_EQ(s.owes(), std::vector<std::string>{"report"});
  EXPECT_TRUE(s.is_final());
}

TEST(phase, repairs_an_invalid_artifact_once) {
  auto s = a_phase_that_validates();
  s.when(bad()).leads_to({"artifact.rejected",
                          "phase.repair.requested",
                          "turn.started",
                          "step.started",
                          "llm.call.requested"});
  EXPECT_EQ(s.the<phase::artifact_rejected>().code, "artifact_invalid");
  EXPECT_EQ(s.the<turn::started>().prompt, "Fix it.");
  finish_turn(s);
  s.when(bad()).leads_to({"artifact.rejected", "phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "artifact_invalid");
  EXPECT_EQ(s.the<phase::failed>().calls, 2);
}

TEST(phase, gives_a_missing_artifact_the_same_one_repair) {
  auto s = a_phase_that_validates();
  s.when(missing());
  finish_turn(s);
  s.when(missing()).leads_to({"artifact.rejected", "phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "artifact_missing");
}

TEST(phase, completes_after_a_repair) {
  auto s = a_phase_that_validates();
  s.when(bad());
  finish_turn(s);
  s.when(good()).leads_to({"artifact.validated", "phase.completed"});
}

TEST(phase, fails_where_the_artifact_cannot_be_read) {
  auto s = a_phase_that_validates();
  s.when(phase::artifact_unreadable{refuse(errc::schema_not_found, "none")})
      .leads_to({"phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "schema_not_found");
}

TEST(phase, notes_that_a_tool_wrote_the_artifact) {
  auto s = a_turn_with_a_tool();
  auto wrote = answers(the_tool(s));
  wrote.written = {{"other", "1"}, {"out/spec.json", "abc"}};
  s.when(wrote).leads_to({"artifact.written",
                          "step.tool.answered",
                          "step.finished",
                          "step.started",
                          "llm.call.requested"});
  EXPECT_EQ(s.the<phase::artifact_written>().sha256, "abc");
}

TEST(phase, asks_its_run_for_an_approval_and_completes_with_it) {
  auto s = a_phase_that_awaits_approval();
  s.leads_to({"artifact.validated", "phase.approval.awaited"});
  const auto asked = std::get<run::request_approval>(s.reactions<effect::send>().at(0).what).what;
  EXPECT_EQ(asked.round, 1);
  EXPECT_EQ(asked.asker, stream_of(a_phase));
  EXPECT_EQ(s.owes(), std::vector<std::string>{"approval"});
  s.when(phase::approval_settled{an_id<approval_id>("x"), {}, {}, {}}).leads_to_nothing();
  s.when(decides(s, run::decision_kind::approve)).leads_to({"phase.completed"});
  EXPECT_EQ(s.the<phase::completed>().sha256, "abc");
}

TEST(phase, ends_as_its_approval_says) {
  auto s = a_phase_that_awaits_approval();
  s.when(decides(s, run::decision_kind::reject)).leads_to({"phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "approval_rejected");
  auto t = a_phase_that_awaits_approval();
  t.when(decides(t, run::decision_kind::abort)).leads_to({"phase.aborted"});
  auto u = a_phase_that_awaits_approval();
  u.when(decides(u, run::decision_kind::cancel)).leads_to({"phase.aborted"});
}

TEST(phase, is_too_late_in_its_first_round_alone) {
  auto work = an_assignment();
  work.time_limit_ms = 60'000;
  work.approval = true;
  const auto is_watched = [](const phase_story& of) {
    const auto owed = of.owes();
    return std::find(owed.begin(), owed.end(), "time") != owed.end();
  };
  auto late = a_turn_that_calls(work);
  EXPECT_TRUE(is_watched(late));
  late.when(phase::time_up{}).leads_to({"turn.stop.requested"});
  auto s = a_phase_that_validates(work);
  s.when(good());
  s.when(decides(s, run::decision_kind::request_changes));
  ASSERT_EQ(s.in<phase::active>().round, 2);
  EXPECT_FALSE(is_watched(s));
  s.when(phase::time_up{}).leads_to_nothing();
}

TEST(phase, takes_changes_in_two_rounds_and_fails_in_the_third) {
  auto s = a_phase_that_awaits_approval();
  for (int round = 1; round <= 2; ++round) {
    const auto asked = s.in<phase::active>().approval;
    s.when(decides(s, run::decision_kind::request_changes))
        .leads_to(
            {"phase.feedback.recorded", "turn.started", "step.started", "llm.call.requested"});
    finish_turn(s);
    s.when(bad()); // each round has a repair of its own
    finish_turn(s);
    s.when(good()).leads_to({"artifact.validated", "phase.approval.awaited"});
    EXPECT_NE(s.in<phase::active>().approval, asked);
    EXPECT_EQ(s.in<phase::active>().round, round + 1);
  }
  s.when(decides(s, run::decision_kind::request_changes)).leads_to({"phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "approval_rounds_exhausted");
}

TEST(phase, is_aborted_in_every_status_without_an_open_reservation) {
  auto s = a_turn_that_reserves();
  s.when(phase::abort{"stop"}).leads_to({"turn.stop.requested"});
  s.when(turn::budget_reserved{the_call(s)});
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "turn.interrupted", "phase.aborted"});
  auto t = a_phase_that_validates();
  t.when(phase::abort{"stop"}).leads_to({"phase.aborted"});
  EXPECT_EQ(t.reactions<effect::call_off>().at(0).effect, "artifact:" + to_string(a_phase) + ":1");
  EXPECT_EQ(t.owes(), (std::vector<std::string>{"cancel", "report"}));
  t.when(good()).leads_to_nothing();
  a_phase_that_awaits_approval().when(phase::abort{"stop"}).leads_to({"phase.aborted"});
}

TEST(phase, that_has_not_begun_is_closed_before_it_does) {
  auto s = given<phase_aggregate>();
  s.when(phase::abort{"stop"}).refuses(errc::phase_not_found);
  s.when(phase::abort{"stop", a_phase, a_run, "spec"}).leads_to({"phase.started", "phase.aborted"});
  const auto told = std::get<run::phase_reported>(s.reactions<effect::send>().at(0).what).what;
  EXPECT_EQ(told.phase, a_phase);
  EXPECT_EQ(told.key, "spec");
  s.when(phase::start{an_assignment()}).leads_to_nothing();
}

TEST(phase, starts_once_and_not_without_a_model) {
  auto s = a_turn_that_calls();
  s.when(phase::start{an_assignment()}).leads_to_nothing();
  auto work = an_assignment();
  work.agent.models.clear();
  given<phase_aggregate>().when(phase::start{work}).refuses(errc::provider_unavailable);
  given<phase_aggregate>().when(turn::resume{}).refuses(errc::invalid_transition);
  given<phase_aggregate>().when(good()).refuses(errc::invalid_transition);
}

TEST(phase, ignores_what_comes_at_the_wrong_time) {
  auto s = a_turn_that_calls();
  s.when(good()).leads_to_nothing();
  s.when(phase::artifact_unreadable{refuse(errc::io_failed, "x")}).leads_to_nothing();
  s.when(phase::approval_settled{}).leads_to_nothing();
  auto t = a_phase_that_validates();
  t.when(good());
  t.when(good()).leads_to_nothing();
  t.when(phase::artifact_unreadable{refuse(errc::io_failed, "x")}).leads_to_nothing();
  t.when(phase::approval_settled{}).leads_to_nothing();
  t.when(phase::abort{"late"}).leads_to_nothing();
  t.when(turn::stop{{}, "late"}).leads_to_nothing();
  t.when(answers(an_id<tool_call_id>("late"))).leads_to_nothing();
}

} // namespace
} // namespace ash::testing
