// `actor-shell serve` as a process: what it prints and leaves, who may ask, TLS, and how it ends.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/gateway/http/a_certificate.hpp"

#include <boost/json/object.hpp>
#include <csignal>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ash::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t keep(char* bytes, std::size_t, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(bytes, count);
  return count;
}

struct answer {
  long status = 0; ///< 0: there was none
  std::string body;
};

/// A GET by libcurl, with the token where one is given; `trusted` is the only certificate that is
/// believed.
answer get(const std::string& url, const std::string& token = {}, const std::string& trusted = {}) {
  answer out;
  auto* one = curl_easy_init();
  curl_slist* headers = nullptr;
  if (!token.empty())
    headers = curl_slist_append(headers, ("Authorization: Bearer " + token).c_str());
  curl_easy_setopt(one, CURLOPT_URL, url.c_str());
  curl_easy_setopt(one, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(one, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(one, CURLOPT_WRITEDATA, &out.body);
  curl_easy_setopt(one, CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(one, CURLOPT_NOPROXY, "*");
  if (!trusted.empty())
    curl_easy_setopt(one, CURLOPT_CAINFO, trusted.c_str());
  if (curl_easy_perform(one) == CURLE_OK)
    curl_easy_getinfo(one, CURLINFO_RESPONSE_CODE, &out.status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(one);
  return out;
}

std::vector<std::string> serve_with(const std::string& data,
                                    const std::vector<std::string>& options = {}) {
  std::vector<std::string> command{
      ACTOR_SHELL_BINARY, "--json", "--data-dir", data, "serve", "--listen", "127.0.0.1:0"};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

process_options a_command(std::vector<std::string> words) {
  process_options out;
  out.command = std::move(words);
  return out;
}

/// A server that runs beside the test.
class served {
public:
  explicit served(const std::vector<std::string>& options = {})
      : process_{{.command = serve_with(data(), options),
                  .environment = clean_environment(home_.path()),
                  .directory = {},
                  .limit = std::chrono::seconds{120}},
                 home_ / "output"} {
    EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] { return fs::exists(endpoint()); }))
        << output();
    const auto read = parse_json(read_text(endpoint()), "server.json");
    if (read)
      url_ = std::string{std::string_view{read.value().at("url").as_string()}};
  }

  [[nodiscard]] std::string data() const { return home_ / "data"; }
  [[nodiscard]] std::string endpoint() const { return data() + "/server.json"; }
  [[nodiscard]] std::string output() const { return read_text(home_ / "output"); }
  [[nodiscard]] std::string token() const { return read_text(data() + "/token").substr(0, 64); }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] background_process& process() { return process_; }

private:
  temporary_directory home_;
  background_process process_;
  std::string url_;
};

mode_t mode_of(const std::string& file) {
  struct stat found {};
  EXPECT_EQ(::stat(file.c_str(), &found), 0) << file;
  return found.st_mode & 07777;
}

TEST(serve, answers_who_has_the_token_and_tells_nobody_what_it_is) {
  served under;
  EXPECT_EQ(mode_of(under.data() + "/token"), 0600u);
  EXPECT_EQ(mode_of(under.endpoint()), 0600u);
  EXPECT_EQ(under.token().size(), 64u);
  EXPECT_EQ(get(under.url() + "/healthz").status, 200);
  EXPECT_THAT(get(under.url() + "/version").body, HasSubstr("actor-shell"));
  EXPECT_EQ(get(under.url() + "/api/v1/log").status, 401);
  EXPECT_EQ(get(under.url() + "/metrics").status, 401);
  EXPECT_EQ(get(under.url() + "/api/v1/log", std::string(64, '0')).status, 401);
  EXPECT_EQ(get(under.url() + "/api/v1/log", under.token()).status, 200);
  EXPECT_THAT(get(under.url() + "/metrics", under.token()).body, HasSubstr("# TYPE"));
  EXPECT_THAT(under.output(), HasSubstr(under.url()));
  EXPECT_THAT(under.output(), HasSubstr(under.data() + "/token"));
  EXPECT_THAT(under.output(), Not(HasSubstr(under.token())));
}

TEST(serve, ends_in_order_when_it_is_told_to) {
  for (const int signal : {SIGTERM, SIGINT}) {
    served under;
    ASSERT_EQ(get(under.url() + "/healthz").status, 200);
    ::kill(under.process().id(), signal);
    EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] { return !under.process().running(); }))
        << under.output();
    EXPECT_FALSE(fs::exists(under.endpoint()));
    EXPECT_EQ(get(under.url() + "/healthz").status, 0);
    EXPECT_EQ(left_log{under.data()}.damages(), "");
  }
}

TEST(serve, serves_again_with_the_same_token_after_it_was_killed) {
  temporary_directory home;
  std::string token;
  for (int life = 0; life < 2; ++life) {
    fs::remove(home / "data/server.json");
    background_process process{{.command = serve_with(home / "data"),
                                .environment = clean_environment(home.path()),
                                .directory = {},
                                .limit = std::chrono::seconds{120}},
                               home / "output"};
    ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
      return fs::exists(home / "data/server.json");
    })) << read_text(home / "output");
    const auto now = read_text(home / "data/token");
    EXPECT_EQ(now, life == 0 ? now : token);
    token = now;
    ::kill(process.id(), SIGKILL);
    ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] { return !process.running(); }));
  }
}

