#include "tests/actors/aggregates/turn_story.hpp"
#include "tests/actors/aggregates/world.hpp"

namespace ash::testing {
namespace {

phase::command stopping() {
  return turn::stop{{}, "enough"};
}

TEST(turn_stop, while_reserving_gives_the_reservation_back_first) {
  auto s = a_turn_that_reserves();
  const auto call = the_call(s);
  const auto turn = turn_of(s);
  s.when(stopping()).then({turn::stop_requested{turn, "enough"}});
  s.when(turn::budget_reserved{call}).leads_to({"llm.call.refused"});
  EXPECT_FALSE(s.reactions<effect::settle>().at(0).spent);
  s.when(turn::budget_settled{call})
      .leads_to({"llm.call.settled", "turn.interrupted", "phase.aborted"});
}

TEST(turn_stop, while_calling_calls_the_model_off_and_keeps_what_it_said) {
  auto s = a_turn_that_calls();
  const auto call = the_call(s);
  s.when(stopping()).leads_to({"turn.stop.requested"});
  EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect, "model:" + to_string(call));
  s.when(stopping()).leads_to_nothing();
  auto cut = fails(call, errc::cancelled, false);
  cut.emitted_output = true;
  cut.partial_text = "half";
  s.when(cut).when(turn::budget_settled{call});
  EXPECT_EQ(s.the<turn::interrupted>().partial_text, "half");
  EXPECT_TRUE(s.is_final());
}

TEST(turn_stop, while_settling_waits_for_the_money) {
  auto s = a_turn_that_settles();
  s.when(stopping()).leads_to({"turn.stop.requested"});
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "turn.interrupted", "phase.aborted"});
}

TEST(turn_stop, while_waiting_for_a_retry_is_at_once) {
  auto s = a_turn_that_calls();
  fail_call(s, errc::provider_unavailable);
  s.when(stopping()).leads_to({"turn.stop.requested", "turn.interrupted", "phase.aborted"});
}

TEST(turn_stop, while_suspended_is_at_once) {
  auto s = a_turn_that_reserves();
  s.when(turn::budget_refused{the_call(s), "day", refuse(errc::budget_exhausted, "no")});
  s.when(turn::budget_settled{the_call(s)});
  s.when(stopping()).leads_to({"turn.stop.requested", "turn.interrupted", "phase.aborted"});
}

TEST(turn_stop, while_a_tool_runs_cancels_it_and_waits_for_its_answer) {
  auto s = a_turn_with_a_tool();
  const auto tool = the_tool(s);
  s.when(stopping()).leads_to({"turn.stop.requested"});
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(tool));
  const auto& cancel = std::get<tool_call::cancel>(sent.what);
  EXPECT_EQ(cancel.reason, "enough");
  EXPECT_EQ(cancel.what.call, tool) << "it may come before the request";
  EXPECT_EQ(cancel.what.owner, stream_of(a_phase));
  EXPECT_EQ(cancel.what.name, "write_file");
  EXPECT_EQ(s.owes(), (std::vector<std::string>{"tool", "cancel"}));
  s.when(turn::tool_finished{tool, turn::tool_answer::cancelled, "cancelled", "Cancelled", {}})
      .leads_to({"step.tool.answered", "turn.interrupted", "phase.aborted"});
}

/// A run whose phase has asked for a tool, and been stopped: both are on their way to the call.
world a_stopped_run() {
  outside o;
  o.model = [](const stream_id&, call_id call) -> any_command {
    return wants(call, {asks("write_file", R"({"path":"a"})")});
  };
  o.tool = [](const tool_call::requested&) { return tool_call::finish{}; };
  o.artifact = [](const stream_id&) -> any_command { return phase::artifact_checked{}; };
  world w{std::move(o)};
  run::start c;
  c.what.run = a_run;
  c.what.phases = {{"spec", "writer", "out/spec.json", false}};
  c.what.worktree = "/worktree";
  c.what.scopes = {a_scope()};
  c.bindings = {{"writer", "tester@1", "", "{}", ""}};
  EXPECT_TRUE(w.tell(stream_of(a_run), c));
  for (int left = 100; left > 0 && w.place_of("tool:") == w.waiting(); --left)
    w.perform(0);
  const auto& run = std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run)));
  EXPECT_TRUE(w.tell(stream_of(run.phases.at(0).phase), turn::stop{{}, "enough"}));
  return w;
}

TEST(turn_stop, reaches_a_tool_call_before_its_request_does) {
  for (const auto crashes : {false, true}) {
    auto w = a_stopped_run();
    ASSERT_LT(w.place_of("tool:"), w.waiting());
    ASSERT_LT(w.place_of("cancel:"), w.waiting());
    w.perform(w.place_of("cancel:"));
    if (crashes)
      w.crash();
    w.settle();
    EXPECT_TRUE(w.tools_run.empty());
    const auto& run = std::get<run::live>(w.state_of<run_aggregate>(stream_of(a_run)));
    EXPECT_EQ(run.at, run::status::aborted);
    expect_invariants(w);
    expect_nothing_left(w);
  }
}

TEST(turn_stop, leaves_the_tools_that_were_not_begun_alone) {
  auto s = a_turn_that_calls();
  ask_tools(s,
            {asks("read_file", R"({"path":"a"})", "1"), asks("read_file", R"({"path":"b"})", "2")});
  s.when(stopping());
  s.when(answers(the_tool(s)))
      .leads_to({"step.tool.answered", "turn.interrupted", "phase.aborted"});
}

TEST(turn_stop, of_another_turn_is_refused_or_comes_too_late) {
  auto s = a_turn_that_calls();
  s.when(turn::stop{an_id<turn_id>("never"), "x"}).refuses(errc::turn_not_found);
  const auto first = turn_of(s);
  s.when(turn::stop{first, "x"}).leads_to({"turn.stop.requested"});
  auto t = a_phase_that_validates();
  t.when(turn::stop{first, "x"}).leads_to_nothing();
  t.when(stopping()).leads_to_nothing();
}

TEST(turn_stop, of_a_lost_call_does_not_ask_again) {
  auto s = a_turn_that_calls();
  s.when(stopping()).when(turn::model_lost{the_call(s)});
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "turn.interrupted", "phase.aborted"});
}

} // namespace
} // namespace ash::testing
