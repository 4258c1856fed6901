#include "tests/actors/aggregates/world.hpp"

#include <array>
#include <random>
#include <set>

namespace ash::testing {
namespace {

/// A seed's dice. The same seed throws the same.
class dice {
public:
  explicit dice(std::uint64_t seed) : bits_{seed} {}
  std::uint64_t below(std::uint64_t bound) { return bits_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
  std::mt19937_64 bits_;
};

any_command random_answer(dice& d, call_id call) {
  switch (d.below(12)) {
  case 0:
    return fails(call, errc::provider_unavailable, true);
  case 1: {
    auto cut = fails(call, errc::timed_out, true);
    cut.emitted_output = d.one_in(2);
    cut.partial_text = cut.emitted_output ? "par" : "";
    return cut;
  }
  case 2:
    return d.one_in(8) ? any_command{fails(call, errc::provider_rejected, false)}
                       : says(call, "fine");
  case 3:
    return d.one_in(8) ? says(call, "") : says(call, "well");
  case 4:
  case 5:
  case 6: {
    std::vector<tool_request> tools;
    const auto name = std::array{"read_file", "write_file", "no_such_tool"};
    for (auto left = d.below(3) + 1; left > 0; --left)
      tools.push_back(asks(name[d.below(10) == 0 ? 2 : d.below(2)],
                           R"({"path":"f)" + std::to_string(d.below(50)) + R"("})",
                           d.one_in(3) ? "" : "same"));
    return wants(call, tools);
  }
  case 7:
  case 8:
    return wants(call, {asks("complete", R"({"summary":"ok"})")});
  default:
    return says(call, "finished");
  }
}

tool_call::finish random_finish(dice& d, const tool_call::requested& what) {
  tool_call::finish end;
  end.failed = d.one_in(5);
  end.code = end.failed ? "tool_failed" : "";
  end.text = what.name == "complete" ? "closing words" : "output";
  if (what.effect == effect_class::write && d.one_in(2))
    end.written = {{"out/spec.json", "abc"}};
  return end;
}

any_command random_check(dice& d) {
  if (d.one_in(20))
    return phase::artifact_unreadable{refuse(errc::io_failed, "no")};
  phase::artifact_checked found{!d.one_in(6), "{}", "abc", {}, "Repair it."};
  if (d.one_in(4))
    found.findings = {{"/a", "required", "missing"}};
  return found;
}

outside random_outside(dice& d) {
  outside o;
  o.model = [&d](const stream_id&, call_id call) { return random_answer(d, call); };
  o.tool = [&d](const tool_call::requested& what) { return random_finish(d, what); };
  o.artifact = [&d](const stream_id&) { return random_check(d); };
  o.start_fails = [&d] { return d.one_in(8); };
  o.report_fails = [&d] { return d.one_in(10); };
  o.work.approval = d.one_in(2);
  o.work.agent.max_steps = 6;
  if (d.one_in(3)) // some of the paths that `random_answer` writes
    o.work.agent.tool_bounds.writable_paths = {"f1*"};
  if (d.one_in(6))
    o.work.attended = false;
  if (d.one_in(3))
    o.work.agent.models.push_back(a_model("test:other"));
  return o;
}

run::start a_start(dice& d) {
  run::start c;
  c.what.run = a_run;
  c.what.workflow = "dev@1";
  for (auto left = d.below(3) + 1; left > 0; --left)
    c.what.phases.push_back({"phase" + std::to_string(left), "writer", "out/spec.json", false});
  c.what.worktree = "/worktree";
  // Now and then too small for the whole run.
  const auto cap = d.one_in(3) ? usd{one_dollar.pico / 400} : one_dollar;
  c.what.scopes = {a_scope("run:" + to_string(a_run)), a_scope("day:2026-11-21", cap)};
  if (d.one_in(2))
    c.what.scopes.back().policy = budget_policy::prompt;
  if (d.one_in(8))
    c.what.attended = false;
  if (d.one_in(8)) {
    c.what.approval_limit_ms = 60'000;
    c.what.on_approval_limit = static_cast<run::decision_kind>(d.below(2));
  }
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  return c;
}

const run::live& run_in(const world& w) {
  return std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run)));
}

/// Something that a person might do at any moment.
void meddle(world& w, dice& d) {
  const auto run = stream_of(a_run);
  switch (d.below(8)) {
  case 0:
    if (d.one_in(3))
      (void)w.tell(run, run::abort{"enough", "someone"});
    break;
  case 1:
    (void)w.tell(run, run::interrupt{run::interruption::shutdown, "going down"});
    break;
  case 2:
  case 3:
    (void)w.tell(run, run::resume{"someone"});
    break;
  case 4:
    if (!run_in(w).phases.empty() && d.one_in(4))
      (void)w.tell(stream_of(run_in(w).phases.back().phase), turn::stop{{}, "stop"});
    break;
  default:
    for (const auto& a : run_in(w).approvals)
      if (!a.decision || d.one_in(5))
        (void)w.tell(
            run,
            run::decide_approval{a.what.approval,
                                 static_cast<run::decision_kind>(d.one_in(3) ? d.below(4) : 0),
                                 "someone",
                                 "because"});
  }
}

