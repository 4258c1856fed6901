// `attach` as a person has it: asked on a terminal, through the server's restarts, ended by a key;
// and `run` and `runs resume`, which ask as it does.
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

constexpr auto question = "or leave it open? ";

class attached : public beside_a_server {
protected:
  /// A run that waits for an approval.
  std::string waiting_run() {
    const auto waiting = run("gated", {"--output-format", "json"});
    EXPECT_EQ(waiting.exit_code, 5) << waiting.shown();
    return json::value_to<std::string>(json_of(waiting.out).at("run"));
  }

  /// Starts such a run, and stays with it.
  process_options gated_line() {
    return line({"run",
                 "gated",
                 "--yes",
                 "--repo",
                 repo_,
                 "--requirements",
                 "A note, please.",
                 "--model",
                 "scripted:" E2E_FIXTURES "/note.yaml"});
  }

  std::string newest_run() {
    const auto runs = json_of(actor_shell({"--json", "runs", "list"}).out);
    return json::value_to<std::string>(runs.at(0).at("run"));
  }

  /// A run that works for as long as the tests take.
  std::string working_run() {
    write_text(home_ / "slow.yaml",
               "turns:\n  - name: think\n    text: Still at it.\n    delay_ms: 600000\n");
    auto what = line({"run",
                      "note",
                      "--repo",
                      repo_,
                      "--requirements",
                      "A note, please.",
                      "--output-format",
                      "stream-json",
                      "--model",
                      "scripted:" + (home_ / "slow.yaml")});
    starter_ = std::make_unique<background_process>(what, home_ / "starter.log");
    EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
      return read_text(home_ / "starter.log").find("llm.call.started") != std::string::npos;
    })) << read_text(home_ / "starter.log");
    return newest_run();
  }

  std::string state_of(const std::string& run) {
    const auto shown = json_of(actor_shell({"--json", "runs", "show", run}).out);
    return json::value_to<std::string>(shown.at("state"));
  }

  std::unique_ptr<background_process> starter_;
};

TEST_F(attached, asks_on_a_terminal_until_it_is_answered) {
  const auto id = waiting_run();
  terminal_process one{line({"attach", id})};
  ASSERT_TRUE(one.shows("asks for approval of")) << one.screen();
  ASSERT_TRUE(one.shows(question)) << one.screen();
  one.type("perhaps\n");
  ASSERT_TRUE(one.shows("that is none of them")) << one.screen();
  ASSERT_TRUE(one.shows(question)) << one.screen();
  one.type("request-changes\n");
  ASSERT_TRUE(one.shows("why? ")) << one.screen();
  one.type("Say it in fewer words.\n");
  ASSERT_TRUE(one.shows("(round 2)")) << one.screen();
  ASSERT_TRUE(one.shows(question)) << one.screen();
  one.type("approve\n");
  EXPECT_EQ(one.exit_code(), 0) << one.screen();
  EXPECT_THAT(one.screen(), HasSubstr("completed"));
  const auto decided = actor_shell({"--json", "events", id, "--type", "approval.decided"});
  EXPECT_THAT(decided.out, HasSubstr("Say it in fewer words."));
  EXPECT_EQ(lines_of(decided.out).size(), 2U) << decided.out;
}

TEST_F(attached, leaves_or_rejects_as_it_is_told) {
  const auto id = waiting_run();
  terminal_process leaving{line({"attach", id})};
  ASSERT_TRUE(leaving.shows(question)) << leaving.screen();
  leaving.type("leave\n");
  EXPECT_EQ(leaving.exit_code(), 5) << leaving.screen();
  EXPECT_EQ(state_of(id), "awaiting_approval");
  terminal_process rejecting{line({"attach", id})};
  ASSERT_TRUE(rejecting.shows(question)) << rejecting.screen();
  rejecting.type("reject\n");
  ASSERT_TRUE(rejecting.shows("why? ")) << rejecting.screen();
  rejecting.type("No.\n");
  EXPECT_EQ(rejecting.exit_code(), 1) << rejecting.screen();
  EXPECT_EQ(state_of(id), "failed");
}

