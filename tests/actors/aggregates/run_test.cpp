#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

namespace ash::testing {
namespace {

using run_story = story<run_aggregate>;
using strings = std::vector<std::string>;

run::start a_start() {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "dev@1";
  c.what.phases = {{"spec", "writer", "out/spec.json", false}, {"review", "reader", "out/r", true}};
  c.what.worktree = "/worktree";
  c.bindings = {{"writer", "w@1", "", R"({"w":1})", ""}, {"reader", "r@1", "", R"({"r":1})", ""}};
  return c;
}

run_story a_started_run() {
  auto s = given<run_aggregate>();
  s.when(a_start());
  return s;
}
run_story a_run_with_an_open_phase() {
  auto s = a_started_run();
  s.when(run::workspace_ready{"/worktree", "ash/run", "c0ffee"});
  return s;
}
phase_id open_phase(const run_story& s) {
  return s.in<run::live>().phases.back().phase;
}
run::status at(const run_story& s) {
  return s.in<run::live>().at;
}

run::phase_reported reports(const run_story& s, run::phase_outcome outcome) {
  run::phase_closed end;
  end.key = s.in<run::live>().phases.back().key;
  end.phase = open_phase(s);
  end.outcome = outcome;
  end.artifact_path = "out";
  end.code = outcome == run::phase_outcome::failed ? "artifact_invalid" : "";
  end.cost = usd{5};
  return {end};
}
run_story a_run_in_its_second_phase() {
  auto s = a_run_with_an_open_phase();
  s.when(reports(s, run::phase_outcome::completed));
  return s;
}
run_story a_run_that_writes_its_report() {
  auto s = a_run_in_its_second_phase();
  s.when(reports(s, run::phase_outcome::completed));
  return s;
}
run::approval_requested an_approval(const run_story& s, instant expires = {}) {
  return {an_id<approval_id>("approval"),
          run::approval_kind::artifact,
          stream_of(open_phase(s)),
          "review",
          "out/r",
          1,
          expires};
}
run_story a_run_that_awaits_approval(instant expires = {}) {
  auto s = a_run_in_its_second_phase();
  s.when(run::request_approval{an_approval(s, expires)});
  return s;
}
run::decide_approval decides(run::decision_kind kind) {
  return {an_id<approval_id>("approval"), kind, "ann", "because"};
}

TEST(run, starts_with_its_bindings_and_prepares_a_worktree) {
  auto s = a_started_run();
  s.leads_to({"run.created", "run.bound", "run.started"});
  EXPECT_EQ(s.reacted(), strings{"workspace"});
  EXPECT_EQ(s.owes(), strings{"workspace"});
  s.when(a_start()).leads_to_nothing();
}

TEST(run, does_not_start_without_phases_or_bindings) {
  auto c = a_start();
  c.what.phases.clear();
  given<run_aggregate>().when(c).refuses(errc::definition_invalid);
  c = a_start();
  c.bindings.pop_back();
  given<run_aggregate>().when(c).refuses(errc::run_metadata_missing);
  given<run_aggregate>().when(run::resume{}).refuses(errc::run_not_found);
  given<run_aggregate>().when(run::abort{}).refuses(errc::run_not_found);
}

TEST(run, opens_its_phases_in_order_and_then_reports) {
  auto s = a_run_with_an_open_phase();
  s.leads_to({"run.workspace.prepared", "run.phase.opened"});
  EXPECT_EQ(s.reactions<effect::open_phase>().at(0).persona_json, R"({"w":1})");
  s.when(run::workspace_ready{"/worktree", "b", "c"}).leads_to_nothing();
  const auto done = reports(s, run::phase_outcome::completed);
  s.when(done).leads_to({"run.phase.closed", "run.phase.opened"});
  const auto next = s.reactions<effect::open_phase>().at(0);
  s.when(done).leads_to_nothing();
  EXPECT_EQ(next.key, "review");
  EXPECT_EQ(next.earlier.at(0).phase_key, "spec");
  s.when(reports(s, run::phase_outcome::completed)).leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reactions<effect::compose_report>().at(0).outcome, "completed");
  EXPECT_EQ(s.owes(), strings{"report"});
  s.when(run::report_ready{{}, "completed"}).leads_to({"run.report.composed", "run.completed"});
  s.when(run::report_ready{{}, "completed"}).leads_to_nothing();
  s.when(run::report_lost{{}, "completed"}).leads_to_nothing();
  EXPECT_TRUE(s.owes().empty());
  EXPECT_TRUE(s.is_final());
}

TEST(run, completes_though_its_report_is_lost) {
  auto s = a_run_that_writes_its_report();
  s.when(run::report_lost{refuse(errc::report_write_failed, "full"), "completed"})
      .leads_to({"run.report.failed", "run.completed"});
  EXPECT_TRUE(s.is_final());
}

TEST(run, fails_where_its_work_cannot_be_saved_and_still_reports) {
  auto s = a_run_that_writes_its_report();
  s.when(run::report_lost{refuse(errc::git_failed, "no"), "completed"}).leads_to({"run.failed"});
  EXPECT_EQ(s.reactions<effect::compose_report>().at(0).outcome, "failed");
  s.when(run::report_ready{{}, "failed"}).leads_to({"run.report.composed"});
  EXPECT_TRUE(s.is_final());
}

TEST(run, fails_with_its_worktree) {
  auto s = a_started_run();
  s.when(run::workspace_failed{refuse(errc::git_failed, "no")}).leads_to({"run.failed"});
  EXPECT_EQ(s.reacted(), strings{"report"});
  s.when(run::workspace_failed{}).leads_to_nothing();
  s.when(run::report_ready{{}, "failed"}).leads_to({"run.report.composed"});
  EXPECT_EQ(at(s), run::status::failed);
  EXPECT_TRUE(s.is_final());
}

TEST(run, fails_with_its_phase) {
  auto s = a_run_with_an_open_phase();
  s.when(reports(s, run::phase_outcome::failed)).leads_to({"run.phase.closed", "run.failed"});
  EXPECT_EQ(s.the<run::failed>().code, "artifact_invalid");
  EXPECT_EQ(s.the<run::failed>().phase_key, "spec");
  EXPECT_EQ(s.reactions<effect::compose_report>().at(0).outcome, "failed");
}

TEST(run, fails_where_a_phase_cannot_start) {
  auto s = a_run_with_an_open_phase();
  s.when(run::phase_unstartable{an_id<phase_id>("x"), {}}).leads_to_nothing();
  s.when(run::phase_unstartable{open_phase(s), refuse(errc::schema_not_found, "none")})
      .leads_to({"run.phase.closed", "run.failed"});
}

TEST(run, is_aborted_with_its_phase) {
  auto s = a_run_with_an_open_phase();
  s.when(reports(s, run::phase_outcome::aborted)).leads_to({"run.phase.closed", "run.aborted"});
  EXPECT_EQ(s.reactions<effect::compose_report>().at(0).outcome, "aborted");
}

TEST(run, that_is_aborted_reports_only_after_its_phase_has_closed) {
  auto s = a_run_with_an_open_phase();
  s.when(run::abort{"enough", "ann"}).then({run::aborted{"enough", "ann"}});
  EXPECT_EQ(s.reacted(), strings{"abort"});
  EXPECT_EQ(s.owes(), strings{"abort"});
  EXPECT_FALSE(s.is_final());
  const auto sent = std::get<phase::abort>(s.owed<effect::send>().at(0).what);
  EXPECT_EQ(sent.phase, open_phase(s));
  s.when(reports(s, run::phase_outcome::aborted)).leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reacted(), strings{"report"});
  s.when(run::report_ready{{}, "aborted"}).leads_to({"run.report.composed"});
  EXPECT_EQ(at(s), run::status::aborted);
  EXPECT_TRUE(s.is_final());
  s.when(run::abort{}).refuses(errc::run_already_terminal);
  s.when(run::resume{}).refuses(errc::run_already_terminal);
  s.when(run::request_approval{}).refuses(errc::run_already_terminal);
  s.when(run::interrupt{}).leads_to_nothing();
}

