// What went wrong in the systems that this one follows: a second run against a store that a first
// one has used, two runs on one repository and branch, a report that a reader of the API can't
// find, resuming after a crash and at a gate, and personas that change between a run and its
// resume.
#include "tests/e2e/bad_input.hpp"
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/sockets.hpp"

#include <regex>
#include <set>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using strings = std::vector<std::string>;

json::value read_json(const std::string& text) {
  auto parsed = parse_json(text, "the answer");
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? std::move(parsed).value() : json::value{json::object{}};
}

class ancestors : public bad_input {
protected:
  ancestors() {
    fs::copy(fs::path{E2E_FIXTURES} / "definitions", definitions(), fs::copy_options::recursive);
  }
  [[nodiscard]] fs::path definitions() const { return home_ / "definitions"; }

  [[nodiscard]] process_options line(const strings& words) const {
    auto what = command({});
    what.command = {ACTOR_SHELL_BINARY, "--json", "--definitions", definitions()};
    what.command.insert(what.command.end(), words.begin(), words.end());
    return what;
  }
  [[nodiscard]] ended_process ask(const strings& words, const std::string& fail_at = {}) const {
    auto what = line(words);
    if (!fail_at.empty())
      what.environment["ACTOR_SHELL_FAIL_AT"] = fail_at;
    return run_process(what);
  }
  [[nodiscard]] static strings run_of(const std::string& workflow, const std::string& repo) {
    return {"run",
            workflow,
            "--repo",
            repo,
            "--requirements",
            "A note.",
            "--model",
            "scripted:" E2E_FIXTURES "/note.yaml"};
  }
  [[nodiscard]] strings run_of(const std::string& workflow) const {
    return run_of(workflow, repo());
  }
  [[nodiscard]] json::array open_approvals() const {
    return read_json(ask({"approvals", "list"}).out).as_array();
  }
  [[nodiscard]] ended_process decide(const std::string& decision) const {
    const auto open = open_approvals();
    if (open.size() != 1)
      throw std::runtime_error{std::to_string(open.size()) + " approvals are open"};
    return ask({"approvals",
                "decide",
                json::value_to<std::string>(open.at(0).at("approval")),
                decision,
                "--comment",
                "so it is"});
  }
  [[nodiscard]] std::string git(const std::string& arguments) const {
    return shell("git -C '" + repo().string() + "' " + arguments);
  }
  static void expect_settled(const books& of) {
    for (const auto& [scope, amount] : of.open)
      EXPECT_EQ(amount, usd{}) << scope;
  }
  /// The branch holds the note, and the base branch is as it was.
  void expect_result(const inspect::run_summary& of) const {
    EXPECT_EQ(of.state, "completed") << of.code << ' ' << of.message;
    EXPECT_EQ(git("show " + of.branch + ":.actor-shell/out/note.json"), R"({"note": "written"})");
    EXPECT_THAT(git("ls-tree -r --name-only main"), Not(HasSubstr("note.json")));
    EXPECT_TRUE(fs::exists(of.report_path)) << of.report_path;
  }
};

TEST_F(ancestors, a_second_run_of_the_same_workflow_works_against_the_same_store) {
  for (int i = 0; i < 2; ++i) {
    const auto ended = ask(run_of("note@1"));
    ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  }
  const left_log log{data()};
  EXPECT_EQ(log.damages(), "");
  const auto runs = log.runs();
  ASSERT_THAT(runs, SizeIs(2));
  for (const auto& each : runs)
    expect_result(each);
  EXPECT_NE(runs[0].branch, runs[1].branch);
  EXPECT_NE(runs[0].report_path, runs[1].report_path);
  const auto books = count_money(log.facts());
  for (const auto& each : runs)
    EXPECT_EQ(books.settled.at("run:" + to_string(each.run)), each.cost) << "each pays for itself";
  expect_settled(books);
}

