// Runs whose agents ask for help, up to three deep and several at a time, with everything that can
// come in between: crashes, aborts, budgets, approvals. No child is lost, and none is there twice.
#include "actors/aggregates/delegation.hpp"
#include "tests/actors/aggregates/world.hpp"

#include <random>
#include <set>

namespace ash::testing {
namespace {

constexpr std::size_t most_sessions = 12;

class dice {
public:
  explicit dice(std::uint64_t seed) : bits_{seed} {}
  std::uint64_t below(std::uint64_t bound) { return bits_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
  std::mt19937_64 bits_;
};

std::vector<stream_id> streams_of(const world& w, entity_kind kind) {
  std::vector<stream_id> out;
  for (const auto& stream : w.streams())
    if (stream.kind() == kind)
      out.push_back(stream);
  return out;
}

run::start a_run_with_helpers(usd cap = one_dollar) {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "dev@1";
  c.what.phases = {{"spec", "writer", "out/spec.json", false}};
  c.what.worktree = "/worktree";
  c.what.scopes = {a_scope("run:" + to_string(a_run)), a_scope("day:2026-11-21", cap)};
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  return c;
}

const run::live& run_in(const world& w) {
  return std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run)));
}

/// As the runtime does it: what a budget blocked beneath the run goes on with it.
void resume(world& w) {
  (void)w.tell(stream_of(a_run), run::resume{"someone"});
  for (const auto& child : streams_of(w, entity_kind::session))
    (void)w.tell(child, turn::resume{});
}

void bring_home(world& w) {
  const auto run = stream_of(a_run);
  for (int left = 200; left > 0 && !run_aggregate::is_final(w.state_of<run_aggregate>(run));
       --left) {
    w.settle();
    if (run_in(w).at == run::status::interrupted) {
      (void)w.tell(stream_of_budget("day:2026-11-21"),
                   budget::set_cap{usd{one_dollar.pico * 5 + left}, {}, "someone"});
      resume(w);
    }
    for (const auto& a : std::vector{run_in(w).approvals})
      if (!a.decision)
        (void)w.tell(run, run::decide_approval{a.what.approval, {}, "someone", ""});
  }
  w.settle();
}

/// Every call for a sub-agent has one child, which is over and was answered for once.
void expect_no_orphan(const world& w) {
  std::set<session_id> wanted;
  for (const auto& stream : streams_of(w, entity_kind::tool_call)) {
    EXPECT_TRUE(tool_call_aggregate::is_final(w.state_of<tool_call_aggregate>(stream)))
        << stream.text() << " is not over";
    for (const auto& f : all_of<tool_call::delegated>(w.facts_of(stream)))
      EXPECT_TRUE(wanted.insert(f.session).second);
  }
  for (const auto& stream : streams_of(w, entity_kind::session)) {
    const auto& facts = w.facts_of(stream);
    const auto made = all_of<session::created>(facts);
    if (made.empty())
      continue; // asked for when it could not be created
    EXPECT_EQ(made.size(), 1U);
    EXPECT_TRUE(wanted.contains(made.front().session)) << stream.text() << " was asked for by none";
    EXPECT_LE(made.front().depth, delegation::max_depth);
    EXPECT_TRUE(session_aggregate::is_final(w.state_of<session_aggregate>(stream)))
        << stream.text() << " is an orphan";
    EXPECT_EQ(all_of<session::ended>(facts).size(), 1U);
    EXPECT_LE(all_of<turn::started>(facts).size(), 1U) << "a child has one turn";
  }
}

// -- at random ------------------------------------------------------------------------------------

