// Hooks that would take minutes, in runs of a server that somebody aborts: they are killed, and the
// run is over without them.
#include "tests/e2e/beside_a_server.hpp"

namespace ash::e2e {
namespace {

/// The parameter is what the hook is for.
class called_off : public beside_a_server, public testing::WithParamInterface<std::string> {
protected:
  called_off() {
    const auto match = GetParam().ends_with("_tool") ? "    match: write_*\n" : "";
    write_text(home_ / "config.yaml",
               "hooks:\n  - on: " + GetParam() + "\n    time_limit_s: 300\n" + match +
                   "    command: sleep 300 & echo $! > '" + (home_ / "new") + "'; mv '" +
                   (home_ / "new") + "' '" + begun() + "'; wait\n");
    kill_server();
    serve();
  }

  [[nodiscard]] std::string begun() const { return home_ / "begun"; }

  /// Starts a run, and waits until its hook runs. Gives the run's id.
  std::string run_at_its_hook() {
    starter_ = std::make_unique<background_process>(
        line({"run",
              "note",
              "--repo",
              repo_,
              "--requirements",
              "A note, please.",
              "--model",
              std::string{"scripted:"} + E2E_FIXTURES + "/note.yaml",
              "--no-preview"}),
        home_ / "starter.log");
    EXPECT_TRUE(wait_until(std::chrono::seconds{60}, [&] { return fs::exists(begun()); }))
        << read_text(home_ / "starter.log") << read_text(home_ / "server.log");
    const auto runs = json_of(actor_shell({"--json", "runs", "list"}).out);
    return json::value_to<std::string>(runs.at(0).at("run"));
  }

  /// Gone, dead, or a zombie that its new parent has yet to collect.
  [[nodiscard]] bool is_dead() const {
    const auto stat = read_text("/proc/" + std::to_string(std::stoi(read_text(begun()))) + "/stat");
    return stat.empty() || stat.find(") Z") != stat.npos || stat.find(") X") != stat.npos;
  }

  std::vector<json::value> hooks_of(const std::string& run) {
    std::vector<json::value> out;
    for (const auto& each :
         lines_of(actor_shell({"--json", "events", "run/" + run, "--type", "hook.ran"}).out))
      if (!each.empty())
        out.push_back(json_of(each));
    return out;
  }

  std::unique_ptr<background_process> starter_;
};

TEST_P(called_off, is_dead_soon_after_its_run_was_aborted) {
  const auto id = run_at_its_hook();
  ASSERT_FALSE(is_dead());
  const auto aborted = actor_shell({"runs", "abort", id, "--reason", "enough"});
  EXPECT_EQ(aborted.exit_code, 0) << aborted.shown();
  // By itself it would end minutes later, and so would what waits for it.
  const std::chrono::seconds generous{60};
  EXPECT_TRUE(wait_until(generous, [&] { return is_dead(); }));
  EXPECT_TRUE(wait_until(generous, [&] { return !starter_->running(); }))
      << read_text(home_ / "starter.log");
  const auto runs = json_of(actor_shell({"--json", "runs", "list"}).out);
  EXPECT_EQ(json::value_to<std::string>(runs.at(0).at("state")), "aborted");
  EXPECT_TRUE(wait_until(generous, [&] { return hooks_of(id).size() == 1; }));
  for (const auto& ran : hooks_of(id)) {
    EXPECT_EQ(json::value_to<std::int64_t>(ran.at("data").at("exit_code")), 137);
    EXPECT_EQ(json::value_to<std::string>(ran.at("data").at("message")), "called off");
  }
}

INSTANTIATE_TEST_SUITE_P(hook,
                         called_off,
                         testing::Values("pre_tool", "post_tool", "run_start", "phase_end"),
                         [](const auto& of) { return of.param; });

} // namespace
} // namespace ash::e2e
