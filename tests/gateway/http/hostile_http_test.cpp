#include "tests/gateway/http/a_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string get_health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(http, answers_pipelined_requests_in_order_on_one_connection) {
  a_server under;
  auto client = under.connect();
  client.send(get_health + "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n" +
              "POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
              "Content-Length: 3\r\n\r\nabc" + "GET /api/v1/b HTTP/1.1\r\nHost: localhost\r\n" +
              with_token + "Connection: close\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
  EXPECT_THAT(client.read_answer().body, HasSubstr("1.2.3"));
  EXPECT_EQ(client.read_answer().body, "POST /api/v1/a 3");
  EXPECT_EQ(client.read_answer().body, "GET /api/v1/b 0");
  EXPECT_TRUE(client.is_closed());
}

TEST(http, understands_bytes_one_at_a_time) {
  a_server under;
  auto client = under.connect();
  for (const char each :
       "POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
    ASSERT_TRUE(client.send({&each, 1}));
  EXPECT_EQ(client.read_answer().body, "POST /api/v1/a 5");
}

TEST(http, refuses_what_is_no_request_and_closes) {
  a_server under;
  const std::string start = "POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token;
  const std::vector<std::pair<std::string, int>> all{
      {"\r\n\r\n\r\n\r\n", 400},
      {"hello\r\n\r\n", 400},
      {std::string("\0\x01\x02\x03\r\n\r\n", 8), 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505},
      {"GET / \r\nHost: localhost\r\n\r\n", 505},
      {"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 505},
      {"G\x01T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nNoColon\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n", 43), 400},
      {start + "Content-Length: -1\r\n\r\n", 400},
      {start + "Content-Length: 1x\r\n\r\nab", 400},
      {start + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", 400},
  };
  for (const auto& [bytes, status] : all) {
    auto client = under.connect();
    client.send(bytes);
    const auto got = client.read_answer();
    EXPECT_EQ(got.status, status) << bytes;
    EXPECT_THAT(got.body, HasSubstr("\"code\":\"request_")) << bytes;
    client.finish();
    EXPECT_TRUE(client.is_closed()) << bytes;
  }
}

TEST(http, refuses_a_coding_it_does_not_speak) {
  a_server under;
  for (const auto* coding : {"gzip", "gzip, chunked", "chunked, chunked", "identity"}) {
    auto client = under.connect();
    client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
                "Transfer-Encoding: " + coding + "\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get_health);
    EXPECT_EQ(client.read_answer().status, 400) << coding;
    client.finish();
    EXPECT_TRUE(client.is_closed()) << coding << ": what follows is no request of its own";
  }
}

TEST(http, bounds_head_target_and_body) {
  a_server under;
  EXPECT_EQ(under.ask("GET /healthz", "X: " + std::string(20'000, 'x') + "\r\n").status, 431);
  EXPECT_EQ(under.ask("GET /" + std::string(9'000, 'x')).status, 414);
  EXPECT_EQ(under.ask("POST /api/v1/a", with_token, std::string(std::size_t{1} << 20, 'b')).body,
            "POST /api/v1/a 1048576");
  EXPECT_EQ(
      under.ask("POST /api/v1/a", with_token, std::string((std::size_t{1} << 20) + 1, 'b')).status,
      413);
  auto client = under.connect();
  client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
              "Transfer-Encoding: chunked\r\n\r\n");
  const auto chunk = "10000\r\n" + std::string(65'536, 'c') + "\r\n";
  for (int i = 0; i < 17; ++i)
    client.send(chunk);
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST(http, gives_up_a_head_that_never_ends) {
  a_server under;
  auto client = under.connect();
  client.send("GET /healthz HTTP/1.1\r\n");
  while (client.send("X-More: yes, there is more of it, and then some\r\n"))
    if (under.counters().requests[static_cast<std::size_t>(route_class::refused)][3] > 0)
      break;
  EXPECT_EQ(client.read_answer().status, 431);
}

TEST(http, closes_without_an_answer_where_a_body_is_cut) {
  a_server under;
  auto client = under.connect();
  client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
              "Content-Length: 10\r\n\r\nabc");
  client.finish();
  EXPECT_EQ(client.read_to_end(), "");
  auto rude = under.connect();
  rude.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\nContent-Le");
  rude.reset();
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.connections == 0; }));
}

TEST(http, does_not_read_the_body_of_who_may_not_send_it) {
  a_server under;
  auto client = under.connect();
  client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
              "Content-Length: 100000\r\n\r\n");
  const auto got = client.read_answer();
  EXPECT_EQ(got.status, 401);
  EXPECT_THAT(got.head, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(got.head, HasSubstr("Connection: close"));
}

TEST(http, tells_who_may_send_a_body_to_go_on) {
  a_server under;
  auto client = under.connect();
  client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
              "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "POST /api/v1/a 3");
}

TEST(http, cuts_off_who_is_slow_to_ask) {
  a_server under{[](server_options& o) {
    o.limits.header_time = o.limits.body_time = o.limits.idle_time = std::chrono::seconds{1};
  }};
  auto silent = under.connect();
  auto loris = under.connect();
  loris.send("GET /healthz HTTP/1.1\r\nHost: loc");
  auto half = under.connect();
  half.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
            "Content-Length: 10\r\n\r\nabc");
  auto idle = under.connect();
  idle.send(get_health);
  EXPECT_EQ(idle.read_answer().status, 200);
  EXPECT_TRUE(idle.is_closed());
  for (auto* each : {&silent, &loris, &half}) {
    EXPECT_EQ(each->read_answer().status, 408);
    EXPECT_TRUE(each->is_closed());
  }
  EXPECT_EQ(under.counters().timed_out, 3u);
}

TEST(http, refuses_what_does_not_fit_before_the_workers) {
  a_server under{[](server_options& o) {
    o.worker_threads = 1;
    o.limits.waiting_requests = 1;
  }};
  const auto held = "GET /api/v1/held HTTP/1.1\r\nHost: localhost\r\n" + with_token + "\r\n";
  auto works = under.connect();
  works.send(held);
  under.held.wait_for(1);
  auto waits = under.connect();
  waits.send(held);
  ASSERT_TRUE(under.comes_to([](const auto& now) { return now.waiting_requests == 1; }));
  auto late = under.connect();
  late.send(held);
  const auto got = late.read_answer();
  EXPECT_EQ(got.status, 503);
  EXPECT_THAT(got.head, HasSubstr("Retry-After: 1"));
  EXPECT_EQ(under.ask("GET /healthz").status, 200) << "who needs no worker is answered";
  under.held.open();
  EXPECT_EQ(works.read_answer().status, 200);
  EXPECT_EQ(waits.read_answer().status, 200);
}

TEST(http, serves_static_files_and_nothing_beside_them) {
  a_server under;
  const auto got = under.ask("GET /");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "<!doctype html><title>t</title>");
  for (const auto* each : {"Content-Type: text/html; charset=utf-8",
                           "Content-Security-Policy: default-src 'none'",
                           "X-Frame-Options: DENY",
                           "Referrer-Policy: no-referrer",
                           "X-Content-Type-Options: nosniff"})
    EXPECT_THAT(got.head, HasSubstr(each));
  EXPECT_THAT(under.ask("GET /app.js").head, HasSubstr("text/javascript"));
  const auto at = got.head.find("ETag: ") + 6;
  const auto tag = got.head.substr(at, got.head.find("\r\n", at) - at);
  const auto known = under.ask("GET /", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.head.find("Content-Length"), std::string::npos);
  for (const auto* path : {"/../token",
                           "/..%2ftoken",
                           "/%2e%2e/%2e%2e/etc/passwd",
                           "/app.js%00",
                           "/.%2e/app.js",
                           "/%5c..%5ctoken",
                           "//app.js",
                           "/%c0%ae/app.js"})
    EXPECT_EQ(under.ask(std::string{"GET "} + path).status, 400) << path;
  for (const auto* path : {"/token", "/APP.JS", "/app.js/", "/etc/passwd", "/%2565", "/index"})
    EXPECT_EQ(under.ask(std::string{"GET "} + path).status, 404) << path;
}

TEST(http, answers_head_without_a_body) {
  a_server under;
  auto client = under.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + get_health);
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 31"));
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
}

TEST(http, counts_what_it_answers_by_route_and_status) {
  a_server under;
  EXPECT_EQ(under.ask("GET /metrics").status, 401);
  EXPECT_EQ(under.ask("GET /metrics", with_token).body, "up 1\n");
  EXPECT_EQ(under.ask("GET /api/v1/a", with_token).status, 200);
  const auto now = under.counters();
  EXPECT_EQ(now.requests[static_cast<std::size_t>(route_class::metrics)][1], 1u);
  EXPECT_EQ(now.requests[static_cast<std::size_t>(route_class::api)][1], 1u);
  EXPECT_EQ(now.requests[static_cast<std::size_t>(route_class::refused)][3], 1u);
  EXPECT_EQ(now.accepted, 3u);
}

} // namespace
} // namespace ash::gateway::testing
