// Runs in which a model has to decide about a write, cut after any append: whatever it says, it is
// asked once, and what follows happens once.
#include "actors/aggregates/model_review.hpp"
#include "tests/actors/aggregates/world.hpp"

#include <string>

namespace ash::testing {
namespace {

constexpr auto says_nothing = "I would rather not say.";

std::vector<stream_id> streams_of(const world& w, entity_kind kind) {
  std::vector<stream_id> out;
  for (const auto& stream : w.streams())
    if (stream.kind() == kind)
      out.push_back(stream);
  return out;
}

run::start a_run_to_review() {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "dev@1";
  c.what.phases = {{"spec", "writer", "out/spec.json", false}};
  c.what.worktree = "/worktree";
  c.what.scopes = {a_scope("run:" + to_string(a_run)), a_scope()};
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  return c;
}

const run::live& run_in(const world& w) {
  return std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run)));
}

/// The phase writes one file where it may not by itself. What is said depends on what is durable
/// and on nothing else.
outside a_script(const world*& w, const std::string& verdict) {
  outside o;
  o.work.agent = an_agent();
  o.work.agent.tool_bounds.writable_paths = {"src/**"};
  o.work.agent.tool_bounds.reviewer = "test:judge";
  o.model = [&w, verdict](const stream_id& owner, call_id call) -> any_command {
    if (owner.kind() == entity_kind::session)
      return says(call, verdict);
    return all_of<turn::call_completed>(w->facts_of(owner)).empty()
               ? any_command{wants(call, {asks("write_file", R"({"path":"docs/a"})")})}
               : any_command{says(call, "finished")};
  };
  o.tool = [](const tool_call::requested&) { return tool_call::finish{}; };
  o.artifact = [](const stream_id&) { return phase::artifact_checked{true, "{}", "abc", {}, {}}; };
  return o;
}

void bring_home(world& w) {
  const auto run = stream_of(a_run);
  for (int left = 50; left > 0 && !run_aggregate::is_final(w.state_of<run_aggregate>(run));
       --left) {
    w.settle();
    for (const auto& a : std::vector{run_in(w).approvals})
      if (!a.decision)
        (void)w.tell(run, run::decide_approval{a.what.approval, {}, "someone", ""});
  }
  w.settle();
}

void run_to_the_end(world& w, const std::string& verdict) {
  bring_home(w);
  EXPECT_EQ(run_in(w).at, run::status::completed);
  const auto sessions = streams_of(w, entity_kind::session);
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(all_of<session::ended>(w.facts_of(sessions.front())).size(), 1U);
  const auto calls = streams_of(w, entity_kind::tool_call);
  ASSERT_EQ(calls.size(), 1U);
  const auto& facts = w.facts_of(calls.front());
  const auto verdicts = all_of<tool_call::reviewed>(facts);
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts.front().by, verdict == says_nothing ? "someone" : "model test:judge");
  EXPECT_EQ(all_of<run::approval_requested>(w.facts_of(stream_of(a_run))).size(),
            verdict == says_nothing ? 1U : 0U);
  EXPECT_EQ(all_of<tool_call::started>(facts).size(), verdict == denies ? 0U : 1U);
  for (const auto& [call, times] : w.tools_run)
    EXPECT_EQ(times, 1);
  expect_invariants(w);
  expect_nothing_left(w);
}

TEST(model_review_histories, cut_after_any_append_go_on_with_the_same_verdict) {
  for (const std::string verdict : {approves, denies, says_nothing}) {
    const world* self = nullptr;
    world whole{a_script(self, verdict)};
    self = &whole;
    ASSERT_TRUE(whole.tell(stream_of(a_run), a_run_to_review()));
    run_to_the_end(whole, verdict);
    const auto log = whole.log();
    ASSERT_GT(log.size(), 20U);
    for (std::size_t cut = 1; cut <= log.size() && !HasFailure(); ++cut) {
      SCOPED_TRACE(verdict + ": cut after append " + std::to_string(cut));
      world w{a_script(self, verdict)};
      self = &w;
      w.restore(log, cut);
      run_to_the_end(w, verdict);
      for (const auto& [call, times] : w.calls_made)
        for (std::size_t i = 0; i < cut; ++i)
          for (const auto& f : all_of<turn::call_completed>(log[i].facts))
            EXPECT_NE(f.call, call) << "a model call that had completed was made again";
    }
  }
}

TEST(model_review_histories, of_aborted_runs_leave_no_review_behind) {
  const world* self = nullptr;
  world whole{a_script(self, approves)};
  self = &whole;
  ASSERT_TRUE(whole.tell(stream_of(a_run), a_run_to_review()));
  run_to_the_end(whole, approves);
  const auto log = whole.log();
  for (std::size_t cut = 1; cut <= log.size() && !HasFailure(); ++cut) {
    SCOPED_TRACE("aborted after append " + std::to_string(cut));
    world w{a_script(self, approves)};
    self = &w;
    w.restore(log, cut);
    (void)w.tell(stream_of(a_run), run::abort{"enough", "someone"});
    w.settle();
    for (const auto& stream : streams_of(w, entity_kind::session))
      EXPECT_TRUE(session_aggregate::is_final(w.state_of<session_aggregate>(stream)));
    for (const auto& stream : streams_of(w, entity_kind::tool_call))
      EXPECT_TRUE(tool_call_aggregate::is_final(w.state_of<tool_call_aggregate>(stream)));
    expect_invariants(w);
    expect_nothing_left(w);
  }
}

} // namespace
} // namespace ash::testing
