#include "tests/actors/aggregates/turn_story.hpp"

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
  EXPECT_EQ(std::get<tool_call::cancel>(sent.what).reason, "enough");
  EXPECT_EQ(s.owes(), (std::vector<std::string>{"tool", "cancel"}));
  s.when(turn::tool_finished{tool, turn::tool_answer::cancelled, "cancelled", "Cancelled", {}})
      .leads_to({"step.tool.answered", "turn.interrupted", "phase.aborted"});
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
