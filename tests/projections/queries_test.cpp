#include "projections/queries/queries.hpp"

#include "tests/projections/place.hpp"

#include <set>

namespace ash::projections::testing {
namespace {

class lists : public each_store {};

TEST_P(lists, turn_pages_without_a_gap_while_rows_are_added) {
  for (int i = 0; i < 7; ++i)
    past.add_run("r" + std::to_string(i));
  const auto with = open();
  catch_up(*with);
  std::vector<std::string> seen;
  page_request which{3, {}};
  for (int added = 7;; ++added) {
    const auto got = must(with->queries().list("runs", {}, which));
    EXPECT_EQ(got.total, static_cast<std::uint64_t>(added));
    EXPECT_EQ(got.position, log->head());
    for (const auto& each : got.rows)
      seen.push_back(each.at("requirements").as_string().c_str());
    if (got.next.empty())
      break;
    which.after = got.next;
    past.add_run("r" + std::to_string(added));
    catch_up(*with);
  }
  EXPECT_EQ(
      seen,
      (std::vector<std::string>{"do r6", "do r5", "do r4", "do r3", "do r2", "do r1", "do r0"}));
}

TEST_P(lists, filter_by_one_value_or_several) {
  past.add_run("done");
  past.add_waiting_run("waiting");
  const auto with = open();
  catch_up(*with);
  const auto& of = with->queries();
  EXPECT_EQ(must(of.list("runs", {{"state", "completed"}})).total, 1U);
  EXPECT_EQ(must(of.list("runs", {{"state", "completed,awaiting_approval"}})).total, 2U);
  EXPECT_EQ(must(of.list("runs", {{"state", "completed"}, {"workflow", "other@1"}})).total, 0U);
  EXPECT_EQ(must(of.list("runs", {{"workflow", "' or 1 = 1 --"}})).total, 0U);
}

TEST_P(lists, refuse_what_they_do_not_know) {
  past.add_run("r");
  const auto with = open();
  catch_up(*with);
  const auto& of = with->queries();
  const auto code = [](const auto& answer) {
    return answer ? std::optional<errc>{} : std::optional<errc>{answer.error().code};
  };
  EXPECT_EQ(code(of.list("nothing")), errc::argument_invalid);
  EXPECT_EQ(code(of.list("runs", {{"requirements", "x"}})), errc::unknown_field);
  EXPECT_EQ(code(of.list("runs", {{"run; drop table g1_runs", "x"}})), errc::unknown_field);
  EXPECT_EQ(code(of.list("runs", {{"order", "random"}})), errc::argument_invalid);
  EXPECT_EQ(code(of.list("runs", {{"state", std::string{"a\0b", 3}}})), errc::argument_invalid);
  EXPECT_EQ(code(of.list("messages", {{"archived", "perhaps"}})), errc::argument_invalid);
  EXPECT_EQ(code(of.list("runs", {}, {0, {}})), errc::argument_invalid);
  EXPECT_EQ(code(of.list("runs", {}, {1'001, {}})), errc::argument_invalid);
  EXPECT_EQ(code(of.list("runs", {}, {10, "nonsense"})), errc::cursor_invalid);
  EXPECT_EQ(code(of.stats("moon")), errc::argument_invalid);
  EXPECT_FALSE(must(of.get("runs", "no such id")));
  EXPECT_FALSE(must(of.get("budget_ledger", "no number")));
}

TEST_P(lists, name_the_filter_and_what_it_knows_in_a_refusal) {
  past.add_run("r");
  const auto with = open();
  catch_up(*with);
  const auto& of = with->queries();
  const auto refused = [](const auto& answer) { return answer ? error{} : answer.error(); };
  const auto field = [&](const auto& answer) {
    const auto why = refused(answer);
    return why.details.empty() ? "" : why.details[0].first + " " + why.details[0].second;
  };
  EXPECT_EQ(field(of.list("runs", {{"foo", "1"}})), "field foo");
  EXPECT_EQ(field(of.list("runs", {{"order", "random"}})), "field order");
  EXPECT_EQ(field(of.list("messages", {{"archived", "1"}})), "field archived");
  EXPECT_EQ(field(of.list("runs", {{"workflow", std::string{"a\0b", 3}}})), "field workflow");
  EXPECT_EQ(field(of.stats("moon")), "field by");
  const auto bogus = refused(of.list("runs", {{"state", "completed,bogus"}}));
  EXPECT_EQ(bogus.code, errc::argument_invalid);
  EXPECT_EQ(field(of.list("runs", {{"state", "completed,bogus"}})), "field state");
  EXPECT_EQ(bogus.message,
            "'state' of runs is never 'bogus': give executing, awaiting_approval, interrupted, "
            "completed, failed, aborted, unreadable");
  EXPECT_EQ(refused(of.list("tool_calls", {{"effect", "x"}})).message,
            "'effect' of tool_calls is never 'x': give read, idempotent, write");
  EXPECT_TRUE(of.list("tool_calls", {{"effect", ""}})) << "a call that was refused has none";
  EXPECT_TRUE(of.list("runs", {{"workflow", "bogus"}})) << "names are free";
}

TEST_P(lists, know_every_value_that_their_rows_have) {
  past.add_run("r1");
  past.add_waiting_run("r2");
  past.add_session("s1");
  const auto with = open();
  catch_up(*with);
  const auto& of = with->queries();
  for (const auto what : queries::names())
    for (const auto& row : must(of.list(what, {}, {1'000, {}})).rows)
      for (const auto by : queries::filters_of(what)) {
        if (queries::values_of(what, by).empty())
          continue;
        const auto& value = row.as_object().at(by);
        const auto asked =
            value.is_bool() ? to_json_text(value) : std::string{value.as_string().c_str()};
        EXPECT_GE(must(of.list(what, {{std::string{by}, asked}})).total, 1U) << what << ' ' << by;
      }
}

TEST_P(lists, take_a_next_only_where_it_is_from) {
  for (int i = 0; i < 3; ++i)
    past.add_run("r" + std::to_string(i));
  const auto with = open();
  catch_up(*with);
  const auto& of = with->queries();
  const auto first = must(of.list("runs", {{"state", "completed"}}, {2, {}}));
  ASSERT_FALSE(first.next.empty());
  EXPECT_EQ(must(of.list("runs", {{"state", "completed"}}, {2, first.next})).rows.size(), 1U);
  EXPECT_EQ(of.list("runs", {}, {2, first.next}).error().code, errc::cursor_invalid);
  EXPECT_EQ(of.list("phases", {}, {2, first.next}).error().code, errc::cursor_invalid);
}

TEST_P(lists, sum_calls_by_what_is_asked) {
  past.add_run("r1");
  past.add_run("r2");
  past.add_session("s1");
  const auto with = open();
  catch_up(*with);
  const auto by_run = must(with->queries().stats("run"));
  ASSERT_EQ(by_run.at("rows").as_array().size(), 3U);
  EXPECT_EQ(by_run.at("total").at("cost_usd"), "0.12");
  EXPECT_EQ(by_run.at("total").at("calls"), 12);
  const auto by_workflow = must(with->queries().stats("workflow"));
  EXPECT_EQ(by_workflow.at("rows").as_array()[0].at("key"), "two-steps@1");
  EXPECT_EQ(by_workflow.at("rows").as_array()[0].at("input_tokens"), 800);
  for (const auto* by : {"model", "provider", "persona", "purpose", "day", "session"})
    EXPECT_EQ(must(with->queries().stats(by)).at("total").at("cost_usd"), "0.12") << by;
}

TEST_P(lists, can_all_be_filtered_by_each_of_their_filters) {
  past.add_run("r1");
  const auto with = open();
  catch_up(*with);
  for (const auto what : queries::names())
    for (const auto by : queries::filters_of(what)) {
      auto values = queries::values_of(what, by);
      if (values.empty())
        values = {"x"};
      for (const auto value : values)
        EXPECT_TRUE(with->queries().list(what, {{std::string{by}, std::string{value}}}))
            << what << ' ' << by << ' ' << value;
    }
}

TEST_P(lists, say_so_before_there_is_anything) {
  const auto empty = at.a_store();
  const queries of{*empty};
  const auto answer = of.list("runs");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::store_unavailable);
}

TEST(lists_in_postgres, ask_nothing_for_a_while_after_a_question_that_was_left_unanswered) {
  const place at{kind::postgres};
  const auto log = log::make_memory_log();
  history past{*log};
  past.add_run("r");
  const auto with = must(read_models::open(*log, at.how()));
  ASSERT_TRUE(with->wait_for(log->head(), std::chrono::seconds{60}));
  postgres_limits limits;
  limits.read = std::chrono::milliseconds{500};
  const auto store = must(make_postgres_store(at.how().database_url, limits));
  const queries of{*store};
  ASSERT_EQ(must(of.list("runs")).total, 1U);
  const auto other = must(at.a_store()->connect());
  must(other->begin(transaction::write));
  must(other->run("lock table generations in access exclusive mode"));
  const auto late = of.list("runs");
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("did not answer within 500 ms"), std::string::npos);
  const auto next = of.list("runs");
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, errc::store_unavailable);
  EXPECT_NE(next.error().message.find("ask again later"), std::string::npos);
}

ASH_EACH_STORE(lists);

} // namespace
} // namespace ash::projections::testing
