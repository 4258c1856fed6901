#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

#include <algorithm>

namespace ash::testing {
namespace {

using session_story = story<session_aggregate>;
using strings = std::vector<std::string>;

const auto a_message = an_id<message_id>("message");
const auto another_message = an_id<message_id>("another");

session::created about() {
  session::created what;
  what.session = a_session;
  what.agent = an_agent();
  what.scopes = {a_scope("session:" + to_string(a_session))};
  what.worktree = "/worktree";
  return what;
}
session_story a_new_session() {
  return given<session_aggregate>({about()});
}
const session::active& in(const session_story& s) {
  return s.in<session::active>();
}
call_id the_call(const session_story& s) {
  return in(s).turns.now->call.call;
}

session_story a_reserving_session() {
  auto s = a_new_session();
  s.when(session::post{a_message, "hello"});
  return s;
}
session_story a_calling_session() {
  auto s = a_reserving_session();
  s.when(turn::budget_reserved{the_call(s)});
  return s;
}
session_story a_settling_session() {
  auto s = a_calling_session();
  s.when(says(the_call(s), "hi"));
  return s;
}
session_story a_session_with_a_tool() {
  auto s = a_calling_session();
  s.when(wants(the_call(s), {asks("write_file", R"({"path":"a"})")}));
  s.when(turn::budget_settled{the_call(s)});
  return s;
}
session_story an_idle_session() {
  auto s = a_settling_session();
  s.when(turn::budget_settled{the_call(s)});
  return s;
}

TEST(session, is_created_once_and_nests_three_deep_at_most) {
  auto deep = about();
  deep.depth = 4;
  given<session_aggregate>().when(session::create{deep}).refuses(errc::subagent_depth_exceeded);
  deep.depth = 3;
  auto s = given<session_aggregate>();
  s.when(session::create{deep}).leads_to({"session.created"});
  s.when(session::create{deep}).leads_to_nothing();
  given<session_aggregate>().when(session::clear{}).refuses(errc::session_not_found);
  given<session_aggregate>().when(session::post{}).refuses(errc::session_not_found);
}

TEST(session, answers_a_message_and_is_titled_after_the_first) {
  auto s = a_new_session();
  s.when(session::post{a_message, "hello"})
      .leads_to({"message.appended",
                 "session.titled",
                 "turn.started",
                 "step.started",
                 "llm.call.requested"});
  s.when(session::post{another_message, "again"}).refuses(errc::response_in_progress);
  s = an_idle_session();
  s.when(session::post{a_message, "twice"}).refuses(errc::message_exists);
  s.when(session::post{another_message, ""}).refuses(errc::argument_invalid);
  s.when(session::post{another_message, "again"})
      .leads_to({"message.appended", "turn.started", "step.started", "llm.call.requested"});
  EXPECT_EQ(in(s).title, "hello");
}

TEST(session, cuts_a_title_at_fifty_code_points_however_long_the_message) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += "\u00e9";
  auto s = a_new_session();
  s.when(session::post{a_message, text});
  EXPECT_EQ(s.the<session::titled>().title, text.substr(0, 100));
}

TEST(session, does_not_post_without_a_model) {
  auto s = a_new_session();
  s.when(session::set_persona{{}}).leads_to({"session.persona.changed", "session.context.reset"});
  s.when(session::post{a_message, "hello"}).refuses(errc::provider_unavailable);
}

TEST(session, raises_its_epoch_with_its_model_and_persona) {
  auto s = an_idle_session();
  s.when(session::set_model{{a_model("test:large")}})
      .leads_to({"session.model.changed", "session.context.reset"});
  EXPECT_EQ(in(s).epoch, 1);
  s.when(session::set_model{}).refuses(errc::argument_invalid);
  s.when(session::post{another_message, "again"});
  EXPECT_EQ(s.the<turn::call_requested>().model, "test:large");
  s.when(session::set_model{{a_model()}}).refuses(errc::response_in_progress);
  s.when(session::set_persona{an_agent()}).refuses(errc::response_in_progress);
}

TEST(session, edits_a_message_in_place_or_sends_it_again) {
  auto s = an_idle_session();
  s.when(session::edit{another_message, "x"}).refuses(errc::message_not_found);
  s.when(session::edit{a_message, ""}).refuses(errc::argument_invalid);
  s.when(session::edit{a_message, "hallo"}).leads_to({"message.edited"});
  EXPECT_EQ(in(s).turns.transcript.at(0).text, "hallo");
  EXPECT_EQ(in(s).turns.transcript.size(), 2U);
  s.when(session::edit{a_message, "hey", session::edit_mode::resend})
      .leads_to({"message.edited", "turn.started", "step.started", "llm.call.requested"});
  EXPECT_EQ(in(s).turns.transcript.size(), 1U);
  EXPECT_EQ(in(s).turns.transcript.at(0).text, "hey");
  s.when(session::edit{a_message, "x"}).refuses(errc::response_in_progress);
}

TEST(session, drops_what_came_after_a_message_that_is_sent_again) {
  auto s = an_idle_session();
  s.when(session::post{another_message, "more"}).when(turn::budget_reserved{the_call(s)});
  s.when(says(the_call(s), "yes")).when(turn::budget_settled{the_call(s)});
  s.when(session::edit{a_message, "anew", session::edit_mode::resend});
  EXPECT_EQ(in(s).messages.size(), 1U);
  EXPECT_EQ(in(s).turns.transcript.size(), 1U);
}

TEST(session, permits_only_reading_in_plan_mode) {
  auto s = a_calling_session();
  s.when(session::set_plan_mode{true}).leads_to({"session.plan_mode.changed"});
  s.when(session::set_plan_mode{true}).leads_to_nothing();
  s.when(wants(the_call(s), {asks("write_file", "{}", "1"), asks("read_file", "{}", "2")}));
  s.when(turn::budget_settled{the_call(s)})
      .leads_to({"llm.call.settled", "step.tool.called", "step.tool.answered", "step.tool.called"});
  EXPECT_EQ(s.the<turn::tool_answered>().code, "plan_mode_violation");
  EXPECT_TRUE(s.the<turn::tool_called>().refusal.empty());
}

TEST(session, begins_plan_mode_only_while_no_tool_is_at_work) {
  auto s = a_calling_session();
  s.when(wants(the_call(s), {asks("write_file", "{}", "1")}));
  s.when(turn::budget_settled{the_call(s)});
  ASSERT_EQ(in(s).turns.now->in_flight.size(), 1U);
  const auto call = in(s).turns.now->in_flight.front().call;
  s.when(session::set_plan_mode{true}).refuses(errc::response_in_progress);
  s.when(turn::tool_finished{call, turn::tool_answer::completed, {}, "done", {}});
  s.when(session::set_plan_mode{true}).leads_to({"session.plan_mode.changed"});
}

TEST(session, tells_an_asker_again_while_the_turn_lasts_that_it_asked_in) {
  const auto reviews_owed = [](const session_story& s) {
    const auto sent = s.owed<effect::send>();
    return std::count_if(sent.begin(), sent.end(), [](const auto& each) {
      return std::holds_alternative<tool_call::review>(each.what);
    });
  };
  auto s = a_session_with_a_tool();
  run::approval_requested asked;
  asked.approval = an_id<approval_id>("approval");
  asked.kind = run::approval_kind::tool;
  asked.asker = stream_of(in(s).turns.now->in_flight.at(0).call);
  asked.question = "May it?";
  s.when(run::request_approval{asked, 0});
  s.when(run::decide_approval{asked.approval, run::decision_kind::approve, "ann", ""});
  EXPECT_EQ(reviews_owed(s), 1) << "it may not know yet";
  s.when(turn::tool_finished{
      in(s).turns.now->in_flight.at(0).call, turn::tool_answer::completed, "", "written", {}});
  s.when(turn::budget_reserved{the_call(s)});
  s.when(says(the_call(s), "done"));
  s.when(turn::budget_settled{the_call(s)});
  s.when(session::post{another_message, "again"});
  s.when(turn::budget_reserved{the_call(s)});
  s.when(wants(the_call(s), {asks("write_file", R"({"path":"b"})")}));
  s.when(turn::budget_settled{the_call(s)});
  ASSERT_FALSE(in(s).turns.now->in_flight.empty());
  EXPECT_EQ(reviews_owed(s), 0) << "its turn is over";
  EXPECT_EQ(in(s).approvals.at(0).what.question, "") << "nobody needs it any more";
  s.when(run::decide_approval{asked.approval, run::decision_kind::reject, "ben", ""})
      .refuses(errc::approval_already_decided);
}

TEST(session, archives_everything_when_it_is_cleared) {
  auto s = an_idle_session();
  s.when(session::clear{}).then({session::cleared{1, 1}});
  EXPECT_TRUE(in(s).turns.transcript.empty());
  EXPECT_EQ(in(s).turns.used.input, 0);
  s.when(session::edit{a_message, "x"}).refuses(errc::message_archived);
  s.when(session::post{a_message, "x"}).refuses(errc::message_exists);
  s.when(session::post{another_message, "x"})
      .leads_to({"message.appended", "turn.started", "step.started", "llm.call.requested"});
}

TEST(session, is_ended_for_good) {
  auto s = an_idle_session();
  s.when(session::end{"bye"}).then({session::ended{"bye"}});
  EXPECT_TRUE(s.is_final());
  s.when(session::post{another_message, "x"}).refuses(errc::session_ended);
  s.when(session::end{"bye"}).refuses(errc::session_ended);
  s.when(session::clear{}).refuses(errc::session_ended);
  s.when(session::create{about()}).refuses(errc::session_ended);
  s.when(turn::stop{}).refuses(errc::session_ended);
  s.when(turn::resume{}).refuses(errc::session_ended);
  s.when(turn::retry_due{}).leads_to_nothing();
}

/// The facts that a session is left with, after those of the turn that it drops.
struct leaving {
  session::command how;
  strings last;
};
std::vector<leaving> both_ways() {
  return {{session::clear{}, {"session.cleared"}},
          {session::end{"bye"}, {"turn.interrupted", "session.ended"}}};
}
strings and_then(strings first, const strings& last) {
  first.insert(first.end(), last.begin(), last.end());
  return first;
}

TEST(session, that_drops_a_call_in_flight_pays_for_it_at_its_reservation) {
  for (const auto& [how, last] : both_ways()) {
    auto s = a_calling_session();
    const auto call = the_call(s);
    const auto estimate = in(s).turns.now->call.estimate;
    s.when(how).leads_to(and_then({"turn.stop.requested", "llm.call.lost"}, last));
    EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect, "model:" + to_string(call));
    EXPECT_EQ(s.reactions<effect::settle>().at(0).actual, estimate);
    EXPECT_EQ(s.owes(), strings{"settle"});
    EXPECT_FALSE(s.is_final());
    s.when(says(call, "late")).leads_to_nothing();
    s.when(fails(call, errc::cancelled, false)).leads_to_nothing();
    s.when(turn::model_lost{call}).leads_to_nothing();
    s.when(turn::budget_settled{call}).leads_to({"llm.call.settled"});
    EXPECT_EQ(s.the<turn::call_settled>().cost, estimate);
    EXPECT_TRUE(s.owes().empty());
    s.when(turn::budget_settled{call}).leads_to_nothing();
  }
}

