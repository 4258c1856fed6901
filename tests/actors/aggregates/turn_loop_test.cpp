#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/turn_story.hpp"

namespace ash::testing {
namespace {

TEST(turn_loop, reserves_calls_settles_and_completes) {
  auto s = given<phase_aggregate>();
  s.when(phase::start{an_assignment()})
      .leads_to({"phase.started", "turn.started", "step.started", "llm.call.requested"});
  const auto asked = s.the<turn::call_requested>();
  EXPECT_EQ(asked.model, "test:small");
  EXPECT_EQ(asked.attempt, 1);
  EXPECT_EQ(asked.estimate, times(asked.input_estimate, {1'000'000}) + times(100, {2'000'000}));
  EXPECT_EQ(s.reactions<effect::reserve>().at(0).amount, asked.estimate);
  s.when(turn::budget_reserved{asked.call}).then({turn::call_started{asked.turn, asked.call}});
  EXPECT_EQ(s.reactions<effect::call_model>().at(0).request.text, asked.request.text);
  s.when(turn::model_streamed{asked.call, "he", false})
      .then({turn::call_delta{asked.turn, asked.call, "he", false}});
  s.when(says(asked.call, "hello")).leads_to({"llm.call.completed"});
  EXPECT_EQ(s.the<turn::call_completed>().cost, usd{20'000'000});
  EXPECT_EQ(s.reacted(), (std::vector<std::string>{"settle", "prune"}));
  s.when(turn::budget_settled{asked.call})
      .then({turn::call_settled{asked.turn, asked.call, {20'000'000}},
             turn::step_finished{asked.turn, 1, turn::step_status::completed},
             turn::completed{asked.turn, "hello"}});
}

TEST(turn_loop, owes_in_each_stage_what_it_reacted_with) {
  auto s = a_turn_that_reserves();
  const auto call = the_call(s);
  EXPECT_EQ(s.owes(), std::vector<std::string>{"reserve"});
  s.when(turn::budget_reserved{call});
  EXPECT_EQ(s.owes(), std::vector<std::string>{"model"});
  EXPECT_EQ(s.owed<effect::tell_self>().size(), 1U) << "a call in flight is never made again";
  s.when(fails(call, errc::timed_out, true));
  EXPECT_EQ(s.owes(), std::vector<std::string>{"settle"});
  s.when(turn::budget_settled{call});
  EXPECT_EQ(s.owes(), std::vector<std::string>{"retry"});
}

TEST(turn_loop, ignores_answers_that_come_late_twice_or_for_another_call) {
  auto s = a_turn_that_calls();
  const auto call = the_call(s);
  const auto other = an_id<call_id>("other");
  s.when(says(other, "x")).leads_to_nothing();
  s.when(turn::model_streamed{other, "x", false}).leads_to_nothing();
  s.when(turn::budget_reserved{call}).leads_to_nothing();
  s.when(turn::budget_refused{call, "day", refuse(errc::budget_exhausted, "no")})
      .leads_to_nothing();
  s.when(turn::budget_settled{call}).leads_to_nothing();
  s.when(turn::retry_due{call}).leads_to_nothing();
  s.when(turn::resume{}).leads_to_nothing();
  s.when(says(call, "hello")).leads_to({"llm.call.completed"});
  s.when(says(call, "hello")).leads_to_nothing();
  s.when(fails(call, errc::timed_out, true)).leads_to_nothing();
  s.when(turn::model_lost{call}).leads_to_nothing();
}

TEST(turn_loop, retries_after_one_and_two_seconds_and_fails_after_three_attempts) {
  auto s = a_turn_that_calls();
  const auto first = s.the<turn::call_started>().turn;
  for (const std::int64_t wait_ms : {1'000, 2'000}) {
    const auto call = the_call(s);
    s.when(fails(call, errc::provider_unavailable, true));
    s.when(turn::budget_settled{call}).leads_to({"llm.call.settled", "llm.call.retried"});
    EXPECT_EQ(s.the<turn::call_retried>().wait_ms, wait_ms);
    EXPECT_EQ(s.reactions<effect::tell_self>().at(0).due, noon + wait_ms * us_per_ms);
    s.when(turn::retry_due{call}).leads_to({"llm.call.requested"});
    EXPECT_NE(s.the<turn::call_requested>().call, call);
    s.when(turn::budget_reserved{the_call(s)}).leads_to({"llm.call.started"});
  }
  const auto last = the_call(s);
  s.when(fails(last, errc::provider_unavailable, true));
  s.when(turn::budget_settled{last})
      .leads_to({"llm.call.settled", "step.finished", "turn.failed", "phase.failed"});
  EXPECT_EQ(s.the<turn::failed>().turn, first);
  EXPECT_EQ(s.the<turn::failed>().code, "provider_unavailable");
}

TEST(turn_loop, waits_as_long_as_the_provider_asks_up_to_thirty_seconds) {
  for (const auto& [asked_ms, waited_ms] :
       {std::pair{7'000, 7'000}, {90'000, 30'000}, {10, 1'000}}) {
    auto s = a_turn_that_calls();
    auto limited = fails(the_call(s), errc::provider_unavailable, true);
    limited.retry_after_ms = asked_ms;
    s.when(limited).when(turn::budget_settled{the_call(s)});
    EXPECT_EQ(s.the<turn::call_retried>().wait_ms, waited_ms);
  }
}

TEST(turn_loop, falls_back_to_the_next_model_once_the_attempts_are_used_up) {
  auto work = an_assignment();
  work.agent.models.push_back(a_model("test:large"));
  auto s = a_turn_that_calls(work);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    fail_call(s, errc::provider_unavailable);
    s.when(turn::retry_due{the_call(s)}).when(turn::budget_reserved{the_call(s)});
  }
  s.when(fails(the_call(s), errc::provider_unavailable, true));
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "llm.model.fell_back", "llm.call.requested"});
  EXPECT_EQ(s.the<turn::call_requested>().model, "test:large");
  EXPECT_EQ(s.the<turn::call_requested>().attempt, 1);
  s.when(turn::budget_reserved{the_call(s)});
  EXPECT_EQ(s.reactions<effect::call_model>().at(0).model, "test:large");
}

TEST(turn_loop, fails_at_once_where_a_retry_would_not_help) {
  auto work = an_assignment();
  work.agent.models.push_back(a_model("test:large"));
  auto s = a_turn_that_calls(work);
  s.when(fails(the_call(s), errc::provider_rejected, false));
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "step.finished", "turn.failed", "phase.failed"});
}

