// A run whose phases are a graph: what begins when, what is left out, what is tried again.
#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

#include <algorithm>

namespace ash::testing {
namespace {

using graph_story = story<run_aggregate>;
using strings = std::vector<std::string>;

run::planned_phase planned(const std::string& key, std::vector<std::string> needs) {
  run::planned_phase out{key, "writer", "out/" + key, false};
  out.needs = std::move(needs);
  return out;
}

run::start a_graph(std::vector<run::planned_phase> phases, std::int64_t parallel) {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "graph@1";
  c.what.phases = std::move(phases);
  c.what.worktree = "/worktree";
  c.what.branch = "ash/run";
  c.what.parallel = parallel;
  c.bindings = {{"writer", "w@1", "", R"({"w":1})", ""}};
  return c;
}

graph_story begun(std::vector<run::planned_phase> phases, std::int64_t parallel = 4) {
  auto s = given<run_aggregate>();
  s.when(a_graph(std::move(phases), parallel));
  s.when(run::workspace_ready{"/worktree", "ash/run", "c0ffee"});
  return s;
}

const run::phase_progress& phase_of(const graph_story& s, const std::string& key) {
  return *run::find_phase(s.in<run::live>(), key);
}

strings open_keys(const graph_story& s) {
  strings out;
  for (const auto* each : run::open_phases(s.in<run::live>()))
    out.push_back(each->key);
  std::sort(out.begin(), out.end());
  return out;
}

run::phase_reported ends(const graph_story& s,
                         const std::string& key,
                         run::phase_outcome outcome = run::phase_outcome::completed,
                         const std::string& code = "artifact_invalid") {
  run::phase_closed end;
  end.key = key;
  end.phase = phase_of(s, key).phase;
  end.outcome = outcome;
  end.artifact_path = "out/" + key;
  if (outcome == run::phase_outcome::failed)
    end.code = code;
  return {end};
}

void complete(graph_story& s, const std::string& key) {
  s.when(ends(s, key));
  s.when(run::phase_merged_in{phase_of(s, key).phase, "beef"});
}

graph_story a_diamond(std::int64_t parallel = 4) {
  return begun({planned("top", {}),
                planned("left", {"top"}),
                planned("right", {"top"}),
                planned("join", {"left", "right"})},
               parallel);
}

TEST(run_graph, begins_what_needs_nothing_and_waits_with_the_rest) {
  const auto s = a_diamond();
  EXPECT_EQ(open_keys(s), strings{"top"});
  EXPECT_EQ(phase_of(s, "top").branch, "ash/run.top");
  EXPECT_EQ(phase_of(s, "top").worktree, "/worktree.top");
}

TEST(run_graph, begins_side_by_side_once_what_is_needed_is_merged) {
  auto s = a_diamond();
  s.when(ends(s, "top")).leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reactions<effect::merge_phase>().size(), 1U);
  EXPECT_EQ(s.owed<effect::merge_phase>().size(), 1U) << "owed again after a restart";
  EXPECT_TRUE(open_keys(s).empty()) << "its work is not on the run's branch yet";
  s.when(run::phase_merged_in{phase_of(s, "top").phase, "beef"})
      .leads_to({"run.phase.merged", "run.phase.opened", "run.phase.opened"});
  EXPECT_EQ(open_keys(s), (strings{"left", "right"}));
  EXPECT_NE(phase_of(s, "left").worktree, phase_of(s, "right").worktree);
}

TEST(run_graph, goes_on_side_by_side_after_a_restart_while_one_phase_waits_for_someone) {
  auto s = a_diamond();
  complete(s, "top");
  run::approval_requested what;
  what.approval = an_id<approval_id>("approval");
  what.asker = stream_of(phase_of(s, "left").phase);
  what.phase_key = "left";
  s.when(run::request_approval{what});
  ASSERT_EQ(s.in<run::live>().at, run::status::awaiting_approval);
  std::vector<stream_id> told;
  for (const auto& each : s.owed<effect::send>())
    if (std::holds_alternative<turn::resume>(each.what))
      told.push_back(each.to);
  EXPECT_EQ(
      told,
      (std::vector{stream_of(phase_of(s, "left").phase), stream_of(phase_of(s, "right").phase)}))
      << "nobody else would load the phase that waits for nobody";
}

TEST(run_graph, joins_and_reports_when_all_is_merged) {
  auto s = a_diamond();
  complete(s, "top");
  complete(s, "right");
  EXPECT_EQ(open_keys(s), strings{"left"});
  complete(s, "left");
  EXPECT_EQ(open_keys(s), strings{"join"});
  s.when(ends(s, "join"));
  EXPECT_TRUE(s.reactions<effect::compose_report>().empty());
  s.when(run::phase_merged_in{phase_of(s, "join").phase, "beef"});
  EXPECT_EQ(s.reactions<effect::compose_report>().size(), 1U);
  EXPECT_EQ(s.owed<effect::compose_report>().size(), 1U);
}

TEST(run_graph, takes_a_merge_once) {
  auto s = a_diamond();
  complete(s, "top");
  s.when(run::phase_merged_in{phase_of(s, "top").phase, "beef"}).leads_to_nothing();
}

TEST(run_graph, keeps_to_its_limit) {
  auto s = begun({planned("a", {}), planned("b", {}), planned("c", {})}, 2);
  EXPECT_EQ(open_keys(s), (strings{"a", "b"}));
  s.when(ends(s, "a")).leads_to({"run.phase.closed", "run.phase.opened"});
  EXPECT_EQ(open_keys(s), (strings{"b", "c"}));
}

TEST(run_graph, without_room_for_two_goes_in_the_order_of_the_file_in_one_worktree) {
  auto s = a_diamond(1);
  EXPECT_EQ(phase_of(s, "top").branch, "");
  s.when(ends(s, "top")).leads_to({"run.phase.closed", "run.phase.opened"});
  EXPECT_EQ(open_keys(s), strings{"left"});
}

TEST(run_graph, a_failure_ends_the_phases_beside_it_before_the_report) {
  auto s = a_diamond();
  complete(s, "top");
  s.when(ends(s, "left", run::phase_outcome::failed)).leads_to({"run.phase.closed", "run.failed"});
  EXPECT_EQ(s.reacted(), strings{"abort"});
  EXPECT_TRUE(s.owed<effect::compose_report>().empty());
  s.when(ends(s, "right", run::phase_outcome::aborted)).leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reactions<effect::compose_report>().size(), 1U);
}

