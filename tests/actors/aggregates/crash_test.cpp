#include "tests/actors/aggregates/world.hpp"

#include <set>

namespace ash::testing {
namespace {

template <class T> std::int64_t count(const world& w, const stream_id& stream) {
  return std::ssize(all_of<T>(w.facts_of(stream)));
}

/// Tools in the first two steps, an artifact that needs its repair, then a tool again. The answers
/// depend on what is durable and on nothing else, so that a crash does not change the plot.
outside a_script(const world*& w) {
  outside o;
  o.work.approval = true;
  o.work.agent.tool_bounds.writable_paths = {"src/**"}; // so that both writes are asked about
  o.model = [&w](const stream_id& owner, call_id call) -> any_command {
    switch (count<turn::call_completed>(*w, owner)) {
    case 0:
      return wants(call,
                   {asks("read_file", R"({"path":"a"})", "1"),
                    asks("write_file", R"({"path":"out/spec.json"})", "2")});
    case 1:
      if (count<turn::call_failed>(*w, owner) == 0)
        return fails(call, errc::provider_unavailable, true);
      return wants(call, {asks("complete", "{}", "3")});
    case 2:
      return wants(call, {asks("write_file", R"({"path":"out/spec.json","fixed":1})", "4")});
    default:
      return says(call, "finished");
    }
  };
  o.tool = [](const tool_call::requested& what) {
    tool_call::finish end;
    end.text = "done";
    if (what.effect == effect_class::write)
      end.written = {{"out/spec.json", "abc"}};
    return end;
  };
  o.artifact = [&w](const stream_id& owner) -> any_command {
    if (count<phase::artifact_rejected>(*w, owner) == 0)
      return phase::artifact_checked{true, "{", "bad", {{"", "type", "no"}}, "Repair it."};
    return phase::artifact_checked{true, R"({"ok":true})", "abc", {}, {}};
  };
  return o;
}

run::start a_run_of_one_phase() {
  run::start c;
  c.what.run = a_run;
  c.what.phases = {{"spec", "writer", "out/spec.json", true}};
  c.what.worktree = "/worktree";
  c.what.scopes = {a_scope("run:" + to_string(a_run)), a_scope("day:2026-11-21", usd{300'000'000})};
  c.what.scopes.back().policy = budget_policy::prompt; // so that most calls are asked about
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  return c;
}

void run_to_the_end(world& w) {
  const auto run = stream_of(a_run);
  w.settle();
  for (int left = 50; left > 0 && !run_aggregate::is_final(w.state_of<run_aggregate>(run));
       --left) {
    for (const auto& a : std::vector{std::get<run::live>(w.state_of<run_aggregate>(run)).approvals})
      if (!a.decision) {
        ASSERT_TRUE(w.tell(run, run::decide_approval{a.what.approval, {}, "ann", ""}));
        EXPECT_FALSE(w.tell(run, run::decide_approval{a.what.approval, {}, "bob", ""}));
      }
    w.settle();
  }
}

phase::completed the_end(const world& w) {
  for (const auto& stream : w.streams())
    if (stream.kind() == entity_kind::phase)
      if (const auto ends = all_of<phase::completed>(w.facts_of(stream)); ends.size() == 1)
        return ends.front();
  ADD_FAILURE() << "the phase did not complete";
  return {};
}

void expect_same_end(const world& w, const phase::completed& end) {
  EXPECT_EQ(the_end(w).sha256, end.sha256);
  EXPECT_EQ(the_end(w).artifact.text, end.artifact.text);
  EXPECT_EQ(the_end(w).summary, end.summary);
  EXPECT_EQ(std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run))).at,
            run::status::completed);
  expect_invariants(w);
  expect_nothing_left(w);
}

/// The script without a crash.
std::vector<world::appended> a_whole_history(phase::completed& end) {
  const world* self = nullptr;
  world w{a_script(self)};
  self = &w;
  EXPECT_TRUE(w.tell(stream_of(a_run), a_run_of_one_phase()));
  run_to_the_end(w);
  end = the_end(w);
  expect_same_end(w, end);
  std::set<run::approval_kind> kinds;
  for (const auto& a : all_of<run::approval_requested>(w.facts_of(stream_of(a_run))))
    kinds.insert(a.kind);
  EXPECT_EQ(kinds.size(), 3U) << "an artifact, a tool and a budget are asked about";
  EXPECT_EQ(w.calls_made.size(), 5U);
  return w.log();
}

TEST(crash, after_any_append_leads_to_the_same_artifact) {
  phase::completed end;
  const auto log = a_whole_history(end);
  ASSERT_GT(log.size(), 50U);
  for (std::size_t cut = 1; cut <= log.size() && !HasFailure(); ++cut) {
    SCOPED_TRACE("cut after append " + std::to_string(cut) + " of " + std::to_string(log.size()));
    const world* self = nullptr;
    world w{a_script(self)};
    self = &w;
    w.restore(log, cut);
    run_to_the_end(w);
    expect_same_end(w, end);
    for (const auto& [call, times] : w.calls_made)
      for (std::size_t i = 0; i < cut; ++i)
        for (const auto& f : all_of<turn::call_completed>(log[i].facts))
          EXPECT_NE(f.call, call) << "a model call that had completed was made again";
  }
}

TEST(crash, twice_with_every_effect_half_done_leads_to_the_same_artifact) {
  phase::completed end;
  const auto log = a_whole_history(end);
  for (std::size_t cut = 1; cut <= log.size() && !HasFailure(); ++cut) {
    SCOPED_TRACE("cut after append " + std::to_string(cut));
    const world* self = nullptr;
    world w{a_script(self)};
    self = &w;
    w.restore(log, cut);
    for (std::size_t at = 0; at < w.waiting() && at < 3; ++at)
      w.crash_within(at);
    run_to_the_end(w);
    expect_same_end(w, end);
  }
}

} // namespace
} // namespace ash::testing
