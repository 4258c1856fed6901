#include "tests/gateway/live/a_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

using namespace testing;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

request a_request_for(std::string path, std::map<std::string, std::string> query = {}) {
  request out;
  out.method = "GET";
  out.path = std::move(path);
  out.query = std::move(query);
  return out;
}

request a_request(std::string_view feed, std::map<std::string, std::string> query = {}) {
  return a_request_for("/api/v1/feeds/" + std::string{feed} + "/events", std::move(query));
}

TEST(sse, gives_every_event_an_id_to_resume_by) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  a_client client{server, must(server.live.make_sse(a_request(a_run(1).text())))};
  const auto all = client.hears();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0], "retry: 2000\n\n");
  const auto cursor = feed::to_text({server.log.log->incarnation(), 0, 1, 1, 0});
  EXPECT_THAT(
      all[1],
      StartsWith("id: " + cursor + "\nevent: event\ndata: {\"type\":\"event\",\"prev\":0,"));
  EXPECT_THAT(all[1], HasSubstr("}\n\n"));
  EXPECT_THAT(all[2], HasSubstr("\nevent: caught_up\n"));
}

TEST(sse, resumes_by_the_last_event_id_before_the_address) {
  a_server server;
  for (int i = 0; i < 3; ++i)
    server.log.write(a_run(1), titled("x"));
  auto asked = a_request("all", {{"after", "0"}});
  asked.headers["last-event-id"] = feed::to_text({server.log.log->incarnation(), 0, 2, 2, 0});
  a_client client{server, must(server.live.make_sse(asked))};
  const auto all = client.hears();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(all[1], HasSubstr("\"prev\":2,\"position\":3,"));
}

TEST(sse, takes_types_from_its_query) {
  a_server server;
  server.log.write(a_run(1), titled("1"));
  server.log.write(a_run(1), run::interrupted{});
  a_client client{server, must(server.live.make_sse(a_request("all", {{"types", "run.*,x"}})))};
  EXPECT_THAT(
      client.hears(),
      ElementsAre(HasSubstr("retry"), HasSubstr("run.interrupted"), HasSubstr("caught_up")));
}

TEST(sse, refuses_what_it_does_not_know) {
  a_server server;
  const auto refused = [&](const request& asked) {
    return server.live.make_sse(asked).error().code;
  };
  EXPECT_EQ(refused(a_request("nothing")), errc::feed_not_found);
  EXPECT_EQ(refused(a_request_for("/api/v1/feeds//events")), errc::feed_not_found);
  EXPECT_EQ(refused(a_request_for("/api/v1/feeds/events")), errc::feed_not_found);
  EXPECT_EQ(refused(a_request(a_run(1).text())), errc::run_not_found);
  EXPECT_EQ(refused(a_request("all", {{"since", "0"}})), errc::unknown_field);
  EXPECT_EQ(refused(a_request("all", {{"snapshots", "yes"}})), errc::argument_invalid);
  EXPECT_EQ(refused(a_request("all", {{"after", "7"}})), errc::cursor_invalid);
  for (const auto* name : {"since", "snapshots"})
    EXPECT_THAT(server.live.make_sse(a_request("all", {{name, "yes"}})).error().details,
                ElementsAre(std::pair<std::string, std::string>{"field", name}));
  auto asked = a_request("all");
  asked.headers["last-event-id"] = "7";
  EXPECT_EQ(refused(asked), errc::cursor_invalid);
  EXPECT_EQ(server.live.stats().sse_streams, 0U);
}

TEST(sse, asks_for_a_resync_without_an_id_and_ends) {
  a_server server;
  const auto other = feed::to_text(feed::cursor{{an_id(1)}, 0, 0, 0, 0});
  a_client client{server, must(server.live.make_sse(a_request("all", {{"after", other}})))};
  const auto all = client.hears();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0], StartsWith("retry: 2000\n\nevent: resync_required\ndata: {"));
  EXPECT_TRUE(client.connection().ending());
}

TEST(sse, ends_with_its_feed) {
  a_server server;
  server.log.write(a_run(1), a_run(1), {titled("1")}, log::stream_status::closed);
  a_client client{server, must(server.live.make_sse(a_request(a_run(1).text())))};
  const auto all = client.hears();
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_THAT(all[3], HasSubstr("\"code\":\"feed.closed\""));
  EXPECT_TRUE(client.connection().ending());
}

TEST(sse, beats_when_it_is_quiet_and_ends_when_nothing_is_taken) {
  a_server server;
  a_client client{server, must(server.live.make_sse(a_request("all")))};
  client.hears();
  client.after(seconds{17});
  EXPECT_THAT(client.hears(), ElementsAre(": heartbeat\n\n"));
  server.log.write(a_run(1), titled("1"));
  EXPECT_THAT(client.hears(false), SizeIs(1));
  client.after(seconds{61});
  EXPECT_THAT(client.hears(false), ElementsAre(HasSubstr("\"code\":\"timed_out\"")));
  EXPECT_TRUE(client.connection().ending());
}

TEST(sse, says_why_the_server_goes) {
  a_server server;
  a_client client{server, must(server.live.make_sse(a_request("all")))};
  client.connection().shut_down("it is restarted");
  EXPECT_THAT(client.hears(), ElementsAre(HasSubstr("\"code\":\"shutting_down\"")));
  EXPECT_TRUE(client.connection().ending());
}

} // namespace
} // namespace ash::gateway