TEST(run_graph, work_that_does_not_go_together_fails_the_run) {
  auto s = a_diamond();
  complete(s, "top");
  complete(s, "left");
  s.when(ends(s, "right"));
  s.when(run::phase_unmergeable{phase_of(s, "right").phase,
                                refuse(errc::merge_conflict, "both changed a.txt")})
      .leads_to({"run.failed"});
  EXPECT_EQ(s.the<run::failed>().code, "merge_conflict");
  EXPECT_EQ(s.the<run::failed>().phase_key, "right");
}

// -- conditions -----------------------------------------------------------------------------------

graph_story with_a_condition() {
  auto fix = planned("fix", {"review"});
  fix.condition = {"review", "/verdict", "equals", R"("reject")"};
  return begun({planned("review", {}), fix, planned("verify", {"fix"})});
}

TEST(run_graph, asks_for_a_condition_with_the_artifact_that_it_reads) {
  auto s = with_a_condition();
  complete(s, "review");
  ASSERT_EQ(s.reactions<effect::check_condition>().size(), 1U);
  EXPECT_TRUE(s.reactions<effect::check_condition>().front().artifact);
  EXPECT_EQ(s.owed<effect::check_condition>().size(), 1U) << "owed again after a restart";
  EXPECT_TRUE(open_keys(s).empty());
}

TEST(run_graph, begins_a_phase_whose_condition_holds) {
  auto s = with_a_condition();
  complete(s, "review");
  s.when(run::condition_checked{"fix", true, "it is \"reject\""}).leads_to({"run.phase.opened"});
  s.when(run::condition_checked{"fix", true, "again"}).leads_to_nothing();
}

TEST(run_graph, goes_on_without_a_phase_whose_condition_does_not_hold) {
  auto s = with_a_condition();
  complete(s, "review");
  s.when(run::condition_checked{"fix", false, "it is \"accept\""})
      .leads_to({"run.phase.omitted", "run.phase.opened"});
  EXPECT_EQ(open_keys(s), strings{"verify"});
  complete(s, "verify");
  EXPECT_EQ(s.owed<effect::compose_report>().size(), 1U);
}

TEST(run_graph, a_condition_that_can_not_be_told_fails_the_run) {
  auto s = with_a_condition();
  complete(s, "review");
  s.when(run::condition_checked{"fix", false, {}, refuse(errc::blob_not_found, "gone")})
      .leads_to({"run.failed"});
}

TEST(run_graph, a_sequence_has_conditions_too) {
  auto second = planned("second", {});
  second.condition = {"first", "", "exists", ""};
  auto s = begun({planned("first", {}), second}, 1);
  s.when(ends(s, "first")).leads_to({"run.phase.closed"});
  EXPECT_EQ(s.reactions<effect::check_condition>().size(), 1U);
  s.when(run::condition_checked{"second", false, "no"}).leads_to({"run.phase.omitted"});
  EXPECT_EQ(s.reactions<effect::compose_report>().size(), 1U);
}

// -- retries --------------------------------------------------------------------------------------

TEST(run_graph, tries_again_in_a_worktree_of_its_own_as_often_as_it_may) {
  auto risky = planned("risky", {});
  risky.retries = 1;
  auto s = begun({risky, planned("other", {})});
  s.when(ends(s, "risky", run::phase_outcome::failed))
      .leads_to({"run.phase.closed", "run.phase.opened"});
  EXPECT_EQ(phase_of(s, "risky").attempt, 2);
  EXPECT_EQ(phase_of(s, "risky").branch, "ash/run.risky.2");
  s.when(ends(s, "risky", run::phase_outcome::failed)).leads_to({"run.phase.closed", "run.failed"});
}

TEST(run_graph, does_not_try_again_what_a_person_rejected) {
  auto risky = planned("risky", {});
  risky.retries = 3;
  auto s = begun({risky}, 1);
  s.when(ends(s, "risky", run::phase_outcome::failed, "approval_rejected"))
      .leads_to({"run.phase.closed", "run.failed"});
}

TEST(run_graph, goes_on_after_an_interruption_where_it_was) {
  auto s = a_diamond();
  complete(s, "top");
  s.when(run::interrupt{run::interruption::crash, "killed"});
  s.when(ends(s, "left")).leads_to({"run.phase.closed"});
  s.when(run::resume{"ann"}).leads_to({"run.resumed", "phase.skipped", "phase.skipped"});
  EXPECT_EQ(s.reactions<effect::merge_phase>().size(), 1U);
  EXPECT_EQ(open_keys(s), strings{"right"});
}

} // namespace
} // namespace ash::testing
