// What is deployed, judged by Prometheus' and Docker's own tools, and a real Prometheus that
// scrapes a real server.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds start_limit{30};

ended_process tool(std::vector<std::string> command) {
  return run_process({.command = std::move(command), .environment = {}, .directory = {}});
}

/// A server of an empty data directory whose metrics anybody may read.
class open_server {
public:
  open_server()
      : process_{{.command = {ACTOR_SHELL_BINARY,
                              "serve",
                              "--listen",
                              "127.0.0.1:" + std::to_string(port_),
                              "--metrics-public"},
                  .environment = clean_environment(home_.path()),
                  .directory = home_.path()},
                 home_.path() / "log"} {}

  [[nodiscard]] bool ready() const {
    return wait_until(start_limit, [&] { return !http_get(port_, "/healthz").empty(); });
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string said() const { return read_text(home_.path() / "log"); }

private:
  temporary_directory home_;
  int port_ = free_port();
  background_process process_;
};

TEST(deployed, alert_rules_are_accepted_by_promtool) {
  const auto judged =
      tool({"promtool", "check", "rules", PROJECT_FOLDER "/deploy/prometheus/rules.yml"});
  EXPECT_EQ(judged.exit_code, 0) << judged.shown();
}

TEST(deployed, prometheus_config_is_accepted_by_promtool) {
  const temporary_directory copy;
  write_text(copy.path() / "certificate.pem", "");
  auto config = read_text(PROJECT_FOLDER "/deploy/prometheus/prometheus.yml");
  const std::string in_the_container = "/tls/certificate.pem";
  const auto at = config.find(in_the_container);
  ASSERT_NE(at, std::string::npos);
  config.replace(at, in_the_container.size(), copy / "certificate.pem");
  write_text(copy.path() / "prometheus.yml", config);
  write_text(copy.path() / "rules.yml", read_text(PROJECT_FOLDER "/deploy/prometheus/rules.yml"));
  const auto judged = tool({"promtool", "check", "config", copy / "prometheus.yml"});
  EXPECT_EQ(judged.exit_code, 0) << judged.shown();
}

TEST(deployed, compose_file_is_accepted_and_asks_for_no_password) {
  const auto judged =
      tool({"docker-compose", "-f", PROJECT_FOLDER "/docker-compose.yml", "config"});
  EXPECT_EQ(judged.exit_code, 0) << judged.shown();
  for (const auto* service : {"actor-shell:", "postgres:", "prometheus:", "grafana:"})
    EXPECT_THAT(judged.out, HasSubstr(service));
  EXPECT_THAT(judged.err, testing::Not(HasSubstr("variable is not set")));
}

TEST(deployed, container_makes_a_certificate_once_and_serves_with_it) {
  const temporary_directory home;
  auto environment = clean_environment(home.path());
  environment["ACTOR_SHELL_TLS_DIR"] = home / "tls";
  environment["ACTOR_SHELL_DATA_DIR"] = home / "data";
  environment["ACTOR_SHELL_BINARY"] = "echo";
  fs::create_directories(home.path() / "tls");
  const auto start = [&] {
    return run_process({.command = {"sh", PROJECT_FOLDER "/deploy/docker/serve.sh", "--more"},
                        .environment = environment,
                        .directory = home.path()});
  };
  const auto first = start();
  ASSERT_EQ(first.exit_code, 0) << first.shown();
  EXPECT_THAT(first.out, HasSubstr("serve --listen 0.0.0.0:7777 --tls-cert"));
  EXPECT_THAT(first.out, HasSubstr(" --more"));
  const auto certificate = read_text(home.path() / "tls/certificate.pem");
  EXPECT_THAT(certificate, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(fs::status(home.path() / "tls/key.pem").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(start().exit_code, 0);
  EXPECT_EQ(read_text(home.path() / "tls/certificate.pem"), certificate);
}

TEST(metrics_endpoint, is_accepted_by_promtool) {
  const open_server server;
  ASSERT_TRUE(server.ready()) << server.said();
  const temporary_directory kept;
  write_text(kept.path() / "metrics.txt", http_get(server.port(), "/metrics"));
  const auto judged = tool({"sh", "-c", "promtool check metrics < " + kept / "metrics.txt"});
  EXPECT_EQ(judged.exit_code, 0) << judged.shown();
  EXPECT_EQ(judged.err, "") << "a lint of promtool";
}

TEST(metrics_endpoint, is_scraped_by_a_real_prometheus) {
  const open_server server;
  ASSERT_TRUE(server.ready()) << server.said();
  const temporary_directory home;
  write_text(home.path() / "prometheus.yml",
             "global: {scrape_interval: 1s}\n"
             "scrape_configs:\n"
             "  - job_name: actor-shell\n"
             "    static_configs: [{targets: ['127.0.0.1:" +
                 std::to_string(server.port()) + "']}]\n");
  const auto port = free_port();
  background_process prometheus{
      {.command = {"prometheus",
                   "--config.file=" + home / "prometheus.yml",
                   "--storage.tsdb.path=" + home / "data",
                   "--web.listen-address=127.0.0.1:" + std::to_string(port)},
       .environment = {},
       .directory = home.path()},
      home.path() / "log"};
  // `up` says that the whole text was understood; the head is a figure from it.
  std::string answer;
  const auto scraped = wait_until(start_limit, [&] {
    answer = http_get(port, "/api/v1/query?query=up*on(instance)actor_shell_build_info");
    return answer.find("\"value\"") != std::string::npos;
  });
  ASSERT_TRUE(scraped) << answer << read_text(home.path() / "log") << server.said();
  const auto found = parse_json(answer, "the answer");
  ASSERT_TRUE(found);
  EXPECT_EQ(
      json::value_to<std::string>(found.value().at("data").at("result").at(0).at("value").at(1)),
      "1");
}

} // namespace
} // namespace ash::e2e
