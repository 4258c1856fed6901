// Commands called within this process: their exit codes, and what they tell on stderr.
#include "actors/aggregates/budget.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/arguments.hpp"
#include "cli/commands/money.hpp"
#include "cli/commands/work.hpp"
#include "cli/language.hpp"
#include "cli/remote.hpp"
#include "events/log/rocksdb_log.hpp"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace ash::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct told {
  int code = 0;
  std::string out;
  std::string err;
};

told told_by(const std::function<int()>& command) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  told out;
  out.code = command();
  out.out = testing::internal::GetCapturedStdout();
  out.err = testing::internal::GetCapturedStderr();
  return out;
}

/// A home of its own, whose data directory is not made yet, and no variable of whoever runs this.
class commands : public testing::Test {
protected:
  commands() {
    auto name = (fs::temp_directory_path() / "ash-commands-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    with_.data_dir = home_ / "data";
    with_.config_file = home_ / "config.yaml";
    for (const auto* each : variables)
      ::unsetenv(each);
    for (const auto* each : {"XDG_CONFIG_HOME", "XDG_DATA_HOME"})
      ::setenv(each, home_.c_str(), 1);
  }
  ~commands() override {
    speak(language::english);
    for (const auto* each : variables)
      ::unsetenv(each);
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }

  [[nodiscard]] told line(std::vector<const char*> words) const {
    words.insert(words.begin(), "actor-shell");
    return told_by([&] {
      const auto parsed = parse_arguments(static_cast<int>(words.size()), words.data());
      const auto* code = std::get_if<int>(&parsed);
      return code != nullptr ? *code : std::get<std::function<int()>>(parsed)();
    });
  }
  void make_log() const {
    log::open_options options;
    options.directory = data_layout{with_.data_dir}.log();
    const auto made = log::open_rocksdb_log(std::move(options));
    ASSERT_TRUE(made) << to_string(made.error());
  }

  static constexpr std::array variables{"ACTOR_SHELL_CONFIG",
                                        "ACTOR_SHELL_DATA_DIR",
                                        "ACTOR_SHELL_DEFINITIONS",
                                        "ACTOR_SHELL_JSON",
                                        "ACTOR_SHELL_LANG",
                                        "ACTOR_SHELL_SERVER",
                                        "LC_ALL",
                                        "LC_MESSAGES",
                                        "LANG"};
  fs::path home_;
  settings with_;
};

/// Answers every connection with the same bytes, like a server that is not ours.
class another_server {
public:
  explicit another_server(std::string bytes) : bytes_{std::move(bytes)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, place, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, place, &size) != 0)
      ADD_FAILURE() << "no port to listen on";
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread{[this] { serve(); }};
  }
  ~another_server() {
    ::shutdown(listener_, SHUT_RDWR); // which ends the waiting
    thread_.join();
    ::close(listener_);
  }
  another_server(const another_server&) = delete;
  another_server& operator=(const another_server&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

private:
  void serve() const {
    for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
         client = ::accept(listener_, nullptr, nullptr)) {
      std::array<char, 4'096> request{};
      if (::recv(client, request.data(), request.size(), 0) > 0)
        ::send(client, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
      ::close(client);
    }
  }

  std::string bytes_;
  std::string url_;
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::thread thread_;
};