TEST(session, that_drops_a_call_before_it_began_waits_for_the_reservation_to_release_it) {
  for (const auto& [how, last] : both_ways())
    for (const auto granted : {true, false}) {
      auto s = a_reserving_session();
      const auto call = the_call(s);
      s.when(how).leads_to(and_then({"turn.stop.requested"}, last));
      EXPECT_EQ(s.owes(), strings{"reserve"});
      if (granted)
        s.when(turn::budget_reserved{call});
      else
        s.when(turn::budget_refused{call, "day", refuse(errc::budget_exhausted, "no")});
      s.leads_to({"llm.call.refused"});
      EXPECT_FALSE(s.reactions<effect::settle>().at(0).spent);
      EXPECT_EQ(s.owes(), strings{"settle"});
      s.when(turn::budget_reserved{call}).leads_to_nothing();
      s.when(turn::budget_settled{call}).leads_to({"llm.call.settled"});
      EXPECT_TRUE(s.owes().empty());
    }
}

TEST(session, that_drops_a_call_while_it_settles_goes_on_settling) {
  for (const auto& [how, last] : both_ways()) {
    auto s = a_settling_session();
    const auto call = the_call(s);
    s.when(how).leads_to(and_then({"turn.stop.requested"}, last));
    EXPECT_EQ(s.owed<effect::settle>().at(0).actual, usd{20'000'000});
    s.when(turn::budget_settled{call}).leads_to({"llm.call.settled"});
    EXPECT_TRUE(s.owes().empty());
  }
}

