#include "actors/aggregates/document_of.hpp"
#include "tests/projections/place.hpp"

namespace ash::projections::testing {
namespace {

class views : public each_store {
protected:
  json::object one(const queries& from, std::string_view what, std::string_view id) {
    auto found = must(from.get(what, id));
    EXPECT_TRUE(found) << what << ' ' << id;
    return found.value_or(json::object{});
  }
};

TEST_P(views, tell_of_a_run_from_its_start_to_its_report) {
  const auto run = to_string(past.add_run("r1"));
  const auto with = open();
  catch_up(*with);
  const auto row = one(with->queries(), "runs", run);
  EXPECT_EQ(row.at("state"), "completed");
  EXPECT_EQ(row.at("workflow"), "two-steps@1");
  EXPECT_EQ(row.at("commit"), "c0ffee");
  EXPECT_EQ(row.at("report"), "/r.md");
  EXPECT_EQ(row.at("phases_done"), 2);
  EXPECT_EQ(row.at("calls"), 4);
  EXPECT_EQ(row.at("input_tokens"), 400);
  EXPECT_EQ(row.at("cost_usd"), "0.04");
  EXPECT_EQ(row.at("started_at"), "2026-11-21T12:00:01.000000Z");
  const auto phases = must(with->queries().list("phases", {{"run", run}, {"order", "asc"}}));
  ASSERT_EQ(phases.total, 2U);
  EXPECT_EQ(phases.rows[0].at("phase_key"), "spec");
  EXPECT_EQ(phases.rows[0].at("state"), "completed");
  EXPECT_EQ(phases.rows[0].at("persona"), "tester@1");
  EXPECT_EQ(phases.rows[0].at("cost_usd"), "0.02");
  const auto artifacts = must(with->queries().list("artifacts", {{"run", run}}));
  ASSERT_EQ(artifacts.total, 2U);
  EXPECT_EQ(artifacts.rows[0].at("state"), "accepted");
  EXPECT_EQ(artifacts.rows[0].at("size"), 12);
  EXPECT_EQ(artifacts.rows[0].at("schema_ref"), "dev/spec@1");
}

TEST_P(views, have_a_row_a_call) {
  const auto run = to_string(past.add_run("r1"));
  const auto with = open();
  catch_up(*with);
  const auto calls = must(with->queries().list("model_calls", {{"run", run}}));
  ASSERT_EQ(calls.total, 4U);
  const auto& call = calls.rows[0].as_object();
  EXPECT_EQ(call.at("state"), "completed");
  EXPECT_EQ(call.at("provider"), "test");
  EXPECT_EQ(call.at("persona"), "tester@1");
  EXPECT_EQ(call.at("phase_key"), "plan");
  EXPECT_EQ(call.at("purpose"), "work");
  EXPECT_EQ(call.at("turn_number"), 1);
  EXPECT_EQ(call.at("cached_tokens"), 5);
  EXPECT_EQ(call.at("estimated"), false);
  EXPECT_EQ(call.at("cost_usd"), "0.01");
  EXPECT_EQ(call.at("estimate_usd"), "0.02");
  EXPECT_EQ(call.at("latency_ms"), 250);
  EXPECT_EQ(call.at("day"), "2026-11-21");
  const auto tools = must(with->queries().list("tool_calls", {{"run", run}}));
  ASSERT_EQ(tools.total, 4U);
  EXPECT_EQ(tools.rows[0].at("state"), "completed");
  EXPECT_EQ(tools.rows[0].at("effect"), "read");
  EXPECT_EQ(tools.rows[0].at("output"), "what the file says");
  EXPECT_EQ(tools.rows[0].at("files"), json::array{});
}

TEST_P(views, sum_what_was_spent) {
  past.add_run("r1");
  past.add_session("s1");
  const auto with = open();
  catch_up(*with);
  const auto scope = one(with->queries(), "budget_scopes", "day:2026-11-21");
  EXPECT_EQ(scope.at("settled_usd"), "0.08");
  EXPECT_EQ(scope.at("reserved_usd"), "0.00");
  const auto ledger = must(with->queries().list("budget_ledger", {{"kind", "settled"}}));
  EXPECT_EQ(ledger.total, 8U);
  EXPECT_EQ(ledger.rows[0].at("settled_usd"), "0.08");
  const auto persona = one(with->queries(), "personas", "p1");
  EXPECT_EQ(persona.at("runs"), 1);
  EXPECT_EQ(persona.at("sessions"), 1);
  EXPECT_EQ(persona.at("definition").at("name"), "tester");
  EXPECT_EQ(one(with->queries(), "workflows", "w1").at("runs"), 1);
}

TEST_P(views, keep_a_conversation_as_it_now_reads) {
  const auto id = past.add_session("s1");
  const auto with = open();
  catch_up(*with);
  const auto session = to_string(id);
  EXPECT_EQ(one(with->queries(), "sessions", session).at("title"), "hello");
  const filters live{{"session", session}, {"archived", "false"}, {"order", "asc"}};
  const auto said = must(with->queries().list("messages", live));
  ASSERT_EQ(said.total, 5U); // the message, and two answers and tool results of the second turn
  EXPECT_EQ(said.rows[0].at("text"), "hallo");
  EXPECT_EQ(said.rows[1].at("role"), "assistant");
  EXPECT_EQ(said.rows[1].at("text"), "answer first\xEF\xBF\xBD");
  EXPECT_EQ(said.rows[2].at("role"), "tool");
  EXPECT_EQ(must(with->queries().list("messages", {{"session", session}})).total, 9U);
  past.add(stream_of(id), stream_of(id), {session::cleared{1, 1}});
  catch_up(*with);
  EXPECT_EQ(must(with->queries().list("messages", live)).total, 0U);
}

TEST_P(views, keep_apart_two_messages_that_clients_gave_one_id) {
  const auto id = an_id<message_id>("m");
  for (const auto* name : {"s1", "s2"}) {
    const auto session = an_id<session_id>(name);
    session::created made;
    made.session = session;
    past.add(stream_of(session), stream_of(session), {made, session::message_appended{id, name}});
  }
  const auto edited = stream_of(an_id<session_id>("s1"));
  past.add(edited, edited, {session::message_edited{id, "anew"}});
  const auto with = open();
  catch_up(*with);
  const auto all = must(with->queries().list("messages")).rows;
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("text"), "s2");
  EXPECT_EQ(all[1].at("text"), "anew");
}

TEST_P(views, know_what_waits_for_a_person) {
  const auto run = past.add_waiting_run("r1");
  const auto with = open();
  catch_up(*with);
  EXPECT_EQ(one(with->queries(), "runs", to_string(run)).at("state"), "awaiting_approval");
  const auto pending = must(with->queries().list("approvals", {{"state", "pending"}}));
  ASSERT_EQ(pending.total, 1U);
  EXPECT_EQ(pending.rows[0].at("run"), json::value(to_string(run)));
  EXPECT_EQ(pending.rows[0].at("session"), "");
  EXPECT_EQ(pending.rows[0].at("subject"), "out/spec.json");
  EXPECT_EQ(pending.rows[0].at("decided_at"), json::value(nullptr));
  const auto approval = an_id<approval_id>("r1");
  past.add(stream_of(run),
           stream_of(run),
           {run::approval_decided{approval, run::decision_kind::request_changes, "me", "more"},
            run::phase_omitted{"extra", "nobody wants it"}});
  catch_up(*with);
  const auto decided = one(with->queries(), "approvals", to_string(approval));
  EXPECT_EQ(decided.at("state"), "changes_requested");
  EXPECT_EQ(decided.at("decided_by"), "me");
  EXPECT_EQ(one(with->queries(), "runs", to_string(run)).at("state"), "executing");
  EXPECT_EQ(one(with->queries(), "runs", to_string(run)).at("phases_omitted"), 1);
}

TEST_P(views, know_what_a_session_asks_and_what_it_may_cost) {
  const auto id = an_id<session_id>("asking");
  run::approval_requested asked;
  asked.approval = an_id<approval_id>("budget");
  asked.kind = run::approval_kind::budget;
  asked.asker = stream_of(id);
  asked.subject = "session:x";
  asked.question = "May it go on?";
  asked.content = document_of("All of it.");
  asked.amount = usd{250'000'000'000};
  session::created made;
  made.session = id;
  past.add(stream_of(id), stream_of(id), {made, asked});
  const auto with = open();
  catch_up(*with);
  const auto rows = must(with->queries().list("approvals", {{"session", to_string(id)}}));
  ASSERT_EQ(rows.total, 1U);
  EXPECT_EQ(rows.rows[0].at("run"), "");
  EXPECT_EQ(rows.rows[0].at("kind"), "budget");
  EXPECT_EQ(rows.rows[0].at("question"), "May it go on?");
  EXPECT_EQ(rows.rows[0].at("content"), "All of it.");
  EXPECT_EQ(rows.rows[0].at("content_sha256"), json::value(sha256_hex("All of it.")));
  EXPECT_EQ(rows.rows[0].at("content_bytes"), 10);
  EXPECT_EQ(rows.rows[0].at("amount_usd"), "0.25");
}

TEST_P(views, count_the_calls_of_sub_agents_to_the_phase_that_they_work_for) {
  const auto root = stream_of(past.add_run("r1"));
  const auto owner = stream_of(an_id<phase_id>(std::string{root.key()} + "plan"));
  tool_call::requested asked;
  asked.call = an_id<tool_call_id>("asked");
  asked.owner = owner;
  asked.subagents = {"helper"};
  turn::tool_called called;
  called.tool_call = asked.call;
  past.add(owner, root, {called});
  past.add(stream_of(asked.call), root, {asked});
  session::created child;
  child.session = an_id<session_id>("child");
  child.depth = 1;
  child.asked_by = asked.call;
  turn::call_requested call;
  call.call = an_id<call_id>("childs");
  call.turn = an_id<turn_id>("second");
  past.add(stream_of(child.session), root, {child, turn::started{call.turn, 2, "more"}, call});
  const auto with = open();
  catch_up(*with);
  const auto row = one(with->queries(), "model_calls", to_string(call.call));
  EXPECT_EQ(row.at("turn_number"), 2);
  EXPECT_EQ(row.at("run"), json::value(std::string{root.key()}));
  EXPECT_EQ(row.at("phase_key"), "plan");
}

TEST_P(views, show_a_call_that_a_model_reviews_and_count_what_that_costs_to_its_phase) {
  const auto root = stream_of(past.add_run("r1"));
  const auto owner = stream_of(an_id<phase_id>(std::string{root.key()} + "plan"));
  tool_call::requested asked;
  asked.call = an_id<tool_call_id>("asked");
  asked.owner = owner;
  asked.scopes.emplace_back().scope = "day:2026-11-21";
  turn::tool_called called;
  called.tool_call = asked.call;
  past.add(owner, root, {called});
  session::created reviewer;
  reviewer.session = an_id<session_id>("reviewer");
  reviewer.depth = 1;
  reviewer.asked_by = asked.call;
  past.add(
      stream_of(asked.call), root, {asked, tool_call::delegated{asked.call, reviewer.session}});
  turn::call_requested call;
  call.call = an_id<call_id>("verdict");
  call.purpose = turn::call_purpose::review;
  past.add(stream_of(reviewer.session), root, {reviewer, call});
  const auto with = open();
  catch_up(*with);
  const auto row = one(with->queries(), "model_calls", to_string(call.call));
  EXPECT_EQ(row.at("phase_key"), "plan");
  EXPECT_EQ(row.at("purpose"), "review");
  const auto reviews = must(with->queries().list(
      "model_calls", {{"run", std::string{root.key()}}, {"purpose", "review"}}));
  EXPECT_EQ(reviews.total, 1U);
  const auto by_purpose = must(with->queries().stats("purpose"));
  const auto& rows = by_purpose.at("rows").as_array();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("key"), "work");
  EXPECT_EQ(rows[0].at("calls"), 4);
  EXPECT_EQ(rows[1].at("key"), "review");
  EXPECT_EQ(rows[1].at("calls"), 1);
  EXPECT_EQ(one(with->queries(), "tool_calls", to_string(asked.call)).at("state"), "reviewing");
}

ASH_EACH_STORE(views);

} // namespace
} // namespace ash::projections::testing
