#include "gateway/http/gate.hpp"

#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

constexpr std::string_view secret =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What is asked; every test changes one thing of it.
struct asked {
  std::string method = "GET";
  std::string target = "/api/v1/runs";
  int version = 11;
  std::vector<std::pair<std::string, std::string>> headers{
      {"Host", "localhost:7777"}, {"Authorization", "Bearer " + std::string{secret}}};

  asked& set(const std::string& name, std::optional<std::string> value) {
    std::erase_if(headers, [&](const auto& each) { return each.first == name; });
    if (value)
      headers.emplace_back(name, *value);
    return *this;
  }
};

gate_rules rules() {
  gate_rules out;
  out.token = secret;
  out.hosts = {"shell.example.org"};
  return out;
}

std::variant<admitted, turned_away> judge(const asked& what, const gate_rules& by = rules()) {
  request_head head{what.method, what.target, what.version, {}};
  for (const auto& [name, value] : what.headers)
    head.headers.emplace_back(name, value);
  return admit(by, head, "127.0.0.1");
}

/// The status of a refusal; 0 where it was let in.
int status(const asked& what, const gate_rules& by = rules()) {
  const auto got = judge(what, by);
  const auto* no = std::get_if<turned_away>(&got);
  return no != nullptr ? no->response.status : 0;
}

std::string header_of(const response& in, const std::string& name) {
  for (const auto& each : in.headers)
    if (each.first == name)
      return each.second;
  return {};
}

asked an_upgrade() {
  asked out;
  out.target = "/api/v1/ws";
  return out.set("Upgrade", "websocket")
      .set("Connection", "keep-alive, Upgrade")
      .set("Sec-WebSocket-Version", "13")
      .set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
      .set("Sec-WebSocket-Protocol", "other, actor-shell.v1.json");
}

TEST(gate, lets_in_who_shows_the_token) {
  const auto got = judge(asked{.target = "/api/v1/runs?limit=5"});
  const auto* in = std::get_if<admitted>(&got);
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->route, route_class::api);
  EXPECT_TRUE(in->authorised);
  EXPECT_EQ(in->request.path, "/api/v1/runs");
  EXPECT_EQ(in->request.query.at("limit"), "5");
  EXPECT_EQ(in->request.headers.at("host"), "localhost:7777");
}

TEST(gate, asks_everything_but_the_open_paths_for_the_token) {
  for (const auto* path : {"/api/v1/runs", "/api", "/openapi.json", "/metrics", "/api/v2/x"}) {
    EXPECT_EQ(status(asked{.target = path}.set("Authorization", {})), 401) << path;
    EXPECT_EQ(status(asked{.target = path}), 0) << path;
  }
  for (const auto* path : {"/healthz", "/readyz", "/version", "/", "/app.js", "/apiary"})
    EXPECT_EQ(status(asked{.target = path}.set("Authorization", {})), 0) << path;
  auto open = rules();
  open.metrics_public = true;
  EXPECT_EQ(status(asked{.target = "/metrics"}.set("Authorization", {}), open), 0);
}

TEST(gate, refuses_every_wrong_token) {
  const std::string right{secret};
  for (const auto& shown : {std::string{"Bearer "},
                            std::string{"Bearer"},
                            "Bearer " + right.substr(1),
                            "Bearer " + right + "0",
                            "Bearer x" + right.substr(1),
                            "Basic " + right,
                            right})
    EXPECT_EQ(status(asked{}.set("Authorization", shown)), 401) << shown;
  EXPECT_EQ(status(asked{}.set("Authorization", "bearer  " + right)), 0);
}

TEST(gate, tells_a_wrong_token_also_to_a_websocket) {
  EXPECT_EQ(status(an_upgrade().set("Authorization", "Bearer wrong")), 401);
  const auto got = judge(an_upgrade().set("Authorization", {}));
  ASSERT_TRUE(std::holds_alternative<admitted>(got));
  EXPECT_FALSE(std::get<admitted>(got).authorised);
  EXPECT_TRUE(std::get<admitted>(judge(an_upgrade())).authorised);
}

TEST(gate, knows_itself_by_loopback_names_addresses_and_given_names_only) {
  for (const auto* host : {"localhost",
                           "LOCALHOST:1",
                           "127.0.0.1:7777",
                           "[::1]:7777",
                           "127.8.8.8",
                           "10.0.0.7:80",
                           "shell.example.org",
                           "Shell.Example.Org.:7777"})
    EXPECT_EQ(status(asked{}.set("Host", host)), 0) << host;
  for (const auto* host : {"evil.example",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "shell.example.org.evil",
                           "1.2.3"})
    EXPECT_EQ(status(asked{}.set("Host", host)), 421) << host;
  for (const auto* host :
       {"", ":80", "local host", "localhost:port", "localhost:", "a/b", "[::1", "user@localhost"})
    EXPECT_EQ(status(asked{}.set("Host", host)), 400) << host;
  EXPECT_EQ(status(asked{}.set("Host", {})), 400);
  auto twice = asked{};
  twice.headers.emplace_back("host", "localhost");
  EXPECT_EQ(status(twice), 400);
}