TEST(session, that_drops_a_running_tool_cancels_it_and_ignores_its_answer) {
  for (const auto& [how, last] : both_ways()) {
    auto s = a_session_with_a_tool();
    const auto tool = in(s).turns.now->in_flight.at(0).call;
    s.when(how).leads_to(and_then({"turn.stop.requested"}, last));
    EXPECT_EQ(s.reactions<effect::send>().at(0).to, stream_of(tool));
    EXPECT_TRUE(s.owes().empty());
    s.when(answers(tool)).leads_to_nothing();
  }
}

TEST(session, settles_a_dropped_call_beside_the_turn_that_follows) {
  auto s = a_calling_session();
  const auto dropped = the_call(s);
  s.when(session::clear{}).when(session::post{another_message, "x"});
  const auto call = the_call(s);
  EXPECT_NE(call, dropped);
  EXPECT_EQ(s.owes(), (strings{"settle", "reserve"}));
  s.when(turn::budget_settled{dropped}).leads_to({"llm.call.settled"});
  s.when(turn::budget_reserved{call}).leads_to({"llm.call.started"});
}

TEST(session, that_was_stopping_is_cleared_without_a_second_stop) {
  auto s = a_calling_session();
  s.when(turn::stop{{}, "enough"});
  s.when(session::clear{}).leads_to({"llm.call.lost", "session.cleared"});
}

} // namespace
} // namespace ash::testing