TEST(run, that_is_aborted_ends_though_its_phase_never_started) {
  auto s = a_run_with_an_open_phase();
  s.when(run::abort{"enough", "ann"});
  s.when(run::phase_unstartable{open_phase(s), refuse(errc::io_failed, "no")})
      .leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reacted(), strings{"report"});
}

TEST(run, that_is_aborted_before_its_worktree_takes_no_late_one) {
  auto s = a_started_run();
  s.when(run::abort{"enough", "ann"});
  EXPECT_EQ(s.reacted(), strings{"report"});
  s.when(run::workspace_ready{}).leads_to_nothing();
}

TEST(run, is_interrupted_and_skips_its_complete_phases_when_resumed) {
  auto s = a_run_in_its_second_phase();
  s.when(run::interrupt{run::interruption::shutdown, "bye"}).leads_to({"run.interrupted"});
  EXPECT_TRUE(s.owes().empty());
  s.when(run::interrupt{}).leads_to_nothing();
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "phase.skipped"});
  EXPECT_EQ(s.reacted(), (strings{"open", "resume"}));
  EXPECT_EQ(s.owes(), (strings{"open", "resume"}));
  s.when(run::resume{"ann"}).leads_to_nothing();
}

TEST(run, that_is_interrupted_takes_what_happens_meanwhile_and_opens_nothing) {
  auto s = a_started_run();
  s.when(run::interrupt{});
  s.when(run::workspace_ready{"/worktree", "b", "c"}).leads_to({"run.workspace.prepared"});
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "run.phase.opened"});
  s.when(run::interrupt{});
  s.when(reports(s, run::phase_outcome::completed)).leads_to({"run.phase.closed"});
  EXPECT_TRUE(s.reacted().empty());
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "phase.skipped", "run.phase.opened"});
  s.when(run::interrupt{});
  s.when(reports(s, run::phase_outcome::completed));
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "phase.skipped", "phase.skipped"});
  EXPECT_EQ(s.reacted(), strings{"report"});
}