TEST(gate, refuses_what_a_foreign_page_would_change) {
  for (const auto* origin : {"http://evil.example",
                             "https://localhost.evil.example",
                             "null",
                             "http://10.0.0.7",
                             "file://",
                             "localhost",
                             "ftp://localhost"}) {
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
      EXPECT_EQ(status(asked{.method = method}.set("Origin", origin)), 403) << origin << method;
    EXPECT_EQ(status(an_upgrade().set("Origin", origin)), 403) << origin;
    const auto read = judge(asked{}.set("Origin", origin));
    ASSERT_TRUE(std::holds_alternative<admitted>(read));
    EXPECT_TRUE(std::get<admitted>(read).cors.empty()) << "a browser must keep it from the page";
  }
}

TEST(gate, serves_its_own_page_and_pages_of_this_machine) {
  for (const auto* origin : {"http://localhost:7777",
                             "http://localhost:3000",
                             "http://localhost",
                             "http://127.0.0.1:5173",
                             "http://[::1]:8080"}) {
    EXPECT_EQ(status(asked{.method = "POST"}.set("Origin", origin)), 0) << origin;
    EXPECT_EQ(status(an_upgrade().set("Origin", origin)), 0) << origin;
  }
  auto tls = rules();
  tls.tls = true;
  const auto from = [&](const char* origin) {
    return status(asked{.method = "POST"}.set("Host", "shell.example.org").set("Origin", origin),
                  tls);
  };
  EXPECT_EQ(from("https://shell.example.org"), 0);
  EXPECT_EQ(from("http://shell.example.org"), 403);
  EXPECT_EQ(from("https://shell.example.org:8443"), 403);
}

TEST(gate, answers_a_preflight_without_the_token) {
  auto what = asked{.method = "OPTIONS"}
                  .set("Authorization", {})
                  .set("Origin", "http://localhost:3000")
                  .set("Access-Control-Request-Method", "POST");
  const auto got = judge(what);
  const auto& answer = std::get<turned_away>(got).response;
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_NE(header_of(answer, "Access-Control-Allow-Headers").find("Idempotency-Key"),
            std::string::npos);
  EXPECT_EQ(status(what.set("Origin", "http://evil.example")), 403);
}

TEST(gate, lets_a_local_page_read_why_it_was_refused) {
  const auto got = judge(asked{}.set("Authorization", {}).set("Origin", "http://localhost:3000"));
  const auto& answer = std::get<turned_away>(got).response;
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
}

TEST(gate, takes_only_whole_websocket_upgrades) {
  EXPECT_EQ(status(an_upgrade()), 0);
  EXPECT_EQ(status(an_upgrade().set("Upgrade", {})), 426);
  EXPECT_EQ(status(an_upgrade().set("Upgrade", "h2c")), 426);
  EXPECT_EQ(status(an_upgrade().set("Connection", "close")), 426);
  EXPECT_EQ(status(an_upgrade().set("Sec-WebSocket-Version", "8")), 426);
  EXPECT_EQ(status(an_upgrade().set("Sec-WebSocket-Key", {})), 400);
  EXPECT_EQ(status(an_upgrade().set("Sec-WebSocket-Key", "c2hvcnQ=")), 400);
  EXPECT_EQ(status(an_upgrade().set("Sec-WebSocket-Protocol", "other")), 400);
  EXPECT_EQ(status(an_upgrade().set("Sec-WebSocket-Protocol", {})), 400);
  auto old = an_upgrade();
  old.version = 10;
  EXPECT_EQ(status(old), 426);
  auto post = an_upgrade();
  post.method = "POST";
  EXPECT_EQ(status(post), 405);
}

TEST(gate, finds_the_event_stream_by_what_the_client_accepts) {
  const auto route = [](const char* path, const char* accept) {
    const auto got = judge(asked{.target = path}.set("Accept", accept));
    const auto* in = std::get_if<admitted>(&got);
    return in != nullptr ? in->route : route_class::refused;
  };
  EXPECT_EQ(route("/api/v1/feeds/run/abc/events", "text/event-stream"), route_class::sse);
  EXPECT_EQ(route("/api/v1/feeds/all/events?after=x", "a/b, Text/Event-Stream;q=0.9"),
            route_class::sse);
  EXPECT_EQ(route("/api/v1/feeds/all/events", "application/json"), route_class::api);
  EXPECT_EQ(route("/api/v1/feeds/events", "text/event-stream"), route_class::api);
  EXPECT_EQ(route("/api/v1/runs/a/events", "text/event-stream"), route_class::api);
}

TEST(gate, bounds_the_target_and_its_methods) {
  EXPECT_EQ(status(asked{.target = "/" + std::string(9'000, 'a')}), 414);
  EXPECT_EQ(status(asked{.target = "/api/v1/../x"}), 400);
  EXPECT_EQ(status(asked{.method = "POST", .target = "/healthz"}), 405);
  EXPECT_EQ(status(asked{.method = "HEAD", .target = "/healthz"}), 0);
  EXPECT_EQ(status(asked{.method = "TRACE", .target = "/"}), 405);
}

TEST(gate, refuses_headers_that_contradict_themselves) {
  for (const auto* name : {"Authorization", "Origin", "Content-Type", "Idempotency-Key"}) {
    auto twice = asked{}.set(name, "a");
    twice.headers.emplace_back(name, "b");
    EXPECT_EQ(status(twice), 400) << name;
  }
  EXPECT_EQ(status(asked{}.set("X-Name", "\xff\xfe")), 400);
}

} // namespace
} // namespace ash::gateway