/// Lets the run come to its end, whatever it waits for.
void bring_home(world& w) {
  const auto run = stream_of(a_run);
  for (int left = 200; left > 0 && !run_aggregate::is_final(w.state_of<run_aggregate>(run));
       --left) {
    w.settle();
    const auto& s = run_in(w);
    if (s.at == run::status::interrupted) {
      (void)w.tell(stream_of_budget("day:2026-11-21"),
                   budget::set_cap{usd{one_dollar.pico * 5 + left}, {}, "someone"});
      (void)w.tell(run, run::resume{"someone"});
    }
    for (const auto& a : std::vector{s.approvals})
      if (!a.decision)
        (void)w.tell(run, run::decide_approval{a.what.approval, {}, "someone", ""});
  }
  w.settle();
}

void play_run(std::uint64_t seed) {
  dice d{seed};
  world w{random_outside(d)};
  const auto start = a_start(d);
  ASSERT_TRUE(w.tell(stream_of(a_run), start));
  for (auto left = d.below(150); left > 0; --left) {
    if (d.one_in(4))
      meddle(w, d);
    if (w.waiting() == 0)
      continue;
    const auto at = d.below(w.waiting());
    if (d.one_in(25))
      w.crash_within(at);
    else
      w.perform(at);
    if (d.one_in(20))
      (void)w.tell(stream_of(a_run), start);
  }
  bring_home(w);
  expect_invariants(w);
  expect_nothing_left(w);
  EXPECT_TRUE(run_aggregate::is_final(w.state_of<run_aggregate>(stream_of(a_run))))
      << "the run does not end";
  EXPECT_TRUE(w.at(stream_of(a_run)).pending().empty());
  std::set<std::string> opened;
  for (const auto& f : all_of<run::phase_opened>(w.facts_of(stream_of(a_run))))
    EXPECT_TRUE(opened.insert(f.key).second) << "a phase was opened twice";
}

TEST(histories, of_runs_keep_the_invariants_whatever_happens) {
  for (std::uint64_t seed = 1; seed <= 1'500 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play_run(seed);
  }
}

bool waits_for_someone(const world& w, const stream_id& me) {
  const auto* s = std::get_if<session::active>(&w.state_of<session_aggregate>(me));
  return s != nullptr && approvals::has_undecided(s->approvals);
}

void decide_something(world& w, dice& d, const stream_id& me) {
  const auto* s = std::get_if<session::active>(&w.state_of<session_aggregate>(me));
  if (s == nullptr)
    return;
  for (const auto& a : std::vector{s->approvals})
    if (!a.decision || d.one_in(5))
      (void)w.tell(
          me,
          run::decide_approval{
              a.what.approval, static_cast<run::decision_kind>(d.below(4)), "someone", "because"});
}

void play_session(std::uint64_t seed) {
  dice d{seed};
  world w{random_outside(d)};
  const auto me = stream_of(a_session);
  session::created about;
  about.session = a_session;
  about.agent = an_agent();
  about.scopes = {a_scope("session:" + to_string(a_session)), a_scope()};
  about.scopes.back().cap = d.one_in(2) ? usd{one_dollar.pico / 2'000} : one_dollar;
  about.scopes.back().policy = d.one_in(2) ? budget_policy::prompt : budget_policy::block;
  if (d.one_in(3))
    about.agent.change([](agent_terms& a) { a.tool_bounds.writable_paths = {"f1*"}; });
  if (d.one_in(4)) {
    about.approval_limit_ms = 60'000;
    about.on_approval_limit = std::array{run::decision_kind::approve,
                                         run::decision_kind::reject,
                                         run::decision_kind::abort}[d.below(3)];
  }
  ASSERT_TRUE(w.tell(me, session::create{about}));
  for (std::uint64_t step = d.below(120) + 5; step > 0; --step) {
    switch (d.below(16)) {
    case 14:
      (void)w.tell(me, session::set_plan_mode{d.one_in(2)});
      break;
    case 15:
      decide_something(w, d, me);
      break;
    case 0:
      (void)w.tell(me, session::clear{});
      break;
    case 1:
      (void)w.tell(me, turn::stop{{}, "stop"});
      break;
    case 2:
      if (d.one_in(6))
        (void)w.tell(me, session::end{"bye"});
      break;
    case 3:
    case 4:
      (void)w.tell(me, session::post{an_id<message_id>(std::to_string(step)), "hello"});
      break;
    default:
      if (w.waiting() > 0 && d.one_in(20))
        w.crash_within(d.below(w.waiting()));
      else if (w.waiting() > 0)
        w.perform(d.below(w.waiting()));
    }
  }
  if (d.one_in(2))
    (void)w.tell(me, d.one_in(2) ? any_command{session::clear{}} : session::end{"bye"});
  w.settle();
  for (int left = 100; left > 0 && waits_for_someone(w, me); --left) {
    decide_something(w, d, me);
    w.settle();
  }
  expect_invariants(w);
  expect_nothing_left(w);
  EXPECT_TRUE(w.at(me).pending().empty());
}

TEST(histories, of_sessions_that_are_cleared_and_ended_leave_no_reservation) {
  for (std::uint64_t seed = 1; seed <= 600 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play_session(seed);
  }
}

} // namespace
} // namespace ash::testing