any_command random_answer(dice& d, const world& w, call_id call) {
  const auto room = streams_of(w, entity_kind::session).size() < most_sessions;
  switch (d.below(10)) {
  case 0:
    return fails(call, errc::provider_unavailable, true);
  case 1:
    return d.one_in(3) ? says(call, "") : says(call, "well");
  case 2:
    return wants(call,
                 {asks("write_file", R"({"path":"f)" + std::to_string(d.below(50)) + R"("})")});
  case 3:
  case 4:
  case 5: {
    std::vector<tool_request> tools;
    for (auto left = room ? d.below(4) : 0; left > 0; --left)
      tools.push_back(asks_for_help("task " + std::to_string(d.below(1'000)), ""));
    if (d.one_in(3))
      tools.push_back(asks("read_file", R"({"path":"a"})", ""));
    return tools.empty() ? says(call, "alone") : wants(call, std::move(tools));
  }
  default:
    return says(call, "finished");
  }
}

void meddle(world& w, dice& d) {
  const auto run = stream_of(a_run);
  switch (d.below(10)) {
  case 0:
    if (d.one_in(4))
      (void)w.tell(run, run::abort{"enough", "someone"});
    break;
  case 1:
    (void)w.tell(run, run::interrupt{run::interruption::shutdown, "going down"});
    break;
  case 2:
  case 3:
    resume(w);
    break;
  case 4:
    for (const auto& child : streams_of(w, entity_kind::session))
      if (d.one_in(20))
        (void)w.tell(child, session::end{"by hand"});
    break;
  default:
    for (const auto& a : std::vector{run_in(w).approvals})
      if (!a.decision)
        (void)w.tell(
            run,
            run::decide_approval{a.what.approval,
                                 static_cast<run::decision_kind>(d.one_in(4) ? d.below(3) : 0),
                                 "someone",
                                 "because"});
  }
}

/// `children` grows by the sub-agents that there were.
void play(std::uint64_t seed, std::size_t& children) {
  dice d{seed};
  const world* self = nullptr;
  outside o;
  o.model = [&](const stream_id&, call_id call) { return random_answer(d, *self, call); };
  o.tool = [&](const tool_call::requested&) {
    tool_call::finish end;
    end.failed = d.one_in(5);
    end.code = end.failed ? "tool_failed" : "";
    return end;
  };
  o.artifact = [](const stream_id&) { return phase::artifact_checked{true, "{}", "abc", {}, {}}; };
  o.start_fails = [&] { return d.one_in(12); };
  o.child_writes = [&] { return d.one_in(2); };
  o.child_merges = [&](const session::ended& end) {
    auto out = end;
    if (d.one_in(5))
      out.code = to_string(errc::merge_conflict);
    return out;
  };
  o.work.agent = an_agent_with_helpers();
  o.work.agent.max_steps = 4;
  if (d.one_in(3))
    o.work.agent.tool_bounds.writable_paths = {"f1*"};
  world w{std::move(o)};
  self = &w;
  const auto start = a_run_with_helpers(d.one_in(3) ? usd{one_dollar.pico / 400} : one_dollar);
  ASSERT_TRUE(w.tell(stream_of(a_run), start));
  for (auto left = d.below(300); left > 0; --left) {
    if (d.one_in(6))
      meddle(w, d);
    if (w.waiting() == 0)
      continue;
    const auto at = d.below(w.waiting());
    if (d.one_in(30))
      w.crash_within(at);
    else
      w.perform(at);
  }
  bring_home(w);
  expect_invariants(w);
  expect_nothing_left(w);
  EXPECT_TRUE(run_aggregate::is_final(w.state_of<run_aggregate>(stream_of(a_run))))
      << "the run does not end";
  expect_no_orphan(w);
  children += streams_of(w, entity_kind::session).size();
}

TEST(subagent_histories, leave_no_orphan_and_no_reservation_whatever_happens) {
  std::size_t children = 0;
  for (std::uint64_t seed = 1; seed <= 500 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play(seed, children);
  }
  EXPECT_GT(children, 500U) << "the histories are about next to nothing";
}

// -- cut at every append --------------------------------------------------------------------------

/// How deep whoever asks is; a phase is 0.
std::int64_t depth_of(const world& w, const stream_id& owner) {
  const auto made = all_of<session::created>(w.facts_of(owner));
  return made.empty() ? 0 : made.front().depth;
}

/// The phase asks for two helpers; the first of each level asks for one more, down to the third;
/// each writes a file. The answers depend on what is durable and on nothing else.
outside a_script(const world*& w) {
  outside o;
  o.work.agent = an_agent_with_helpers();
  o.model = [&w](const stream_id& owner, call_id call) -> any_command {
    const auto depth = depth_of(*w, owner);
    switch (std::ssize(all_of<turn::call_completed>(w->facts_of(owner)))) {
    case 0:
      if (depth == 0)
        return wants(call, {asks_for_help("left", "1"), asks_for_help("right", "2")});
      return wants(call, {asks("write_file", R"({"path":"a"})", "1")});
    case 1:
      if (depth > 0 && depth < delegation::max_depth)
        return wants(call, {asks_for_help("deeper", "2")});
      [[fallthrough]];
    default:
      return says(call, "finished at " + std::to_string(depth));
    }
  };
  o.tool = [](const tool_call::requested&) { return tool_call::finish{}; };
  o.artifact = [](const stream_id&) { return phase::artifact_checked{true, "{}", "abc", {}, {}}; };
  o.child_writes = [] { return true; };
  return o;
}

void run_to_the_end(world& w) {
  bring_home(w);
  EXPECT_EQ(run_in(w).at, run::status::completed);
  EXPECT_EQ(streams_of(w, entity_kind::session).size(), 6U) << "two chains of three";
  for (const auto& stream : streams_of(w, entity_kind::session))
    for (const auto& end : all_of<session::ended>(w.facts_of(stream)))
      EXPECT_EQ(end.result, "finished at " + std::to_string(depth_of(w, stream)));
  expect_invariants(w);
  expect_nothing_left(w);
  expect_no_orphan(w);
}

TEST(subagent_histories, cut_after_any_append_go_on_with_the_same_children) {
  const world* self = nullptr;
  world whole{a_script(self)};
  self = &whole;
  ASSERT_TRUE(whole.tell(stream_of(a_run), a_run_with_helpers()));
  run_to_the_end(whole);
  const auto log = whole.log();
  ASSERT_GT(log.size(), 100U);
  for (std::size_t cut = 1; cut <= log.size() && !HasFailure(); ++cut) {
    SCOPED_TRACE("cut after append " + std::to_string(cut) + " of " + std::to_string(log.size()));
    world w{a_script(self)};
    self = &w;
    w.restore(log, cut);
    run_to_the_end(w);
    for (const auto& [call, times] : w.calls_made)
      for (std::size_t i = 0; i < cut; ++i)
        for (const auto& f : all_of<turn::call_completed>(log[i].facts))
          EXPECT_NE(f.call, call) << "a model call that had completed was made again";
  }
}

} // namespace
} // namespace ash::testing
