#include "tests/gateway/live/a_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

using namespace testing;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string subscribe(std::string_view more, std::string_view feed = "all") {
  return R"({"type":"subscribe","id":"a","feed":")" + std::string{feed} + '"' + std::string{more} +
         '}';
}

std::string type_of(const std::string& frame) {
  return std::string{must(parse_json(frame, "the frame")).at("type").as_string()};
}

std::vector<std::string> types_of(const std::vector<std::string>& frames) {
  std::vector<std::string> out;
  for (const auto& each : frames)
    out.push_back(type_of(each));
  return out;
}

/// A client that has been greeted.
class greeted : public a_client {
public:
  explicit greeted(a_server& of) : a_client{of} { hears(); }
};

TEST(conversation, greets_who_is_authorised_and_nobody_else) {
  a_server server;
  EXPECT_EQ(a_client{server}.hears_one().at("type"), "hello");
  a_client stranger{server, live_feeds::authorisation::wanted};
  EXPECT_THAT(stranger.hears(), IsEmpty());
  stranger.says(R"({"type":"auth","token":"secret"})");
  EXPECT_EQ(stranger.hears_one().at("incarnation").as_string(),
            to_string(server.log.log->incarnation()));
}

TEST(conversation, ends_for_a_wrong_token_and_for_anything_before_it) {
  for (const auto& first : {std::string{R"({"type":"auth","token":"wrong"})"},
                            std::string{R"({"type":"ping"})"},
                            subscribe(""),
                            std::string{"no JSON"}}) {
    a_server server;
    a_client client{server, live_feeds::authorisation::wanted};
    client.says(first);
    EXPECT_THAT(client.hears(), IsEmpty()) << first;
    ASSERT_TRUE(client.connection().ending());
    EXPECT_EQ(client.connection().ending()->code, 1'008);
    EXPECT_THAT(client.connection().ending()->reason, Not(HasSubstr("secret")));
  }
}

TEST(conversation, waits_for_the_token_only_so_long) {
  a_server server;
  a_client client{server, live_feeds::authorisation::wanted};
  client.after(seconds{10});
  EXPECT_FALSE(client.connection().ending());
  client.after(seconds{1});
  EXPECT_TRUE(client.connection().ending());
}

TEST(conversation, answers_what_is_no_message_and_goes_on) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"", "argument_invalid"},
      {"[]", "argument_invalid"},
      {"{}", "argument_invalid"},
      {R"({"type":1})", "argument_invalid"},
      {R"({"type":"shout"})", "argument_invalid"},
      {R"({"type":"ping","type":"ping"})", "argument_invalid"},
      {R"({"type":"ping","loud":true})", "unknown_field"},
      {R"({"type":"ping","id":7})", "argument_invalid"},
      {"{\"type\":\"ping\",\"id\":\"" + std::string(65, 'x') + "\"}", "argument_invalid"},
      {R"({"type":"auth","token":"secret"})", "argument_invalid"},
      {R"({"type":"subscribe","id":"a"})", "argument_invalid"},
      {R"({"type":"subscribe","feed":"all"})", "argument_invalid"},
      {R"({"type":"subscribe","id":"","feed":"all"})", "argument_invalid"},
      {subscribe("", "nothing"), "feed_not_found"},
      {subscribe("", a_run(77).text()), "run_not_found"},
      {subscribe(R"(,"after":7)"), "argument_invalid"},
      {subscribe(R"(,"after":-1)"), "argument_invalid"},
      {subscribe(R"(,"after":"then")"), "cursor_invalid"},
      {subscribe(R"(,"types":"run.*")"), "argument_invalid"},
      {subscribe(R"(,"types":[1])"), "argument_invalid"},
      {subscribe(R"(,"types":["run/*"])"), "argument_invalid"},
      {subscribe(R"(,"snapshots":1)"), "argument_invalid"},
      {subscribe(R"(,"credit":-1)"), "argument_invalid"},
      {subscribe(R"(,"credit":1.5)"), "argument_invalid"},
      {subscribe(R"(,"credit":1000001)"), "argument_invalid"},
      {subscribe(R"(,"from":0)"), "unknown_field"},
      {R"({"type":"unsubscribe","id":"b"})", "feed_not_found"},
      {R"({"type":"credit","id":"b","add":1})", "feed_not_found"},
      {R"({"type":"credit","id":"b","add":0})", "argument_invalid"},
      {R"({"type":"command","id":"c","method":"GET","path":"/healthz"})", "argument_invalid"},
      {R"({"type":"command","id":"c","method":"GET","path":"/api/v1/../x"})", "argument_invalid"},
      {R"({"type":"command","id":"c","method":"GET","path":"/api/v1/runs?x=1"})",
       "argument_invalid"},
      {R"({"type":"command","id":"c","method":"TRACE","path":"/api/v1/runs"})", "argument_invalid"},
      {R"({"type":"command","id":"c","method":"GET","path":"/api/v1/runs","query":{"a":1}})",
       "argument_invalid"},
      {"{\"type\":\"ping\",\"id\":\"" + std::string(65'536, 'x') + "\"}", "argument_invalid"},
      {"{\"type\":\"ping\",\"id\":\"\xFF\"}", "argument_invalid"},
      {std::string(100, '[') + std::string(100, ']'), "argument_invalid"}};
  a_server server;
  greeted client{server};
  for (const auto& [text, code] : wrong) {
    client.says(text);
    const auto heard = client.hears_one();
    EXPECT_EQ(heard.at("type"), "error") << text;
    EXPECT_EQ(heard.at("code").as_string(), code) << text;
  }
  EXPECT_FALSE(client.connection().ending());
  client.says(R"({"type":"ping","id":"still here"})");
  EXPECT_EQ(client.hears_one().at("id"), "still here");
  EXPECT_THAT(server.asked, IsEmpty());
}

TEST(conversation, names_the_subscription_that_an_error_answers) {
  a_server server;
  greeted client{server};
  client.says(subscribe("", "nothing"));
  EXPECT_EQ(client.hears_one().at("id"), "a");
}

TEST(conversation, follows_several_feeds_in_turn) {
  a_server server;
  for (std::uint64_t i = 1; i <= 2; ++i)
    for (int n = 0; n < 3; ++n)
      server.log.write(a_run(i), titled("x"));
  greeted client{server};
  for (const std::string id : {"1", "2"})
    client.says(R"({"type":"subscribe","id":")" + id + R"(","feed":")" +
                a_run(std::stoull(id)).text() + R"("})");
  std::string order;
  for (const auto& each : client.hears())
    if (type_of(each) == "event")
      order += must(parse_json(each, "the frame")).at("id").as_string().front();
  EXPECT_EQ(order, "121212");
}

TEST(conversation, gives_no_more_events_than_there_is_credit) {
  a_server server;
  for (int n = 0; n < 5; ++n)
    server.log.write(a_run(1), titled("x"));
  greeted client{server};
  client.says(subscribe(R"(,"credit":2)"));
  EXPECT_THAT(client.hears(), SizeIs(2));
  EXPECT_THAT(client.hears(), IsEmpty());
  client.says(R"({"type":"credit","id":"a","add":3})");
  EXPECT_EQ(types_of(client.hears()),
            (std::vector<std::string>{"event", "event", "event", "caught_up"}));
}

TEST(conversation, waits_beyond_the_end_and_begins_with_the_snapshot_of_that_place) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  const feed::cursor ahead{server.feeds.incarnation(), 0, 3, 3, 0};
  client.says(
      subscribe(R"(,"snapshots":true,"after":")" + feed::to_text(ahead) + '"', a_run(1).text()));
  EXPECT_EQ(types_of(client.hears()), (std::vector<std::string>{"caught_up"}));
  server.log.write(a_run(1), titled("2"));
  EXPECT_THAT(client.hears(), IsEmpty());
  server.log.write(a_run(1), titled("3"));
  server.log.write(a_run(1), a_run(1), {titled("4")}, log::stream_status::closed);
  const auto heard = client.hears();
  ASSERT_EQ(types_of(heard), (std::vector<std::string>{"snapshot", "event", "closed"}));
  EXPECT_THAT(heard[0], HasSubstr(R"("position":3)"));
  EXPECT_THAT(heard[1], HasSubstr(R"("prev":3,"position":4)"));
  client.says(
      subscribe(R"(,"after":")" + feed::to_text({server.feeds.incarnation(), 0, 9, 0, 0}) + '"',
                a_run(1).text()));
  EXPECT_EQ(client.hears_one().at("code"), "cursor_invalid");
}

TEST(conversation, refuses_credit_beyond_the_limit) {
  a_server server;
  greeted client{server};
  client.says(subscribe(R"(,"credit":999999)"));
  client.hears();
  client.says(R"({"type":"credit","id":"a","add":2})");
  EXPECT_EQ(client.hears_one().at("code"), "limit_exceeded");
  client.says(R"({"type":"credit","id":"a","add":1})");
  EXPECT_THAT(client.hears(), IsEmpty());
}

TEST(conversation, closes_a_subscription_that_gets_no_credit_with_the_cursor_to_resume_by) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  server.log.write(a_run(1), titled("2"));
  greeted client{server};
  client.says(subscribe(R"(,"credit":1)"));
  client.hears();
  client.after(seconds{60});
  EXPECT_THAT(types_of(client.hears()), Each("heartbeat"));
  client.after(seconds{1});
  const auto closed = client.hears_one();
  EXPECT_EQ(closed.at("type"), "closed");
  EXPECT_EQ(closed.at("code"), "timed_out");
  EXPECT_FALSE(client.connection().ending());
  EXPECT_EQ(server.live.stats().closed_slow, 1U);
  client.says(subscribe(R"(,"after":")" + std::string{closed.at("cursor").as_string()} + '"'));
  const auto rest = client.hears();
  EXPECT_EQ(types_of(rest), (std::vector<std::string>{"event", "caught_up"}));
  EXPECT_EQ(must(parse_json(rest[0], "")).at("prev"), 1);
}

TEST(conversation, does_not_close_a_subscription_without_credit_that_has_nothing_to_give) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  client.says(subscribe(R"(,"credit":1)"));
  EXPECT_EQ(types_of(client.hears()), (std::vector<std::string>{"event", "caught_up"}));
  client.after(seconds{200});
  for (const auto& each : types_of(client.hears()))
    EXPECT_EQ(each, "heartbeat");
}

TEST(conversation, ends_for_a_client_that_takes_nothing) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  client.says(subscribe(""));
  EXPECT_THAT(client.hears(false), SizeIs(2));
  client.after(seconds{60});
  EXPECT_FALSE(client.connection().ending());
  client.after(seconds{1});
  const auto last = client.hears(false);
  ASSERT_THAT(last, SizeIs(1));
  const auto closed = must(parse_json(last[0], "the frame"));
  EXPECT_EQ(closed.at("code"), "timed_out");
  ASSERT_TRUE(client.connection().ending());
  EXPECT_THAT(client.connection().ending()->reason,
              HasSubstr(std::string_view{closed.at("cursor").as_string()}));
  EXPECT_LE(client.connection().ending()->reason.size(), 123U);
  EXPECT_EQ(server.live.stats().closed_slow, 1U);
}

TEST(conversation, ends_for_a_client_that_asks_and_does_not_read) {
  a_server server;
  greeted client{server};
  for (int i = 0; i < 64; ++i)
    client.says(R"({"type":"ping"})");
  EXPECT_THAT(client.hears(), SizeIs(64));
  for (int i = 0; i < 10'000; ++i)
    client.says(R"({"type":"ping"})");
  EXPECT_THAT(client.hears(), SizeIs(65));
  EXPECT_TRUE(client.connection().ending());
}

TEST(conversation, has_at_most_so_many_subscriptions) {
  live_limits limits;
  limits.subscriptions = 2;
  a_server server{limits};
  greeted client{server};
  for (const std::string id : {"1", "2", "3", "2"})
    client.says(R"({"type":"subscribe","feed":"all","id":")" + id + "\"}");
  std::vector<std::string> codes;
  for (const auto& each : client.hears())
    if (type_of(each) == "error")
      codes.emplace_back(must(parse_json(each, "")).at("code").as_string());
  EXPECT_EQ(codes, (std::vector<std::string>{"limit_exceeded", "argument_invalid"}));
  EXPECT_EQ(server.feeds.stats().subscriptions, 2U);
  client.says(R"({"type":"unsubscribe","id":"1"})");
  EXPECT_EQ(client.hears_one().at("code"), "unsubscribed");
  EXPECT_EQ(server.feeds.stats().subscriptions, 1U);
}

TEST(conversation, gives_commands_to_the_api_and_its_answers_back) {
  a_server server;
  greeted client{server};
  client.says(R"({"type":"command","id":"c1","method":"POST","path":"/api/v1/runs",)"
              R"("query":{"dry":"1"},"body":{"workflow":"x"},"idempotency_key":"k"})");
  EXPECT_THAT(client.hears(), IsEmpty());
  server.work();
  const auto answer = client.hears_one();
  EXPECT_EQ(to_json_text(answer),
            R"({"type":"result","id":"c1","status":202,"body":{"done":true}})");
  ASSERT_THAT(server.asked, SizeIs(1));
  EXPECT_EQ(server.asked[0].body, R"({"workflow":"x"})");
  EXPECT_EQ(server.asked[0].headers.at("idempotency-key"), "k");
  EXPECT_EQ(server.asked[0].query.at("dry"), "1");
  EXPECT_EQ(server.asked[0].client, "test");
  client.says(R"({"type":"command","id":"c2","method":"GET","path":"/api/v1/text"})");
  server.work();
  EXPECT_EQ(client.hears_one().at("body"), "a \"text\"");
}

TEST(conversation, has_at_most_so_many_commands_in_flight) {
  a_server server;
  greeted client{server};
  for (int i = 0; i < 17; ++i)
    client.says(R"({"type":"command","id":"c","method":"GET","path":"/api/v1/runs"})");
  EXPECT_EQ(client.hears_one().at("code"), "queue_full");
  server.work();
  EXPECT_THAT(client.hears(), SizeIs(16));
  server.is_busy = true;
  client.says(R"({"type":"command","id":"c","method":"GET","path":"/api/v1/runs"})");
  EXPECT_EQ(client.hears_one().at("code"), "queue_full");
}

TEST(conversation, may_be_gone_when_a_command_is_answered) {
  a_server server;
  {
    greeted client{server};
    client.says(R"({"type":"command","id":"c","method":"GET","path":"/api/v1/runs"})");
  }
  server.work();
  EXPECT_THAT(server.asked, SizeIs(1));
  EXPECT_EQ(server.live.stats().conversations, 0U);
}

TEST(conversation, asks_for_a_resync_where_the_cursor_is_of_another_incarnation) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  client.says(
      subscribe(R"(,"after":")" + feed::to_text(feed::cursor{{an_id(1)}, 0, 1, 1, 0}) + '"'));
  const auto heard = client.hears_one();
  EXPECT_EQ(heard.at("type"), "resync_required");
  EXPECT_EQ(heard.at("position"), 1);
  EXPECT_EQ(server.feeds.stats().subscriptions, 0U);
}

TEST(conversation, gives_a_snapshot_where_it_begins_and_where_deltas_were_pruned) {
  a_server server;
  server.log.write(a_session(1), titled("1"));
  server.log.write(a_session(1), a_session(1), {delta(a_turn(1), "a"), delta(a_turn(1), "b")});
  const auto last = server.log.write(a_session(1), titled("4"));
  server.log.prune(a_session(1));
  greeted client{server};
  client.says(subscribe(R"(,"snapshots":true,"after":")" +
                            feed::to_text({server.log.log->incarnation(), 0, 1, 1, 0}) + '"',
                        a_session(1).text()));
  const auto all = client.hears();
  ASSERT_EQ(types_of(all),
            (std::vector<std::string>{"snapshot", "snapshot", "event", "caught_up"}));
  const auto first = must(parse_json(all[0], "")).as_object();
  EXPECT_EQ(first.at("position"), 1);
  EXPECT_FALSE(first.contains("prev"));
  const auto gap = must(parse_json(all[1], "")).as_object();
  EXPECT_EQ(gap.at("position"), last - 1);
  EXPECT_EQ(gap.at("prev"), 1);
  EXPECT_EQ(gap.at("snapshot").at("position"), last - 1);
  EXPECT_EQ(must(parse_json(all[2], "")).at("prev"), last - 1);
}

TEST(conversation, closes_a_feed_that_can_not_be_read) {
  a_server server;
  const stream_id budget = stream_of_budget("day:2026-11-21");
  server.log.write(budget, budget, {delta(a_turn(1), "a")});
  server.log.prune(budget);
  greeted client{server};
  client.says(subscribe(R"(,"snapshots":true)", budget.text()));
  const auto closed = client.hears_one();
  EXPECT_EQ(closed.at("type"), "closed");
  EXPECT_EQ(closed.at("code"), "log_corrupt");
}

TEST(conversation, says_in_a_heartbeat_where_its_quiet_feeds_are) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  client.says(subscribe("", a_run(1).text()));
  client.hears();
  server.log.write(a_run(2), titled("2"));
  client.after(seconds{17});
  const auto beat = client.hears_one();
  EXPECT_EQ(beat.at("type"), "heartbeat");
  EXPECT_EQ(beat.at("head"), 2);
  const auto where = must(feed::parse_cursor(std::string{beat.at("cursors").at("a").as_string()}));
  EXPECT_EQ(where.last, 1U);
}

TEST(conversation, says_why_the_server_goes) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  greeted client{server};
  client.says(subscribe(""));
  client.hears();
  client.connection().shut_down("it is restarted");
  EXPECT_FALSE(client.connection().ending());
  const auto closed = client.hears_one();
  EXPECT_EQ(closed.at("code"), "shutting_down");
  EXPECT_EQ(closed.at("position"), 1);
  EXPECT_EQ(client.connection().ending()->code, 1'001);
}

} // namespace
} // namespace ash::gateway
