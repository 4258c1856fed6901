// Everything about run_command that holds with and without a sandbox; each test runs both ways.
#include "tests/actors/tools/a_worktree.hpp"

#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace ash::tool {
namespace {

class run_command : public a_worktree, public ::testing::WithParamInterface<sandbox_mode> {
protected:
  void SetUp() override {
    where_.sandbox = GetParam();
    if (GetParam() == sandbox_mode::required && !sandbox_probe())
      FAIL() << sandbox_probe().error().message;
  }

  [[nodiscard]] bool sandboxed() const { return GetParam() == sandbox_mode::required; }
  [[nodiscard]] std::string note() const { return sandboxed() ? "" : "[ran without a sandbox]\n"; }
  /// A number of seconds to sleep that no other process on the machine has among its arguments.
  static std::string a_long_time() { return "1000000" + std::to_string(::getpid()) + ".25"; }
  outcome shell(std::string_view command, std::stop_token stop = {}) {
    return call("run_command", {{"command", command}}, std::move(stop));
  }
  /// Whether any process has `mark` in its arguments, after at most `wait_us`.
  static bool any_process_with(std::string_view mark, std::int64_t wait_us = 0) {
    const auto until = monotonic_us() + wait_us;
    bool found = true;
    while (found) {
      found = false;
      for (const auto& entry : std::filesystem::directory_iterator{"/proc"})
        found = found || get(entry.path() / "cmdline").find(mark) != std::string::npos;
      if (monotonic_us() >= until)
        break;
    }
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(both_ways,
                         run_command,
                         ::testing::Values(sandbox_mode::required, sandbox_mode::unsandboxed),
                         [](const auto& way) {
                           return way.param == sandbox_mode::required ? "sandboxed" : "unsandboxed";
                         });

TEST_P(run_command, gives_output_of_both_streams_and_says_how_it_ran) {
  const auto done = shell("echo out; echo err >&2");
  expect_done(done);
  EXPECT_EQ(done.text, "out\nerr\n" + note());
  EXPECT_EQ(done.unsandboxed, !sandboxed());
  EXPECT_EQ(shell("true").text, "(no output)\n" + note());
}

TEST_P(run_command, fails_with_the_exit_code) {
  const auto done = shell("printf half; exit 3");
  expect_failed(done, errc::tool_failed);
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(done.text, "half\n[exit code 3]\n" + note());
  EXPECT_EQ(shell("kill -9 $$").exit_code, 137);
  EXPECT_EQ(shell("no_such_program_here").exit_code, 127);
}

TEST_P(run_command, runs_in_the_worktree_or_a_directory_of_it) {
  std::filesystem::create_directories(root() / "a b");
  EXPECT_EQ(shell("pwd").text, root().string() + "\n" + note());
  EXPECT_EQ(call("run_command", {{"command", "pwd"}, {"cwd", "a b"}}).text,
            root().string() + "/a b\n" + note());
  expect_failed(call("run_command", {{"command", "pwd"}, {"cwd", ".."}}), errc::path_outside_root);
  expect_failed(call("run_command", {{"command", "pwd"}, {"cwd", "none"}}), errc::file_not_found);
  expect_done(shell("echo new > made.txt"));
  EXPECT_EQ(get(root() / "made.txt"), "new\n");
}

TEST_P(run_command, inherits_neither_environment_nor_descriptors_nor_input) {
  ::setenv("ASH_TEST_SECRET", "hidden", 1);
  const int leaky = ::dup(1); // without CLOEXEC
  const auto done = shell("env; echo home=$HOME; ls /proc/self/fd | wc -l; wc -c");
  ::close(leaky);
  ::unsetenv("ASH_TEST_SECRET");
  EXPECT_EQ(done.text.find("hidden"), std::string::npos) << done.text;
  EXPECT_NE(done.text.find("home=/tmp\n4\n0\n"), std::string::npos) << done.text;
}

TEST_P(run_command, starts_with_no_signal_blocked_or_ignored) {
  ::sigset_t all;
  ::sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  // Beyond 31 lie the two signals that the C library keeps to itself.
  const auto done = shell("sed -nE 's/^(SigBlk|SigIgn):.*(.{7})$/\\1 \\2/p' /proc/self/status");
  std::signal(SIGPIPE, previous);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(done.text, "SigBlk 0000000\nSigIgn 0000000\n" + note());
}

TEST_P(run_command, bounds_ten_megabytes_and_keeps_beginning_and_end) {
  const auto done = shell("echo first; head -c 10000000 /dev/zero | tr '\\0' x; echo; echo last");
  expect_done(done);
  EXPECT_TRUE(done.text.starts_with("first\n"));
  EXPECT_NE(done.text.find("xx\nlast\n"), std::string::npos);
  EXPECT_LT(done.text.size(), 33u * 1024);
  EXPECT_EQ(done.full.size(), 10'000'012u);
}

TEST_P(run_command, drains_what_is_beyond_the_bound) {
  where_.captured_bytes = 1'000'000;
  const auto done = shell("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last");
  expect_done(done);
  EXPECT_LE(done.full.size(), 1'000'000u);
  EXPECT_NE(done.full.find("bytes were not kept"), std::string::npos);
  EXPECT_NE(done.text.find("xx\nlast\n"), std::string::npos);
}

TEST_P(run_command, shows_invalid_utf8_replaced) {
  const auto done = shell("printf 'caf\\xe9'");
  EXPECT_TRUE(is_valid_utf8(done.text));
  EXPECT_TRUE(done.text.starts_with("caf\xEF\xBF\xBD"));
}

TEST_P(run_command, is_killed_with_its_grandchildren_at_the_time_limit) {
  const auto done = call("run_command",
                         {{"command", "T=" + a_long_time() + "; (sleep $T & sleep $T) & sleep $T"},
                          {"timeout_ms", 300}});
  expect_failed(done, errc::timed_out);
  EXPECT_EQ(done.exit_code, 137);
  EXPECT_NE(done.text.find("killed after 300 ms"), std::string::npos) << done.text;
  // Without a namespace the group's members die on their own, a moment after the signal.
  EXPECT_FALSE(any_process_with(a_long_time(), sandboxed() ? 0 : 5 * us_per_s));
}

TEST_P(run_command, is_killed_by_a_stop_request) {
  std::stop_source source;
  const auto started = root() / "started";
  std::jthread stopper{[&] {
    while (!std::filesystem::exists(started))
      std::this_thread::yield();
    source.request_stop();
  }};
  const auto done =
      shell("trap '' TERM; touch started; sleep " + a_long_time(), source.get_token());
  expect_failed(done, errc::cancelled);
  EXPECT_FALSE(any_process_with(a_long_time(), sandboxed() ? 0 : 5 * us_per_s));
}

TEST_P(run_command, does_not_wait_for_what_it_left_in_the_background) {
  const auto done = shell("sleep " + a_long_time() + " & echo done");
  expect_done(done);
  EXPECT_EQ(done.text, "done\n" + note());
  EXPECT_FALSE(any_process_with(a_long_time(), sandboxed() ? 0 : 5 * us_per_s));
}

TEST_P(run_command, leaves_no_descriptor_and_no_zombie) {
  shell("true");
  const auto before = open_descriptors();
  shell("echo a");
  call("run_command", {{"command", "sleep 60"}, {"timeout_ms", 50}});
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_P(run_command, runs_many_at_once) {
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto done = shell("echo " + std::to_string(i));
      right += done.text == std::to_string(i) + "\n" + note() ? 1 : 0;
    });
  threads.clear();
  EXPECT_EQ(right, 8);
}

TEST_P(run_command, refuses_what_is_no_command) {
  expect_failed(shell(""), errc::tool_arguments_invalid);
  expect_failed(shell(std::string(100'001, 'a')), errc::tool_arguments_invalid);
  expect_failed(call_text("run_command", R"({"command":"a\u0000b"})"),
                errc::tool_arguments_invalid);
  expect_failed(call("run_command", {{"command", "true"}, {"timeout_ms", 0}}),
                errc::tool_arguments_invalid);
}

TEST_P(run_command, writes_no_core_file) {
  EXPECT_EQ(shell("ulimit -c").text, "0\n" + note());
}

} // namespace
} // namespace ash::tool