TEST(run, is_interrupted_by_an_exhausted_budget) {
  auto s = a_run_with_an_open_phase();
  s.when(run::phase_blocked{an_id<phase_id>("x"), "day", {}}).leads_to_nothing();
  s.when(run::phase_blocked{open_phase(s), "day", refuse(errc::budget_exhausted, "no money")})
      .then({run::interrupted{run::interruption::budget, "no money"}});
  s.when(run::phase_blocked{open_phase(s), "day", {}}).leads_to_nothing();
  s.when(run::resume{"ann"});
  EXPECT_EQ(s.reacted(), (strings{"open", "resume"}));
}

TEST(run, decides_an_approval_once_and_tells_who_asked) {
  auto s = a_run_that_awaits_approval();
  EXPECT_EQ(at(s), run::status::awaiting_approval);
  s.when(run::request_approval{an_approval(s)}).leads_to_nothing();
  s.when(run::interrupt{}).leads_to_nothing();
  s.when(run::decide_approval{an_id<approval_id>("x"), {}, {}, {}})
      .refuses(errc::approval_not_found);
  s.when(decides(run::decision_kind::request_changes)).leads_to({"approval.decided"});
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(open_phase(s)));
  EXPECT_EQ(std::get<phase::approval_settled>(sent.what).comment, "because");
  EXPECT_EQ(at(s), run::status::executing);
  EXPECT_EQ(s.owes(), (strings{"open", "resume", "decided"}));
  s.when(decides(run::decision_kind::approve)).refuses(errc::approval_already_decided);
}

TEST(run, rejects_an_approval_that_nobody_decides_in_time) {
  auto s = a_run_that_awaits_approval(noon + 60 * us_per_s);
  EXPECT_EQ(s.reactions<effect::tell_self>().at(0).due, noon + 60 * us_per_s);
  EXPECT_EQ(s.owes(), (strings{"expire", "open", "resume"})) << "phases beside it go on";
  s.when(run::approval_due{an_id<approval_id>("x")}).leads_to_nothing();
  s.when(run::approval_due{an_id<approval_id>("approval")}).leads_to({"approval.decided"});
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::reject);
  s.when(run::approval_due{an_id<approval_id>("approval")}).leads_to_nothing();
}

TEST(run, that_is_over_cancels_what_nobody_has_decided) {
  auto s = a_run_that_awaits_approval();
  s.when(run::abort{"enough", "ann"}).leads_to({"approval.decided", "run.aborted"});
  EXPECT_EQ(s.the<run::approval_decided>().decision, run::decision_kind::cancel);
  EXPECT_EQ(s.reacted(), strings{"abort"}) << "nobody is told of a cancelled approval";
  auto t = a_run_that_awaits_approval();
  t.when(reports(t, run::phase_outcome::failed))
      .leads_to({"run.phase.closed", "approval.decided", "run.failed"});
}

TEST(run, that_is_resumed_while_an_approval_is_open_goes_on_waiting_for_it) {
  auto s = a_run_in_its_second_phase();
  s.when(run::interrupt{});
  s.when(run::request_approval{an_approval(s)}).leads_to({"approval.requested"});
  EXPECT_EQ(at(s), run::status::interrupted);
  s.when(run::resume{"ann"});
  EXPECT_EQ(at(s), run::status::awaiting_approval);
  s.when(decides(run::decision_kind::approve));
  EXPECT_EQ(at(s), run::status::executing);
}

TEST(run, that_is_aborted_while_it_reports_wants_another_report) {
  auto s = a_run_that_writes_its_report();
  s.when(run::abort{"enough", "ann"});
  EXPECT_EQ(s.reactions<effect::compose_report>().at(0).outcome, "aborted");
  s.when(run::report_ready{{}, "completed"}).leads_to_nothing();
  s.when(run::report_ready{{}, "aborted"}).leads_to({"run.report.composed"});
  EXPECT_EQ(at(s), run::status::aborted);
}

} // namespace
} // namespace ash::testing