TEST_F(attached, goes_away_at_a_key_or_a_signal_and_leaves_the_run_alone) {
  const auto waiting = waiting_run();
  terminal_process asked{line({"attach", waiting})};
  ASSERT_TRUE(asked.shows(question)) << asked.screen();
  asked.type("\x03");
  EXPECT_EQ(asked.exit_code(), 130) << asked.screen();
  EXPECT_THAT(asked.screen(), HasSubstr("the run goes on under"));
  EXPECT_EQ(state_of(waiting), "awaiting_approval");
  EXPECT_EQ(actor_shell({"runs", "abort", waiting}).exit_code, 0);
  const auto working = working_run();
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    terminal_process watching{line({"attach", working})};
    ASSERT_TRUE(watching.shows("asking")) << watching.screen();
    ::kill(watching.id(), signal);
    EXPECT_EQ(watching.exit_code(), code) << watching.screen();
    EXPECT_EQ(state_of(working), "executing");
  }
}

TEST_F(attached, asks_again_what_a_server_that_is_away_has_not_heard) {
  const auto id = waiting_run();
  terminal_process one{line({"attach", id})};
  ASSERT_TRUE(one.shows(question)) << one.screen();
  kill_server();
  one.type("approve\n");
  ASSERT_TRUE(one.shows("entity_unavailable")) << one.screen();
  ASSERT_TRUE(one.shows(question)) << one.screen();
  serve();
  one.type("approve\n");
  EXPECT_EQ(one.exit_code(), 0) << one.screen();
  EXPECT_EQ(state_of(id), "completed");
}

TEST_F(attached, run_and_resume_ask_in_the_same_way) {
  terminal_process leaving{gated_line()};
  ASSERT_TRUE(leaving.shows("asks for approval of")) << leaving.screen();
  ASSERT_TRUE(leaving.shows(question)) << leaving.screen();
  leaving.type("leave\n");
  EXPECT_EQ(leaving.exit_code(), 5) << leaving.screen();
  EXPECT_THAT(leaving.screen(), HasSubstr("approvals decide APPROVAL"));
  const auto id = newest_run();
  EXPECT_EQ(state_of(id), "awaiting_approval");
  terminal_process resuming{line({"runs", "resume", id})};
  ASSERT_TRUE(resuming.shows(question)) << resuming.screen();
  resuming.type("changes\n");
  ASSERT_TRUE(resuming.shows("why? ")) << resuming.screen();
  resuming.type("Shorter.\n");
  ASSERT_TRUE(resuming.shows("(round 2)")) << resuming.screen();
  ASSERT_TRUE(resuming.shows(question)) << resuming.screen();
  resuming.type("y\n");
  EXPECT_EQ(resuming.exit_code(), 0) << resuming.screen();
  const auto decided = actor_shell({"--json", "events", id, "--type", "approval.decided"});
  EXPECT_THAT(decided.out, HasSubstr("Shorter."));
  EXPECT_EQ(lines_of(decided.out).size(), 2U) << decided.out;
}

TEST_F(attached, run_goes_away_at_a_key_and_leaves_its_question_open) {
  terminal_process one{gated_line()};
  ASSERT_TRUE(one.shows(question)) << one.screen();
  one.type("\x03");
  EXPECT_EQ(one.exit_code(), 130) << one.screen();
  EXPECT_THAT(one.screen(), HasSubstr("the run goes on under"));
  EXPECT_EQ(state_of(newest_run()), "awaiting_approval");
}

TEST_F(attached, stays_through_a_restart_of_the_server) {
  const auto working = working_run();
  const auto told = home_ / "attach.log";
  auto what = line({"attach", working});
  what.command = {"/bin/sh", "-c", "\"$@\"; echo \"exit code $?\"", "attach"};
  const auto command = line({"attach", working}).command;
  what.command.insert(what.command.end(), command.begin(), command.end());
  const background_process watching{what, told};
  const auto tells = [&](const std::string& text) {
    return wait_until(std::chrono::seconds{40},
                      [&] { return read_text(told).find(text) != std::string::npos; });
  };
  ASSERT_TRUE(tells("phase note begins")) << read_text(told);
  kill_server();
  serve(); // which interrupts what was cut off, and resumes it
  ASSERT_TRUE(tells("run resumed by restart")) << read_text(told);
  EXPECT_EQ(state_of(working), "executing");
  EXPECT_EQ(actor_shell({"runs", "abort", working}).exit_code, 0);
  EXPECT_TRUE(tells("exit code 8")) << read_text(told);
}

} // namespace
} // namespace ash::e2e