TEST(serve, speaks_tls_with_the_certificate_that_it_was_given) {
  const gateway::testing::a_certificate files;
  served under{{"--tls-cert", files.certificate(), "--tls-key", files.key()}};
  ASSERT_THAT(under.url(), HasSubstr("https://127.0.0.1:"));
  const auto port = under.url().substr(under.url().rfind(':'));
  const auto trusted =
      get("https://localhost" + port + "/api/v1/log", under.token(), files.certificate());
  EXPECT_EQ(trusted.status, 200);
  EXPECT_EQ(get("https://localhost" + port + "/healthz").status, 0) << "nobody vouches for it";
  EXPECT_EQ(get("http://localhost" + port + "/healthz").status, 0);
  const auto list = [&](const std::string& url, const std::vector<std::string>& options) {
    std::vector<std::string> command{
        ACTOR_SHELL_BINARY, "--server", url, "--token-file", under.data() + "/token"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"runs", "list"});
    return run_process(a_command(command));
  };
  const auto vouched = list("https://localhost" + port, {"--server-ca", files.certificate()});
  EXPECT_EQ(vouched.exit_code, 0) << vouched.shown();
  const auto unknown = list("https://localhost" + port, {});
  EXPECT_EQ(unknown.exit_code, 2) << unknown.shown();
  EXPECT_THAT(unknown.err, HasSubstr("--server-ca"));
}

TEST(serve, is_sent_no_token_that_the_network_could_read) {
  temporary_directory home;
  write_text(home / "token", std::string(64, 'a'));
  for (const auto* url : {"http://192.0.2.1:7777", "http://127.0.0.1@192.0.2.1/"}) {
    const auto refused = run_process(a_command(
        {ACTOR_SHELL_BINARY, "--server", url, "--token-file", home / "token", "runs", "list"}));
    EXPECT_EQ(refused.exit_code, 2) << refused.shown();
    EXPECT_THAT(refused.err, HasSubstr("https://"));
  }
}

TEST(serve, says_what_to_do_where_the_port_is_taken) {
  served under;
  temporary_directory home;
  const auto taken = under.url().substr(under.url().rfind('/') + 1);
  const auto second = run_process(
      a_command({ACTOR_SHELL_BINARY, "--data-dir", home / "data", "serve", "--listen", taken}));
  EXPECT_EQ(second.exit_code, 1) << second.shown();
  EXPECT_THAT(second.err, HasSubstr("another address or port with --listen"));
}

TEST(serve, serves_metrics_to_everyone_only_where_it_is_told_to) {
  served under{{"--metrics-public"}};
  EXPECT_EQ(get(under.url() + "/metrics").status, 200);
  EXPECT_EQ(get(under.url() + "/api/v1/log").status, 401);
}

struct refused_start {
  std::vector<std::string> options;
  std::string why;
};

TEST(serve, refuses_to_start_where_it_would_not_be_safe) {
  temporary_directory home;
  const std::vector<refused_start> all{
      {{"--listen", "0.0.0.0:0"}, "without TLS"},
      {{"--listen", "[::]:0"}, "without TLS"},
      {{"--listen", "7777"}, "ADDRESS:PORT"},
      {{"--listen", "127.0.0.1:99999"}, "ADDRESS:PORT"},
      {{"--listen", "example.org:80"}, "no IP address"},
      {{"--tls-cert", "/nowhere/cert.pem"}, "give both"},
      {{"--allow-host", "a b"}, "--allow-host"},
  };
  for (const auto& each : all) {
    std::vector<std::string> command{ACTOR_SHELL_BINARY, "--data-dir", home / "data", "serve"};
    command.insert(command.end(), each.options.begin(), each.options.end());
    const auto ended = run_process(a_command(command));
    EXPECT_EQ(ended.exit_code, 2) << ended.shown();
    EXPECT_THAT(ended.err, HasSubstr(each.why)) << ended.shown();
    EXPECT_FALSE(fs::exists(home / "data")) << "refused before anything is made";
  }
}

TEST(serve, refuses_a_token_that_others_can_read_and_a_directory_that_is_in_use) {
  // Nobody answers there, which is no reason not to serve.
  served under{{"--database-url", "postgresql://me:hush-hush@127.0.0.1:1/rows"}};
  const auto second = run_process(a_command(serve_with(under.data())));
  EXPECT_EQ(second.exit_code, 4) << second.shown();
  EXPECT_THAT(second.err, HasSubstr("log_locked"));
  EXPECT_THAT(second.err, HasSubstr("name one with --server"));
  EXPECT_THAT(second.err, HasSubstr("--database-url postgresql://..."));
  EXPECT_THAT(second.shown() + under.output(), Not(HasSubstr("hush-hush")))
      << "who holds the log is shown without the password that it was given";
  temporary_directory home;
  write_text(home / "data/token", std::string(64, 'a'));
  fs::permissions(home / "data/token", fs::perms{0644});
  const auto seen = run_process(a_command(serve_with(home / "data")));
  EXPECT_EQ(seen.exit_code, 5) << seen.shown();
  EXPECT_THAT(seen.err, HasSubstr("chmod 600"));
}

} // namespace
} // namespace ash::e2e
