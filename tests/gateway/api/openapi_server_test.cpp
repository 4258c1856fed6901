// The document against the server: what it answers itself, and what it asks the token for.
#include "gateway/api/api.hpp"
#include "gateway/http/gate.hpp"
#include "gateway/http/server.hpp"
#include "tests/gateway/api/schema_check.hpp"
#include "tests/gateway/http/raw_client.hpp"

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>

namespace ash::gateway::testing {
namespace {

using test::faults_of;
using test::resolve;
using ::testing::IsEmpty;

const std::string the_token(64, 'a');
const std::string its_header = "Authorization: Bearer " + the_token + "\r\n";

const json::value& described() {
  static const auto parsed = parse_json(openapi_text(), "openapi.json").value();
  return parsed;
}

/// With figures, and a readiness such as `serve` has; without an API and live feeds.
class openapi_of_server : public ::testing::Test {
protected:
  openapi_of_server() {
    server_options options;
    options.port = 0;
    options.token = the_token;
    options.version = "1.2.3";
    services with;
    with.metrics = [] { return std::string{"up 1\n"}; };
    with.ready = [this] {
      const auto is_ready = is_ready_.load();
      return readiness{is_ready,
                       to_json_text(json::object{{"status", is_ready ? "ready" : "starting"},
                                                 {"log", {{"head", 7}}},
                                                 {"read_models",
                                                  {{"doing", is_ready ? "following" : "connecting"},
                                                   {"lag_facts", 7}}}})};
    };
    auto made = server::make(std::move(options), std::move(with));
    EXPECT_TRUE(made) << (made ? "" : to_string(made.error()));
    server_ = std::move(made).value();
    server_->start();
  }

  /// Asks, and holds the answer against what is described for its status and type.
  std::string told(int status, const std::string& path, const std::string& headers = {}) {
    raw_client client{server_->port()};
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, status) << path << ": " << answer.body;
    const auto& responses = described().at("paths").at(path).at("get").at("responses").as_object();
    const auto* found = responses.if_contains(std::to_string(answer.status));
    const auto& said = found != nullptr ? *found : responses.at("default");
    const auto* reference = said.as_object().if_contains("$ref");
    const auto& meant =
        reference == nullptr ? said : *resolve(described(), std::string{reference->as_string()});
    for (const auto& [type, what] : meant.at("content").as_object()) {
      EXPECT_NE(answer.head.find("Content-Type: " + std::string{type}), std::string::npos)
          << path << ": " << answer.head;
      if (type.ends_with("json")) {
        EXPECT_THAT(faults_of(parse_json(answer.body, "the answer").value(),
                              what.at("schema"),
                              described()),
                    IsEmpty())
            << path;
      }
    }
    return answer.body;
  }

  std::atomic<bool> is_ready_ = true;
  std::unique_ptr<server> server_;
};

TEST_F(openapi_of_server, fits_what_the_server_answers_itself) {
  told(200, "/healthz");
  EXPECT_NE(told(200, "/version").find("1.2.3"), std::string::npos);
  told(200, "/readyz");
  is_ready_ = false;
  told(503, "/readyz");
  EXPECT_EQ(told(200, "/metrics", its_header), "up 1\n");
  told(401, "/metrics");
  told(426, "/api/v1/ws");
  told(401, "/api/v1/ws", "Authorization: Bearer wrong\r\n");
  EXPECT_TRUE(described()
                  .at("paths")
                  .at("/api/v1/ws")
                  .at("get")
                  .at("responses")
                  .as_object()
                  .contains("101"));
}

/// Every path of the document, and whether its operation can do without the token.
TEST(openapi_of_gate, describes_nothing_but_its_paths_and_what_they_ask_the_token_for) {
  gate_rules rules;
  rules.token = the_token;
  const auto asked = [&](const std::string& method, const std::string& path, bool shows_token) {
    request_head head{method, path, 11, {{"Host", "localhost"}}};
    const auto token = "Bearer " + the_token;
    if (shows_token)
      head.headers.emplace_back("Authorization", token);
    return admit(rules, head, "127.0.0.1");
  };
  for (const auto& [path, item] : described().at("paths").as_object())
    for (const auto& [name, operation] : item.as_object()) {
      if (name == "parameters")
        continue;
      const std::string method = name == "get" ? "GET" : "POST";
      const auto* own = operation.as_object().if_contains("security");
      const auto& ways = (own != nullptr ? *own : described().at("security")).as_array();
      const auto is_open = ways.empty() || std::any_of(ways.begin(), ways.end(), [](const auto& w) {
                             return w.as_object().empty();
                           });
      const auto without = asked(method, std::string{path}, false);
      const auto* no = std::get_if<turned_away>(&without);
      EXPECT_EQ(no != nullptr && no->response.status == 401, !is_open) << method << ' ' << path;
      const auto with = asked(method, std::string{path}, true);
      const auto* in = std::get_if<admitted>(&with);
      const auto is_upgrade = path == "/api/v1/ws"; // which this is not
      EXPECT_EQ(in == nullptr, is_upgrade) << method << ' ' << path;
      if (in != nullptr) {
        EXPECT_NE(in->route, route_class::page) << path << " is there for nobody";
      }
    }
}

} // namespace
} // namespace ash::gateway::testing
