// A person with one small repository and an empty data directory, who runs the one-phase workflow
// of the fixtures; and what must be true once a command has been refused: nothing half-done is
// left.
#pragma once

#include "tests/e2e/harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::e2e {

class bad_input : public testing::Test {
protected:
  bad_input() { make_repository(repo(), {{"README.md", "# nothing\n"}}); }

  [[nodiscard]] fs::path repo() const { return home_ / "repo"; }
  [[nodiscard]] fs::path data() const { return home_ / "data"; }

  /// `run note@1` with the fixtures' definitions; `more` is put after it and may overrule it.
  /// `around` stands before the binary, for example a sandbox.
  ended_process run(const std::vector<std::string>& more = {},
                    const std::vector<std::string>& around = {},
                    const std::map<std::string, std::string>& environment = {}) const {
    return run_process(command(more, around, environment));
  }

  [[nodiscard]] process_options
  command(const std::vector<std::string>& more,
          const std::vector<std::string>& around = {},
          const std::map<std::string, std::string>& environment = {}) const {
    process_options what;
    what.command = around;
    what.command.insert(what.command.end(),
                        {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions", "run"});
    const auto given = [&](const char* option) {
      return std::find(more.begin(), more.end(), option) != more.end();
    };
    if (more.empty() || more.front().starts_with("--"))
      what.command.emplace_back("note@1");
    what.command.insert(what.command.end(), more.begin(), more.end());
    if (!given("--repo"))
      what.command.insert(what.command.end(), {"--repo", repo()});
    if (!given("--model"))
      what.command.insert(what.command.end(), {"--model", "scripted:" E2E_FIXTURES "/note.yaml"});
    what.command.insert(what.command.end(), {"--requirements", "A note."});
    what.environment = clean_environment(home_.path());
    for (const auto& [name, value] : environment)
      what.environment[name] = value;
    what.directory = home_.path();
    what.limit = std::chrono::seconds{60};
    return what;
  }

  /// The error's line on stderr begins with its code, and the exit code is that of its class.
  static void expect_error(const ended_process& ended,
                           int exit_code,
                           const std::string& code,
                           const std::string& text) {
    EXPECT_EQ(ended.exit_code, exit_code) << ended.shown();
    EXPECT_THAT(ended.err, testing::HasSubstr("actor-shell: " + code + ": ")) << ended.shown();
    EXPECT_THAT(ended.err, testing::HasSubstr(text)) << ended.shown();
  }

  void expect_nothing_done() const {
    const left_log log{data()};
    EXPECT_TRUE(!log || log.runs().empty());
    const auto worktrees = data() / "worktrees";
    EXPECT_TRUE(!fs::exists(worktrees) || fs::is_empty(worktrees));
    expect_repository_untouched();
  }

  void expect_repository_untouched() const {
    const auto git = "git -C '" + repo().string() + "' ";
    EXPECT_EQ(shell(git + "for-each-ref --format='%(refname)'"), "refs/heads/main\n");
    EXPECT_EQ(shell(git + "worktree list --porcelain | grep -c ^worktree"), "1\n");
    EXPECT_EQ(shell(git + "status --porcelain"), "");
  }

  temporary_directory home_;
};

} // namespace ash::e2e
