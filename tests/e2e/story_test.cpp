// A run as a new user has it, from its preview to its audit, with a model server in between: told
// what it may cost, asked for changes, approved, stopped by its budget, and gone on with.
#include "tests/e2e/model_server.hpp"

#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr auto a_workflow = R"(name: story
version: 1
title: A note and a verdict on it
roles:
  - name: writer
    required_capabilities: [note_writing]
phases:
  - key: note
    role: writer
    title: Note
    instructions: Compose the first note.
    artifact: {path: .actor-shell/out/note.json, schema: e2e/note@1}
    approval: true
  - key: verdict
    role: writer
    title: Verdict
    instructions: Judge what was noted.
    artifact: {path: .actor-shell/out/verdict.json, schema: e2e/note@1}
)";

/// Each of the six calls costs $0.004 and reserves $0.0045 and a little more: four fit, and the
/// fifth does not.
constexpr auto cap = "0.02";

std::string text_at(const json::value& of, std::string_view name) {
  return json::value_to<std::string>(of.at(name));
}

class story : public testing::Test {
protected:
  story() {
    make_repository(home_.path() / "repo", {{"README.md", "# A project\n"}});
    fs::copy(fs::path{E2E_FIXTURES} / "definitions",
             home_.path() / "definitions",
             fs::copy_options::recursive);
    write_text(home_ / "definitions/workflows/story@1.yaml", a_workflow);
  }

  ended_process shell_of(const std::vector<std::string>& words) {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY, "--definitions", home_ / "definitions", "--json"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    what.environment = clean_environment(home_.path());
    what.environment["OPENROUTER_API_KEY"] = "sk-of-a-test";
    what.environment["OPENROUTER_BASE_URL"] = models_.base("/api/v1");
    what.directory = home_.path();
    return run_process(what);
  }
  /// What a command answers that ends with `code`.
  json::value answer(int code, const std::vector<std::string>& words) {
    const auto ended = shell_of(words);
    EXPECT_EQ(ended.exit_code, code) << ended.shown() << models_.said();
    const auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << ended.shown();
    return parsed ? parsed.value() : json::value{};
  }

  [[nodiscard]] std::vector<std::string> run_with(std::vector<std::string> more) const {
    std::vector<std::string> out{"run",
                                 "story@1",
                                 "--repo",
                                 home_ / "repo",
                                 "--model",
                                 "openrouter:deepseek/deepseek-chat",
                                 "--requirements",
                                 "A note about the project.",
                                 "--budget",
                                 cap};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  /// The one approval that waits.
  std::string waiting(const std::string& run, std::int64_t round) {
    const auto open = answer(0, {"approvals", "list", "--run", run});
    EXPECT_EQ(open.as_array().size(), 1U);
    EXPECT_EQ(open.at(0).at("round"), round);
    return text_at(open.at(0), "approval");
  }

  void expect_the_report(const json::value& ended) {
    const auto report = read_text(text_at(ended, "report"));
    EXPECT_THAT(report, HasSubstr("| Cost | $0.024 |"));
    EXPECT_THAT(report, HasSubstr("| Interruptions | 1 |"));
    EXPECT_THAT(shell("git -C '" + (home_ / "repo") + "' show '" + text_at(ended, "branch") +
                      ":.actor-shell/out/note.json'"),
                HasSubstr("short"));
  }

  void expect_the_money(const std::string& run) {
    const auto costs = answer(0, {"costs", run});
    EXPECT_EQ(text_at(costs.at("total"), "cost_usd"), "0.024");
    EXPECT_EQ(costs.at("total").at("calls"), 6);
    EXPECT_EQ(text_at(costs.at("phases").at(0), "cost_usd"), "0.016");
    EXPECT_EQ(text_at(costs.at("phases").at(1), "cost_usd"), "0.008");
    for (const auto* by : {"model", "persona", "day", "workflow", "run"}) {
      const auto stats = answer(0, {"stats", "--by", by});
      EXPECT_EQ(text_at(stats.at("total"), "cost_usd"), "0.024") << by;
    }
    const auto scope = answer(0, {"budget", "show", run});
    EXPECT_EQ(text_at(scope.at(0), "settled_usd"), "0.024");
    EXPECT_EQ(parse_usd(text_at(scope.at(0), "reserved_usd")).value(), usd{});
    EXPECT_EQ(parse_usd(text_at(scope.at(0), "cap_usd")).value(), parse_usd("1").value());
    const left_log log{home_ / "data"};
    const auto books = count_money(log.facts());
    for (const auto& [name, settled] : books.settled)
      EXPECT_EQ(settled, books.spent_by_calls) << name;
    EXPECT_EQ(log.damages(), "");
  }

  void expect_the_audit(const std::string& run) {
    const auto lines = answer(0, {"audit", "list", "--run", run});
    EXPECT_THAT(lines.as_array(), SizeIs(6)) << "three files, and each time `complete`";
    const auto verified = answer(0, {"audit", "verify"});
    EXPECT_EQ(verified.at("lines"), 6);
    EXPECT_EQ(verified.at("missing"), 0);
  }

  temporary_directory home_;
  model_server models_{"aimock_story.json"};
};

TEST_F(story, is_told_from_the_preview_to_the_audit) {
  ASSERT_TRUE(models_.ready()) << models_.said();
  const auto preview = answer(0, run_with({"--preview"}));
  EXPECT_THAT(preview.at("phases").as_array(), SizeIs(2));
  EXPECT_EQ(text_at(preview, "worst_case_usd"), cap);
  EXPECT_TRUE(models_.journal().empty()) << "a preview asks no model";

  const auto gated = answer(5, run_with({"--yes"}));
  EXPECT_EQ(text_at(gated, "state"), "awaiting_approval");
  const auto run = text_at(gated, "run");
  const auto changed = answer(5,
                              {"approvals",
                               "decide",
                               waiting(run, 1),
                               "request-changes",
                               "--comment",
                               "fewer words please"});
  EXPECT_EQ(text_at(changed, "state"), "awaiting_approval");
  EXPECT_THAT(models_.journal(), SizeIs(4));

  const auto blocked = answer(6, {"approvals", "decide", waiting(run, 2), "approve"});
  EXPECT_EQ(text_at(blocked, "state"), "interrupted");
  EXPECT_THAT(models_.journal(), SizeIs(4)) << "what the budget refused is never asked";
  const auto ended = answer(0, {"budget", "set", run, "--cap", "1", "--resume"});
  EXPECT_EQ(text_at(ended, "state"), "completed");
  EXPECT_EQ(text_at(ended, "cost_usd"), "0.024");
  EXPECT_THAT(models_.journal(), SizeIs(6)) << "nothing was asked twice";

  expect_the_report(ended);
  expect_the_money(run);
  expect_the_audit(run);
}

} // namespace
} // namespace ash::e2e