another_server that_answers(const std::string& status, const std::string& body) {
  return another_server{"HTTP/1.1 " + status + "\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body};
}

error refusal_of(const another_server& at) {
  const auto answer = remote{{at.url(), "token", {}}}.get("/log");
  return answer ? error{} : answer.error();
}

// -- data directories -----------------------------------------------------------------------------

TEST_F(commands, that_verify_a_log_tell_of_one_that_can_not_be_opened_as_of_damage) {
  make_log();
  fs::remove(fs::path{data_layout{with_.data_dir}.log()} / "CURRENT");
  const auto data = with_.data_dir;
  const auto found = line({"--json", "--data-dir", data.c_str(), "log", "verify"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out,
              AllOf(HasSubstr("\"clean\":false"),
                    HasSubstr("CURRENT is missing"),
                    Not(HasSubstr("run `log verify`"))));
}

TEST_F(commands, back_up_no_log_that_is_not_there) {
  for (const auto exists : {false, true}) {
    if (exists)
      fs::create_directories(with_.data_dir);
    const auto ended = told_by([&] { return log_backup(with_, home_ / "backup"); });
    EXPECT_EQ(ended.code, static_cast<int>(exit_code::not_found)) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("file_not_found: there is no log in"));
    EXPECT_EQ(fs::exists(with_.data_dir), exists) << "a directory was made";
    EXPECT_TRUE(!exists || fs::is_empty(with_.data_dir));
    EXPECT_FALSE(fs::exists(home_ / "backup"));
  }
  make_log();
  EXPECT_EQ(told_by([&] { return log_backup(with_, home_ / "backup"); }).code, 0);
  EXPECT_TRUE(fs::exists(home_ / "backup"));
}

TEST_F(commands, that_follow_events_end_by_the_code_of_the_signal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto follow_until = [&](int signal) {
    // Before there is any thread that the signal could end.
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &both, nullptr);
    make_log();
    std::thread sender{[signal] {
      std::this_thread::sleep_for(std::chrono::milliseconds{300});
      ::kill(::getpid(), signal);
    }};
    events_options all;
    all.feed = "all";
    all.follow = true;
    const auto code = show_events(with_, all);
    sender.join();
    std::_Exit(code);
  };
  EXPECT_EXIT(follow_until(SIGINT), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(follow_until(SIGTERM), testing::ExitedWithCode(143), "");
}

TEST_F(commands, that_sum_head_the_first_column_in_the_language_that_is_spoken) {
  // Read models stand for nothing before the log's first event.
  ASSERT_EQ(told_by([&] { return consent_change_to(with_, {"backend", "openrouter"}); }).code, 0);
  const auto english = told_by([&] { return stats(with_, "purpose"); });
  EXPECT_THAT(english.out, StartsWith("PURPOSE  CALLS")) << english.err;
  speak(language::korean);
  for (const auto& [by, header] : {std::pair{"model", "모델"},
                                   std::pair{"purpose", "용도"},
                                   std::pair{"day", "날짜"},
                                   std::pair{"session", "세션"}})
    EXPECT_THAT(told_by([&] { return stats(with_, by); }).out, StartsWith(header));
}

// -- the line -------------------------------------------------------------------------------------

TEST_F(commands, whose_line_has_an_unknown_option_name_it_and_the_help_to_see) {
  const auto ended = line({"--bogus=1"});
  EXPECT_EQ(ended.code, static_cast<int>(exit_code::invalid));
  EXPECT_THAT(ended.err,
              AllOf(HasSubstr("`actor-shell` has no option '--bogus'\n"),
                    EndsWith("see: actor-shell --help\n")));
  EXPECT_THAT(line({"run", "--bogus"}).err,
              AllOf(HasSubstr("`actor-shell run` has no option '--bogus'\n"),
                    EndsWith("see: actor-shell run --help\n")));
  EXPECT_THAT(line({"runs", "list", "--bogus"}).err,
              AllOf(HasSubstr("--bogus"), EndsWith("see: actor-shell runs list --help\n")));
  EXPECT_THAT(line({"runs", "shw", "x"}).err,
              AllOf(HasSubstr("has no command 'shw'"), EndsWith("see: actor-shell runs --help\n")));
}

TEST_F(commands, refuse_a_configuration_that_is_named_and_not_there) {
  EXPECT_EQ(line({"keys"}).code, 0) << "the default one may be missing";
  const auto expect_refused = [](const told& ended) {
    EXPECT_EQ(ended.code, static_cast<int>(exit_code::not_found)) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("file_not_found: there is no configuration '/nosuch.yaml'"));
  };
  expect_refused(line({"--config", "/nosuch.yaml", "keys"}));
  ::setenv("ACTOR_SHELL_CONFIG", "/nosuch.yaml", 1);
  expect_refused(line({"keys"}));
}

// -- servers --------------------------------------------------------------------------------------

TEST_F(commands, name_a_url_where_there_is_no_actor_shell_server_without_its_page) {
  for (const auto* status : {"404 Not Found", "200 OK", "301 Moved Permanently"}) {
    const auto site = that_answers(status, "<!DOCTYPE HTML><html>a page</html>");
    const auto why = refusal_of(site);
    EXPECT_EQ(why.code, errc::argument_invalid) << status;
    EXPECT_THAT(why.message,
                AllOf(HasSubstr("there is no actor-shell server at " + site.url()),
                      HasSubstr(std::string{status, 3}),
                      Not(HasSubstr("<"))));
  }
  const auto other_api = that_answers("404 Not Found", R"({"message": "no such thing"})");
  EXPECT_EQ(refusal_of(other_api).code, errc::argument_invalid);
}

TEST_F(commands, may_ask_again_where_a_proxy_says_that_the_server_is_away) {
  const auto proxy = that_answers("502 Bad Gateway", "<html>nginx</html>");
  EXPECT_EQ(refusal_of(proxy).code, errc::entity_unavailable);
  const auto newer = that_answers("409 Conflict", R"({"code": "of_later", "detail": "not now"})");
  EXPECT_EQ(refusal_of(newer).code, errc::internal_error);
  EXPECT_THAT(refusal_of(newer).message, EndsWith("409: of_later: not now"));
}

// -- how runs end ---------------------------------------------------------------------------------

TEST_F(commands, that_drive_a_run_end_by_the_code_of_the_signal_unless_the_run_is_over) {
  inspect::run_summary run;
  run.run = {random_uuid()};
  const auto code = [&](const char* state, int signal) {
    run.state = state;
    return told_by([&] { return tell_end(run, output_format::text, signal); }).code;
  };
  EXPECT_EQ(code("awaiting_approval", 0), static_cast<int>(exit_code::human_required));
  EXPECT_EQ(code("awaiting_approval", SIGINT), 130);
  EXPECT_EQ(code("interrupted", SIGTERM), 143);
  EXPECT_EQ(code("interrupted", 0), static_cast<int>(exit_code::limit));
  EXPECT_EQ(code("completed", SIGINT), 0);
}

TEST_F(commands, say_how_a_run_goes_on_that_a_budget_stopped) {
  const auto reason_of = [](const std::string& scope) {
    const budget_terms terms{scope, usd{100}, usd{}};
    const auto refused = budget_aggregate::decide(
        {},
        budget::reserve{{random_uuid()}, stream_of(run_id{random_uuid()}), usd{101}, terms},
        {});
    return refused ? std::string{} : refused.error().message;
  };
  EXPECT_EQ(how_to_resume("x", reason_of("run:x")), "actor-shell runs resume x --budget USD");
  EXPECT_EQ(how_to_resume("x", reason_of("day:2026-11-21")),
            "actor-shell budget set day:2026-11-21 --cap USD && actor-shell runs resume x");
  EXPECT_EQ(how_to_resume("x", "the process was asked to stop"), "actor-shell runs resume x");
}

} // namespace
} // namespace ash::cli