TEST_F(ancestors, two_stores_run_on_one_repository_and_branch_at_once) {
  auto slow = run_of("note@1");
  slow.back() = "scripted:" E2E_FIXTURES "/slow_note.yaml";
  std::vector<std::unique_ptr<background_process>> both;
  const strings stores{home_ / "one", home_ / "two"};
  for (const auto& store : stores) {
    auto what = line(slow);
    what.command.insert(what.command.begin() + 1, {"--data-dir", store});
    both.push_back(std::make_unique<background_process>(what, store + ".out"));
  }
  for (auto& each : both)
    EXPECT_TRUE(wait_until(std::chrono::seconds{60}, [&] { return !each->running(); }));
  std::set<std::string> branches;
  std::int64_t begun = 0;
  auto ended = std::numeric_limits<std::int64_t>::max();
  for (const auto& store : stores) {
    const left_log log{store};
    ASSERT_TRUE(log) << read_text(store + ".out");
    ASSERT_THAT(log.runs(), SizeIs(1)) << read_text(store + ".out");
    const auto one = log.runs().front();
    expect_result(one);
    branches.insert(one.branch);
    begun = std::max(begun, one.started.us);
    ended = std::min(ended, one.ended.us);
  }
  EXPECT_LT(begun, ended) << "they were not at work at once";
  EXPECT_EQ(branches.size(), 2U);
  EXPECT_EQ(git("worktree list --porcelain | grep -c ^worktree"), "1\n");
}

TEST_F(ancestors, a_run_that_crashed_is_resumed_although_another_ran_in_between) {
  const auto died = ask(run_of("note@1"), "effect.model.after:2");
  ASSERT_EQ(died.signal, 9) << died.shown();
  const auto first = left_log{data()}.runs().front().run;
  const auto other = ask(run_of("note@1"));
  ASSERT_EQ(other.exit_code, 0) << other.shown();
  const auto resumed = ask({"runs", "resume", to_string(first)});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.shown();
  const left_log log{data()};
  EXPECT_EQ(log.damages(), "");
  ASSERT_THAT(log.runs(), SizeIs(2));
  for (const auto& each : log.runs())
    expect_result(each);
  EXPECT_THAT(only<run::completed>(log.facts()), SizeIs(2)) << "each once";
  expect_settled(count_money(log.facts()));
}

TEST_F(ancestors, a_gate_outlasts_every_resume_and_is_decided_once) {
  ASSERT_EQ(ask(run_of("gated-note@1")).exit_code, 5);
  const auto asked = open_approvals();
  ASSERT_THAT(asked, SizeIs(1));
  const auto run = json::value_to<std::string>(asked.at(0).at("run"));
  for (int i = 0; i < 2; ++i) {
    const auto resumed = ask({"runs", "resume", run});
    EXPECT_EQ(resumed.exit_code, 5) << resumed.shown();
    EXPECT_EQ(open_approvals(), asked) << "the same question";
  }
  const auto died = ask(
      {"approvals", "decide", json::value_to<std::string>(asked.at(0).at("approval")), "approve"},
      "log.append.after_sync:1");
  ASSERT_EQ(died.signal, 9) << died.shown();
  auto ended = ask({"runs", "resume", run});
  if (ended.exit_code == 5) // it was killed before the decision was durable
    ended = decide("approve");
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const left_log log{data()};
  expect_result(log.runs().front());
  EXPECT_THAT(only<run::approval_requested>(log.facts()), SizeIs(1));
  EXPECT_THAT(only<run::approval_decided>(log.facts()), SizeIs(1));
}

TEST_F(ancestors, personas_that_change_meanwhile_do_not_change_a_run_that_has_begun) {
  ASSERT_EQ(ask(run_of("gated-note@1")).exit_code, 5);
  const auto old_file = definitions() / "personas/note-writer@1.yaml";
  auto changed = read_text(old_file);
  changed.replace(changed.find("version: 1"), 10, "version: 2");
  changed.replace(changed.find("You write notes"), 15, "You are another");
  fs::remove(old_file);
  write_text(definitions() / "personas/note-writer@2.yaml", changed);
  const auto again = decide("request-changes");
  ASSERT_EQ(again.exit_code, 5) << again.shown();
  const auto ended = decide("approve");
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto calls_before = only<turn::call_requested>(left_log{data()}.facts()).size();
  ASSERT_EQ(ask(run_of("note@1")).exit_code, 0);

  const left_log log{data()};
  const auto bound = only<run::bound>(log.facts());
  ASSERT_THAT(bound, SizeIs(2)) << "one a run, none at a resume";
  EXPECT_EQ(bound[0].bindings.at(0).persona, "note-writer@1");
  EXPECT_EQ(bound[1].bindings.at(0).persona, "note-writer@2") << "the pool did change";
  const auto calls = only<turn::call_requested>(log.facts());
  ASSERT_EQ(calls_before, 4U);
  ASSERT_EQ(calls.size(), 6U);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto& persona = bound[i < calls_before ? 0 : 1].bindings.at(0);
    EXPECT_EQ(calls[i].persona_hash, persona.persona_hash) << i;
    EXPECT_THAT(log.text_of(calls[i].request),
                HasSubstr(i < calls_before ? "You write notes" : "You are another"));
  }
}

