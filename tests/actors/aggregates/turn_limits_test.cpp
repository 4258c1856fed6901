#include "tests/actors/aggregates/turn_story.hpp"

namespace ash::testing {
namespace {

using strings = std::vector<std::string>;

TEST(turn_limits, a_call_above_the_personas_cap_is_not_made) {
  auto work = an_assignment();
  work.agent.max_cost_per_call = usd{1'000};
  auto s = a_turn_that_reserves(work);
  s.leads_to({"phase.started",
              "turn.started",
              "step.started",
              "step.finished",
              "turn.failed",
              "phase.failed"});
  EXPECT_EQ(s.the<phase::failed>().code, "call_cost_exceeded");
}

TEST(turn_limits, a_model_without_a_price_is_reserved_at_the_cap) {
  auto work = an_assignment();
  work.agent.models.front().price_known = false;
  work.agent.max_cost_per_call = usd{777};
  EXPECT_EQ(loop_of(a_turn_that_reserves(work)).now->call.estimate, usd{777});
}

TEST(turn_limits, the_token_budget_is_checked_before_each_call) {
  auto work = an_assignment();
  work.agent.max_tokens_total = 15;
  auto s = a_turn_with_a_tool(work);
  s.when(answers(the_tool(s)));
  EXPECT_EQ(s.the<turn::failed>().code, "token_budget_exceeded");
}

TEST(turn_limits, steps_are_counted) {
  auto work = an_assignment();
  work.agent.max_steps = 2;
  auto s = a_turn_that_calls(work);
  ask_tools(s, {asks("read_file", R"({"path":"a"})")});
  s.when(answers(the_tool(s)))
      .leads_to({"step.tool.answered", "step.finished", "step.started", "llm.call.requested"});
  ask_tools(s, {asks("read_file", R"({"path":"b"})")});
  s.when(answers(the_tool(s)))
      .leads_to({"step.tool.answered", "step.finished", "turn.failed", "phase.failed"});
  EXPECT_EQ(s.the<turn::failed>().code, "max_steps_exceeded");
}

TEST(turn_limits, tools_beyond_the_quota_are_refused_and_the_turn_goes_on) {
  auto work = an_assignment();
  work.agent.tool_quota = 1;
  auto s = a_turn_that_calls(work);
  ask_tools(s,
            {asks("read_file", R"({"path":"a"})", "1"), asks("read_file", R"({"path":"b"})", "2")});
  s.when(answers(the_tool(s)))
      .leads_to({"step.tool.answered",
                 "step.tool.called",
                 "step.tool.answered",
                 "step.finished",
                 "step.started",
                 "llm.call.requested"});
  EXPECT_EQ(s.the<turn::tool_called>().refusal, "tool_quota_exceeded");
}

TEST(turn_limits, an_unknown_tool_is_refused_without_asking_for_it) {
  auto s = a_turn_that_calls();
  ask_tools(s, {asks("rocket")});
  EXPECT_EQ(s.the<turn::tool_called>().refusal, "tool_unknown");
  EXPECT_EQ(s.the<turn::tool_answered>().answer, turn::tool_answer::denied);
  EXPECT_TRUE(s.reactions<effect::send>().empty());
}

/// The model asks for these paths, one a step, over and over; the calls that were let through.
int calls_before_the_loop_ends(const strings& paths, std::int64_t period) {
  auto s = a_turn_that_calls();
  for (int i = 0; i < 40; ++i) {
    const auto& path = paths[static_cast<std::size_t>(i) % paths.size()];
    ask_tools(s, {asks("read_file", R"({"path":")" + path + R"("})")});
    if (!std::holds_alternative<phase::active>(s.state())) {
      EXPECT_EQ(s.the<turn::loop_detected>().period, period);
      EXPECT_EQ(s.the<turn::failed>().code, "doom_loop_detected");
      EXPECT_EQ(s.the<turn::step_finished>().status, turn::step_status::doom_loop);
      return i;
    }
    s.when(answers(the_tool(s)));
  }
  return -1;
}

TEST(turn_limits, the_third_equal_call_in_a_row_is_not_executed) {
  EXPECT_EQ(calls_before_the_loop_ends({"a"}, 1), 2);
}

TEST(turn_limits, a_round_of_two_to_four_calls_is_not_finished_a_third_time) {
  EXPECT_EQ(calls_before_the_loop_ends({"a", "b"}, 2), 5);
  EXPECT_EQ(calls_before_the_loop_ends({"a", "b", "c"}, 3), 8);
  EXPECT_EQ(calls_before_the_loop_ends({"a", "b", "c", "d"}, 4), 11);
}

TEST(turn_limits, other_arguments_are_no_loop) {
  auto s = a_turn_that_calls();
  for (int i = 0; i < 20; ++i) {
    ask_tools(s, {asks("read_file", R"({"path":"f)" + std::to_string(i) + R"("})")});
    s.when(answers(the_tool(s)));
  }
  EXPECT_TRUE(std::holds_alternative<phase::active>(s.state()));
}

TEST(turn_limits, tools_of_one_step_run_one_after_another_in_the_order_asked) {
  auto s = a_turn_that_calls();
  ask_tools(
      s, {asks("read_file", R"({"path":"a"})", "1"), asks("write_file", R"({"path":"b"})", "2")});
  s.leads_to({"llm.call.settled", "step.tool.called"});
  const auto first = the_tool(s);
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(first));
  EXPECT_EQ(std::get<tool_call::request>(sent.what).what.effect, effect_class::read);
  s.when(answers(an_id<tool_call_id>("other"))).leads_to_nothing();
  s.when(answers(first)).leads_to({"step.tool.answered", "step.tool.called"});
  s.when(answers(first)).leads_to_nothing();
  EXPECT_NE(the_tool(s), first);
  s.when(answers(the_tool(s)))
      .leads_to({"step.tool.answered", "step.finished", "step.started", "llm.call.requested"});
  const auto& said = loop_of(s).transcript;
  EXPECT_EQ(said.at(2).answers, "1");
  EXPECT_EQ(said.at(3).answers, "2");
}

TEST(turn_limits, ids_that_a_provider_leaves_out_or_gives_twice_are_made_distinct) {
  auto s = a_turn_that_calls();
  s.when(wants(
      the_call(s),
      {asks("read_file", "{}", ""), asks("read_file", "{}", "x"), asks("read_file", "{}", "x")}));
  const auto calls = s.the<turn::call_completed>().tool_calls;
  EXPECT_EQ(calls.at(0).id, "call_1_0");
  EXPECT_EQ(calls.at(1).id, "x");
  EXPECT_EQ(calls.at(2).id, "call_1_2");
}

TEST(turn_limits, the_complete_tool_ends_the_turn_with_its_words) {
  auto s = a_turn_that_calls();
  ask_tools(s, {asks("complete", "{}")});
  s.when(answers(the_tool(s), "all good"))
      .leads_to({"step.tool.answered", "step.finished", "turn.completed"});
  EXPECT_EQ(s.the<turn::completed>().text, "all good");
}

TEST(turn_limits, a_complete_tool_that_failed_does_not_end_the_turn) {
  auto s = a_turn_that_calls();
  ask_tools(s, {asks("complete", "{}")});
  s.when(turn::tool_finished{the_tool(s), turn::tool_answer::failed, "tool_failed", "no", {}})
      .leads_to({"step.tool.answered", "step.finished", "step.started", "llm.call.requested"});
}

TEST(turn_limits, a_tool_that_cannot_be_asked_answers_as_failed) {
  auto s = a_turn_with_a_tool();
  ASSERT_TRUE(s.owed<effect::send>().at(0).if_refused);
  const auto lost = std::get<turn::tool_finished>(*s.owed<effect::send>().at(0).if_refused);
  s.when(lost).leads_to(
      {"step.tool.answered", "step.finished", "step.started", "llm.call.requested"});
}

} // namespace
} // namespace ash::testing
