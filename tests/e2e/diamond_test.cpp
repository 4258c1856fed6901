// Two hundred phases in a lattice of diamonds, fifty at a time, killed again and again: the log
// shows that each began after all that it needs, once.
#include "tests/e2e/bad_input.hpp"

#include <map>
#include <set>

namespace ash::e2e {
namespace {

using testing::SizeIs;
using strings = std::vector<std::string>;

constexpr int layers = 3;
constexpr int width = 66;
constexpr std::size_t at_once = 50;

std::string key_of(int layer, int place) {
  return "p" + std::to_string(layer) + "-" + std::to_string(place);
}

/// What each phase needs: two neighbours of the layer before, so that every four are a diamond.
std::map<std::string, strings> lattice() {
  std::map<std::string, strings> out{{"top", {}}, {"end", {}}};
  for (int layer = 0; layer < layers; ++layer)
    for (int place = 0; place < width; ++place)
      out[key_of(layer, place)] =
          layer == 0 ? strings{"top"}
                     : strings{key_of(layer - 1, place), key_of(layer - 1, (place + 1) % width)};
  for (int place = 0; place < width; ++place)
    out["end"].push_back(key_of(layers - 1, place));
  return out;
}

/// In an order in which a phase comes after what it needs, as a workflow's file has it.
strings in_order() {
  strings out{"top"};
  for (int layer = 0; layer < layers; ++layer)
    for (int place = 0; place < width; ++place)
      out.push_back(key_of(layer, place));
  out.emplace_back("end");
  return out;
}

std::string workflow() {
  std::string out =
      "name: diamond\nversion: 1\ntitle: A lattice\nparallel: " + std::to_string(at_once) +
      "\nroles:\n  - {name: writer, required_capabilities: [note_writing]}\nphases:\n";
  const auto needs = lattice();
  for (const auto& key : in_order()) {
    out += "  - key: " + key + "\n    role: writer\n    title: Do " + key + " now\n";
    if (const auto& before = needs.at(key); !before.empty()) {
      out += "    needs: [";
      for (std::size_t i = 0; i < before.size(); ++i)
        out += (i == 0 ? "" : ", ") + before[i];
      out += "]\n";
    }
    out += "    artifact: {path: .actor-shell/out/" + key + ".json, schema: e2e/note@1}\n";
  }
  return out + "budget: {cap: 1.00, warn_at: 0.80, policy: block}\n";
}

std::string script() {
  std::string out = "turns:\n";
  for (const auto& key : in_order())
    out +=
        "  - match: {contains: Do " + key + " now, has_tool_result: false}\n" +
        "    tool_calls:\n      - name: write_file\n        arguments: {path: .actor-shell/out/" +
        key + ".json, content: '{\"note\": \"" + key + "\"}'}\n" +
        "    usage: {input: 20, output: 2}\n";
  return out + "  - match: {last_tool: write_file}\n" +
         "    tool_calls: [{name: complete, arguments: {summary: Written.}}]\n" +
         "    usage: {input: 24, output: 1}\n";
}

class diamond : public bad_input {
protected:
  diamond() {
    write_text(definitions() / "workflows/diamond@1.yaml", workflow());
    write_text(home_ / "script.yaml", script());
  }
  [[nodiscard]] fs::path definitions() const { return home_ / "definitions"; }

  /// Begins the run, or goes on with the one that there is; the fail point may be empty.
  [[nodiscard]] ended_process go_on(const std::string& fail_at) const {
    std::map<std::string, std::string> environment;
    if (!fail_at.empty())
      environment["ACTOR_SHELL_FAIL_AT"] = fail_at;
    auto what =
        command({"diamond@1", "--model", "scripted:" + (home_ / "script.yaml")}, {}, environment);
    what.command.insert(what.command.begin() + 1, {"--definitions", definitions()});
    if (const left_log log{data()}; log && !log.runs().empty())
      what.command = {ACTOR_SHELL_BINARY, "runs", "resume", to_string(log.runs().front().run)};
    what.limit = std::chrono::seconds{120};
    return run_process(what);
  }

  /// Every phase began after all that it needs were merged, and no more than allowed at a time.
  static void expect_order(const std::vector<fact_at>& facts) {
    const auto needs = lattice();
    std::set<std::string> merged;
    std::set<std::string> open;
    std::size_t most = 0;
    for (const auto& each : facts) {
      if (const auto* opened = std::get_if<run::phase_opened>(&each.fact)) {
        for (const auto& need : needs.at(opened->key))
          EXPECT_TRUE(merged.contains(need)) << opened->key << " began before " << need;
        EXPECT_TRUE(open.insert(opened->key).second) << opened->key << " was begun twice";
        most = std::max(most, open.size());
      } else if (const auto* closed = std::get_if<run::phase_closed>(&each.fact)) {
        EXPECT_EQ(closed->outcome, run::phase_outcome::completed) << closed->key;
        EXPECT_EQ(open.erase(closed->key), 1U) << closed->key;
      } else if (const auto* one = std::get_if<run::phase_merged>(&each.fact)) {
        EXPECT_TRUE(merged.insert(one->key).second) << one->key << " was merged twice";
      }
    }
    EXPECT_TRUE(open.empty());
    EXPECT_EQ(merged.size(), needs.size());
    EXPECT_EQ(most, at_once);
  }

  [[nodiscard]] std::string git(const std::string& arguments) const {
    return shell("git -C '" + repo().string() + "' " + arguments);
  }
};

TEST_F(diamond, of_two_hundred_phases_keeps_the_order_that_needs_demand_however_it_is_killed) {
  ASSERT_THAT(in_order(), SizeIs(200));
  // Few enough syncs that what is left comes to them however many appends share one.
  const strings kills{"effect.workspace.after:20",
                      "log.append.before_sync:60",
                      "effect.model.after:40",
                      "effect.tool.before:30",
                      "effect.workspace.before:50",
                      "effect.artifact.after:20",
                      "log.append.after_sync:50",
                      "effect.workspace.after:30"};
  for (const auto& point : kills) {
    const auto died = go_on(point);
    ASSERT_EQ(died.signal, 9) << point << ": " << died.shown();
  }
  const auto ended = go_on("");
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();

  const left_log log{data()};
  ASSERT_TRUE(log);
  EXPECT_EQ(log.damages(), "");
  ASSERT_THAT(log.runs(), SizeIs(1));
  EXPECT_EQ(log.runs().front().state, "completed");
  const auto facts = log.facts();
  expect_order(facts);
  const auto branch = only<run::report_composed>(facts).back().branch;
  EXPECT_EQ(git("ls-tree -r --name-only " + branch + " .actor-shell/out | wc -l"), "200\n");
  EXPECT_EQ(git("show " + branch + ":.actor-shell/out/p2-65.json"), R"({"note": "p2-65"})");
  EXPECT_EQ(git("for-each-ref --format='%(refname:short)' refs/heads | sort"), branch + "\nmain\n");
  EXPECT_EQ(git("worktree list --porcelain | grep -c ^worktree"), "1\n");
}

} // namespace
} // namespace ash::e2e