/// The same where a server has the store.
class ancestors_beside_a_server : public beside_a_server {
protected:
  [[nodiscard]] json::value api(const std::string& path) const { return read_json(text_of(path)); }
  [[nodiscard]] std::string text_of(const std::string& path) const {
    return http_get(port_, "/api/v1" + path, lines_of(read_text(data_ + "/token")).at(0));
  }
};

TEST_F(ancestors_beside_a_server,
       of_two_runs_on_one_branch_at_once_one_is_refused_and_none_harmed) {
  shell("git -C '" + repo_ + "' branch other");
  const auto begin = [&](const std::string& base, const std::string& out) {
    return std::make_unique<background_process>(line({"run",
                                                      "note",
                                                      "--repo",
                                                      repo_,
                                                      "--base",
                                                      base,
                                                      "--requirements",
                                                      "A note.",
                                                      "--model",
                                                      "scripted:" E2E_FIXTURES "/slow_note.yaml"}),
                                                home_ / out);
  };
  const strings outs{"one.out", "two.out", "three.out"};
  std::vector<std::unique_ptr<background_process>> all;
  all.push_back(begin("main", outs[0]));
  all.push_back(begin("main", outs[1]));
  all.push_back(begin("other", outs[2]));
  for (auto& each : all)
    EXPECT_TRUE(wait_until(std::chrono::seconds{60}, [&] { return !each->running(); }));
  const auto said = read_text(home_ / outs[0]) + read_text(home_ / outs[1]);
  EXPECT_THAT(said, HasSubstr("active_run_exists"));
  {
    const left_log log{data_};
    ASSERT_THAT(log.runs(), SizeIs(2)) << said << read_text(home_ / outs[2]);
    const auto runs = log.runs();
    EXPECT_THAT(said,
                HasSubstr("run: " + to_string(runs[runs[0].base_branch == "main" ? 0 : 1].run)));
    EXPECT_NE(runs[0].base_branch, runs[1].base_branch);
    EXPECT_LT(std::max(runs[0].started.us, runs[1].started.us),
              std::min(runs[0].ended.us, runs[1].ended.us))
        << "those of two branches work at once";
  }
  EXPECT_EQ(run("note").exit_code, 0) << "once the first is over";
  const left_log log{data_};
  ASSERT_THAT(log.runs(), SizeIs(3));
  std::set<std::string> branches;
  for (const auto& each : log.runs()) {
    EXPECT_EQ(each.state, "completed") << each.message;
    EXPECT_EQ(shell("git -C '" + repo_ + "' show " + each.branch + ":.actor-shell/out/note.json"),
              R"({"note": "written"})");
    branches.insert(each.branch);
  }
  EXPECT_EQ(branches.size(), 3U);
}

TEST_F(ancestors_beside_a_server, a_report_is_found_and_read_through_the_api) {
  const auto ended = run("note", {"--output-format", "json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto id = json::value_to<std::string>(json_of(ended.out).at("run"));
  const auto of_run = api("/runs/" + id);
  const auto path = json::value_to<std::string>(of_run.at("report"));
  ASSERT_TRUE(fs::exists(path)) << path;
  EXPECT_EQ(api("/runs/" + id + "/report?format=json").at("report").as_string(), path);
  // The file was written a moment before the run's end, and tells that time.
  const auto untimed = [](const std::string& report) {
    static const std::regex time{"\\| Time \\| [^|]*\\|"};
    return std::regex_replace(report, time, "| Time |");
  };
  EXPECT_EQ(untimed(text_of("/runs/" + id + "/report?format=markdown")), untimed(read_text(path)));
  // The list is a read model's, which may be a moment behind.
  EXPECT_TRUE(wait_until(std::chrono::seconds{10}, [&] {
    const auto listed = api("/runs").at("items").as_array();
    return listed.size() == 1 && listed.at(0).at("report").as_string() == path;
  })) << text_of("/runs");
}

} // namespace
} // namespace ash::e2e
