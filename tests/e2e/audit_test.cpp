// Secrets that models and tools say are recorded nowhere, and the audit trail of what tools did.
#include "events/base/json.hpp"
#include "tests/e2e/bad_input.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <fstream>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string said = "sk-ant-api03-Zq8LmN2pXv7RtY4wKb9HdJ3sFg6TcU1e";
const std::string in_file = "ghp_R7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB7nM2q";
const std::string in_use = "an-odd-key-without-any-shape";

class audit : public bad_input {
protected:
  audit() {
    write_text(repo() / "notes.txt", "token " + in_file + "\nin use: " + in_use + "\n");
    shell("git -C '" + repo().string() + "' add -A && git -C '" + repo().string() +
          "' -c user.name=a -c user.email=a@b.c commit -qm notes");
    write_text(home_ / "leaky.yaml",
               fill_in(read_text(E2E_FIXTURES "/leaky.yaml"), {{"key", said}}));
  }

  ended_process leak() const {
    return run({"--model", "scripted:" + (home_ / "leaky.yaml")}, {}, {{"OPENAI_API_KEY", in_use}});
  }

  ended_process ask(const std::vector<std::string>& words) const {
    auto what = command({});
    what.command = {ACTOR_SHELL_BINARY};
    what.command.insert(what.command.end(), words.begin(), words.end());
    return run_process(what);
  }

  json::array lines() const {
    const auto ended = ask({"--json", "audit", "list"});
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    const auto parsed = parse_json(ended.out, "the list");
    return parsed && parsed.value().is_array() ? parsed.value().get_array() : json::array{};
  }

  [[nodiscard]] fs::path trail() const { return data() / "audit.jsonl"; }

  static void expect_no_secret(const std::string& text, const std::string& where) {
    for (const auto& secret : {said, in_file, in_use})
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " is in " << where;
  }
};

TEST_F(audit, secrets_that_are_said_are_recorded_nowhere) {
  const auto ended = leak();
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  expect_no_secret(ended.out + ended.err, "what is shown");
  std::size_t files = 0;
  for (const auto& each : fs::recursive_directory_iterator{data()}) {
    // A worktree holds the repository's own files.
    if (!each.is_regular_file() || each.path().string().find("/worktrees/") != std::string::npos)
      continue;
    ++files;
    expect_no_secret(read_text(each.path()), each.path());
  }
  EXPECT_GT(files, 3U);
  // Blocks of the log may be packed: the same, as it is read.
  const auto events = ask({"events", "all", "--json"});
  EXPECT_EQ(events.exit_code, 0) << events.shown();
  EXPECT_THAT(events.out, HasSubstr("[redacted:github-token]"));
  EXPECT_THAT(events.out, HasSubstr("[redacted:api-key]"));
  EXPECT_THAT(events.out, HasSubstr("[redacted:key]"));
  expect_no_secret(events.out, "the events");
  const left_log log{data()};
  EXPECT_EQ(log.damages(), "");
  std::size_t whole = 0;
  for (const auto& each : only<tool_call::completed>(log.facts()))
    if (!each.full.sha256.empty()) {
      ++whole;
      expect_no_secret(log.text_of(each.full), "the whole output");
    }
  EXPECT_GT(whole, 0U);
}

TEST_F(audit, has_a_line_for_every_call_and_is_private) {
  leak();
  const auto all = lines();
  ASSERT_EQ(all.size(), 9U);
  EXPECT_EQ(all[0].at("tool"), "read_file");
  EXPECT_EQ(all[0].at("verdict"), "completed");
  std::size_t denied = 0;
  std::size_t failed = 0;
  for (const auto& each : all) {
    denied += each.at("verdict") == "denied" ? 1 : 0;
    failed += each.at("verdict") == "failed" ? 1 : 0;
    EXPECT_THAT(json::value_to<std::string>(each.at("root")), HasSubstr("run/"));
  }
  EXPECT_EQ(denied, 1U) << "of .env";
  EXPECT_EQ(failed, 2U) << "exit code 3, and no such file";
  EXPECT_EQ(fs::status(trail()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(ask({"audit", "verify"}).out, HasSubstr("clean: 9 lines"));
  const auto run = json::value_to<std::string>(all[0].at("root")).substr(4);
  EXPECT_THAT(ask({"audit", "list", "--run", run.substr(0, 8)}).out, HasSubstr("run_command"));
  const auto nobody = ask({"audit", "list", "--run", "ffffffff"});
  EXPECT_EQ(nobody.exit_code, 3) << nobody.shown();
  EXPECT_THAT(nobody.err, HasSubstr("run_not_found"));
}

TEST_F(audit, finds_a_line_that_was_changed_removed_or_put_in) {
  leak();
  const auto whole = read_text(trail());
  const auto all = lines_of(whole);
  const auto join = [](const std::vector<std::string>& from) {
    std::string out;
    for (const auto& each : from)
      out += each + "\n";
    return out;
  };
  const auto expect_found = [&](const std::string& text, const std::string& line) {
    std::ofstream{trail(), std::ios::binary | std::ios::trunc} << text;
    const auto ended = ask({"audit", "verify"});
    EXPECT_NE(ended.exit_code, 0) << ended.shown();
    EXPECT_THAT(ended.err, HasSubstr("line " + line + " ")) << ended.shown();
  };
  auto changed = all;
  changed[2].replace(changed[2].find("run_command"), 11, "write_file!");
  expect_found(join(changed), "3");
  auto removed = all;
  removed.erase(removed.begin() + 4);
  expect_found(join(removed), "5");
  auto doubled = all;
  doubled.insert(doubled.begin() + 1, all[0]);
  expect_found(join(doubled), "2");
  // As it was, it is whole.
  std::ofstream{trail(), std::ios::binary | std::ios::trunc} << whole;
  EXPECT_EQ(ask({"audit", "verify"}).exit_code, 0);
}

TEST_F(audit, is_written_anew_where_a_crash_or_a_person_left_it_short) {
  leak();
  const auto whole = read_text(trail());
  for (const auto keep : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
    fs::resize_file(trail(), keep);
    const auto ended = run({}, {}, {{"OPENAI_API_KEY", in_use}});
    ASSERT_EQ(ended.exit_code, 0) << ended.shown();
    EXPECT_EQ(read_text(trail()).substr(0, whole.size()), whole) << "cut at " << keep;
    EXPECT_THAT(ask({"audit", "verify"}).out, HasSubstr("clean: "));
  }
}

} // namespace
} // namespace ash::e2e