TEST(turn_loop, asks_again_after_a_cut_answer_and_pays_its_reservation) {
  auto s = a_turn_that_calls();
  const auto estimate = loop_of(s).now->call.estimate;
  auto cut = fails(the_call(s), errc::timed_out, true);
  cut.emitted_output = true;
  cut.partial_text = "half a sen";
  s.when(cut).leads_to({"llm.call.failed"});
  EXPECT_EQ(s.the<turn::call_failed>().cost, estimate);
  EXPECT_TRUE(s.the<turn::call_failed>().usage.estimated);
  s.when(turn::budget_settled{the_call(s)}).leads_to({"llm.call.settled", "llm.call.retried"});
}

TEST(turn_loop, asks_again_for_a_call_that_the_end_of_the_process_called_off) {
  auto s = a_turn_that_calls();
  const auto estimate = loop_of(s).now->call.estimate;
  s.when(fails(the_call(s), errc::cancelled, false)).leads_to({"llm.call.lost"});
  EXPECT_EQ(s.the<turn::call_lost>().cost, estimate);
  s.when(turn::budget_settled{the_call(s)}).leads_to({"llm.call.settled", "llm.call.requested"});
}

TEST(turn_loop, pays_a_model_without_a_price_at_its_reservation) {
  auto work = an_assignment();
  work.agent.models.at(0).price_known = false;
  work.agent.max_cost_per_call = {1'000};
  auto s = a_turn_that_calls(work);
  s.when(says(the_call(s), "fine"));
  EXPECT_EQ(s.the<turn::call_completed>().cost, usd{1'000});
}

TEST(turn_loop, pays_a_call_that_the_provider_did_not_count_at_its_reservation) {
  auto s = a_turn_that_calls();
  const auto estimate = loop_of(s).now->call.estimate;
  auto answer = says(the_call(s), "fine");
  answer.usage = {1, 1, 0, 0, true};
  s.when(answer);
  EXPECT_EQ(s.the<turn::call_completed>().cost, estimate);
  EXPECT_EQ(s.reactions<effect::settle>().at(0).actual, estimate);
  auto t = a_turn_that_calls();
  answer = says(the_call(t), "fine");
  answer.usage.estimated = true;
  answer.reported_cost = usd{42};
  t.when(answer);
  EXPECT_EQ(t.the<turn::call_completed>().cost, usd{42}) << "the provider said so";
}

TEST(turn_loop, asks_the_scopes_of_the_new_day_where_the_old_one_ended_meanwhile) {
  auto work = an_assignment();
  work.scopes = {{"run:x", {1'000'000'000'000}, {}}, {"day:2026-11-21", {1'000'000'000'000}, {}}};
  auto s = a_turn_that_reserves(work);
  const auto next_day = noon + std::int64_t{12} * 3'600 * 1'000'000;
  const turn::budget_refused refused{
      the_call(s), "day:2026-11-21", refuse(errc::budget_exhausted, "the day is over")};
  s.when(refused, next_day).leads_to({"llm.call.refused"});
  s.when(turn::budget_settled{the_call(s)}, next_day)
      .leads_to({"llm.call.settled", "llm.call.requested"});
  EXPECT_EQ(s.the<turn::call_requested>().scopes.at(1).scope, "day:2026-11-22");
  // Where that day has no money either, the turn waits for it.
  const turn::budget_refused again{
      the_call(s), "day:2026-11-22", refuse(errc::budget_exhausted, "nothing is left")};
  s.when(again, next_day);
  s.when(turn::budget_settled{the_call(s)}, next_day)
      .leads_to({"llm.call.settled", "turn.suspended"});
}

TEST(turn_loop, takes_an_empty_reply_for_a_failure) {
  auto s = a_turn_that_calls();
  s.when(says(the_call(s), "")).when(turn::budget_settled{the_call(s)});
  EXPECT_EQ(s.the<turn::failed>().code, "provider_response_invalid");
}

TEST(turn_loop, pays_a_lost_call_at_its_reservation_and_asks_again) {
  auto s = a_turn_that_calls();
  const auto call = the_call(s);
  const auto estimate = loop_of(s).now->call.estimate;
  s.when(turn::model_lost{call}).then({turn::call_lost{turn_of(s), call, estimate}});
  EXPECT_EQ(s.reactions<effect::settle>().at(0).actual, estimate);
  s.when(turn::budget_settled{call}).leads_to({"llm.call.settled", "llm.call.requested"});
  EXPECT_EQ(s.the<turn::call_requested>().attempt, 1);
  EXPECT_EQ(loop_of(s).cost, estimate);
}

TEST(turn_loop, does_not_believe_a_provider_that_claims_the_impossible) {
  auto s = a_turn_that_calls();
  auto liar = says(the_call(s), "hi");
  liar.usage = {INT64_MAX, -5, INT64_MAX, 0, false};
  liar.reported_cost = usd{-1};
  s.when(liar);
  EXPECT_GE(s.the<turn::call_completed>().cost, usd{});
  EXPECT_EQ(s.the<turn::call_completed>().usage.output, 0);
  auto t = a_turn_that_calls();
  auto exact = says(the_call(t), "hi");
  exact.reported_cost = usd{42};
  t.when(exact);
  EXPECT_EQ(t.the<turn::call_completed>().cost, usd{42});
}

TEST(turn_loop, suspends_on_an_exhausted_budget_and_goes_on_when_resumed) {
  auto s = a_turn_that_reserves();
  const auto call = the_call(s);
  s.when(turn::budget_refused{call, "day", refuse(errc::budget_exhausted, "no money")})
      .leads_to({"llm.call.refused"});
  EXPECT_FALSE(s.reactions<effect::settle>().at(0).spent);
  s.when(turn::budget_settled{call}).leads_to({"llm.call.settled", "turn.suspended"});
  EXPECT_EQ(s.the<turn::suspended>().scope, "day");
  EXPECT_EQ(s.reacted(), std::vector<std::string>{"blocked"});
  EXPECT_EQ(s.owes(), std::vector<std::string>{"blocked"});
  s.when(turn::resume{}).leads_to({"turn.resumed", "llm.call.requested"});
  EXPECT_NE(the_call(s), call);
}

TEST(turn_loop, fails_where_a_scope_refuses_for_another_reason) {
  auto s = a_turn_that_reserves();
  s.when(turn::budget_refused{the_call(s), "day", refuse(errc::store_unavailable, "gone")});
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "step.finished", "turn.failed", "phase.failed"});
}

} // namespace
} // namespace ash::testing
