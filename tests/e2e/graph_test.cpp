// A workflow that is a graph, run by the built binary: side by side, left out, merged, killed.
#include "tests/e2e/bad_input.hpp"

#include <algorithm>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using strings = std::vector<std::string>;

class graph : public bad_input {
protected:
  [[nodiscard]] strings arguments() const {
    return {"graph@1", "--model", "scripted:" E2E_FIXTURES "/graph.yaml"};
  }
  [[nodiscard]] ended_process resume(const std::string& run) const {
    auto what = command({"graph@1"});
    what.command = {ACTOR_SHELL_BINARY, "runs", "resume", run};
    return run_process(what);
  }
  [[nodiscard]] std::string git(const std::string& arguments) const {
    return shell("git -C '" + repo().string() + "' " + arguments);
  }

  /// What is true of the graph however often it was killed.
  void expect_complete() const {
    const left_log log{data()};
    ASSERT_TRUE(log);
    EXPECT_EQ(log.damages(), "");
    ASSERT_THAT(log.runs(), SizeIs(1));
    EXPECT_EQ(log.runs().front().state, "completed");
    const auto facts = log.facts();
    EXPECT_THAT(only<run::phase_merged>(facts), SizeIs(4));
    ASSERT_THAT(only<run::phase_omitted>(facts), SizeIs(1));
    EXPECT_EQ(only<run::phase_omitted>(facts).front().key, "extra");
    const auto branch = only<run::report_composed>(facts).back().branch;
    EXPECT_EQ(git("show " + branch + ":left.txt"), "left\n");
    EXPECT_EQ(git("show " + branch + ":right.txt"), "right\n");
    EXPECT_EQ(git("show " + branch + ":.actor-shell/out/join.txt"), "joined\n");
    EXPECT_EQ(git("for-each-ref --format='%(refname:short)' refs/heads | sort"),
              branch + "\nmain\n")
        << "no branch of a phase is left";
    EXPECT_EQ(git("worktree list --porcelain | grep -c ^worktree"), "1\n");
  }
};

TEST_F(graph, runs_side_by_side_leaves_out_what_is_not_wanted_and_joins) {
  const auto ended = run(arguments());
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  expect_complete();
  const auto facts = left_log{data()}.facts();
  // The second of both was opened before the first was closed.
  const auto place = [&](const std::string& type, const std::string& key) {
    for (const auto& each : facts)
      if (const auto* opened = std::get_if<run::phase_opened>(&each.fact);
          opened != nullptr && type == "opened" && opened->key == key)
        return each.record.position;
      else if (const auto* closed = std::get_if<run::phase_closed>(&each.fact);
               closed != nullptr && type == "closed" && closed->key == key)
        return each.record.position;
    return std::uint64_t{0};
  };
  EXPECT_LT(std::max(place("opened", "left"), place("opened", "right")),
            std::min(place("closed", "left"), place("closed", "right")));
  EXPECT_GT(place("opened", "join"), std::max(place("closed", "left"), place("closed", "right")));
}

TEST_F(graph, goes_on_after_a_kill_before_and_after_every_worktree_and_merge) {
  for (const auto* point : {"effect.workspace.before", "effect.workspace.after"})
    for (auto passage = 1; passage <= 5; ++passage) {
      fs::remove_all(data());
      fs::remove_all(repo());
      make_repository(repo(), {{"README.md", "# nothing\n"}});
      const auto where = std::string{point} + ":" + std::to_string(passage);
      SCOPED_TRACE(where);
      const auto died = run(arguments(), {}, {{"ACTOR_SHELL_FAIL_AT", where}});
      ASSERT_EQ(died.signal, 9) << died.shown();
      const auto id = left_log{data()}.runs().front().run;
      // Without the definitions: the run keeps what it needs.
      const auto ended = resume(to_string(id));
      ASSERT_EQ(ended.exit_code, 0) << ended.shown();
      expect_complete();
    }
}

TEST_F(graph, work_that_does_not_go_together_fails_the_run_and_stays_on_its_branch) {
  auto script = read_text(E2E_FIXTURES "/graph.yaml");
  for (const auto* own : {"left.txt", "right.txt"}) {
    const auto at = script.find(std::string{"path: "} + own);
    script.replace(at, std::string{"path: "}.size() + std::string{own}.size(), "path: both.txt");
  }
  write_text(home_ / "clash.yaml", script);
  const auto ended = run({"graph@1", "--model", "scripted:" + (home_ / "clash.yaml")});
  EXPECT_EQ(ended.exit_code, 1) << ended.shown();
  const left_log log{data()};
  const auto failed = only<run::failed>(log.facts());
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed.front().code, "merge_conflict");
  EXPECT_THAT(failed.front().message, HasSubstr("both.txt"));
  EXPECT_EQ(git("show " + log.runs().front().branch + "." + failed.front().phase_key +
                ":both.txt | wc -l"),
            "1\n");
}

} // namespace
} // namespace ash::e2e
