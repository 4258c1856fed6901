// Hooks of the configuration around runs of the built binary: what they see, what they stop, and
// what a crash in the middle of one leads to.
#include "events/base/json.hpp"
#include "tests/e2e/bad_input.hpp"

#include <boost/json/value_to.hpp>

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class hooks : public bad_input {
protected:
  void configure(const std::string& text) const { write_text(home_ / "config.yaml", text); }

  /// A hook that keeps what it is told, a line an event, and then does `more`. Of tools, only that
  /// which writes is asked about; `complete` is a tool too.
  [[nodiscard]] std::string hook(const std::string& on,
                                 const std::string& more = "true",
                                 const std::string& also = "") const {
    const auto match = on.ends_with("_tool") ? "    match: write_*\n" : "";
    return "  - on: " + on + "\n" + match + also + "    command: |\n      cat >> '" + (home_ / on) +
           "'\n      " + more + "\n";
  }
  [[nodiscard]] std::vector<json::value> told(const std::string& on) const {
    std::vector<json::value> out;
    if (!fs::exists(home_ / on))
      return out;
    for (const auto& line : lines_of(read_text(home_ / on))) {
      auto parsed = parse_json(line, on);
      EXPECT_TRUE(parsed.has_value()) << line;
      if (parsed)
        out.push_back(std::move(parsed).value());
    }
    return out;
  }
  [[nodiscard]] ended_process ask(const std::vector<std::string>& words) const {
    auto what = command({});
    what.command = {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    return run_process(what);
  }
  [[nodiscard]] std::vector<run::hook_ran> recorded(hook_event on) const {
    std::vector<run::hook_ran> out;
    for (const auto& each : only<run::hook_ran>(left_log{data()}.facts()))
      if (each.on == on)
        out.push_back(each);
    return out;
  }
  [[nodiscard]] std::string the_run() const {
    const auto runs = left_log{data()}.runs();
    EXPECT_THAT(runs, SizeIs(1));
    return runs.empty() ? std::string{} : to_string(runs.front().run);
  }
};

std::string text_at(const json::value& of, std::string_view name) {
  return json::value_to<std::string>(of.at(name));
}

TEST_F(hooks, are_told_of_tools_phases_and_the_run_once_each) {
  configure("hooks:\n" + hook("pre_tool") + hook("post_tool") + hook("run_start") +
            hook("run_end") + hook("phase_end"));
  const auto ended = run();
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const auto id = the_run();
  ASSERT_THAT(told("pre_tool"), SizeIs(1));
  EXPECT_EQ(text_at(told("pre_tool")[0].at("tool"), "name"), "write_file");
  EXPECT_EQ(text_at(told("pre_tool")[0].at("tool").at("arguments"), "path"),
            ".actor-shell/out/note.json");
  EXPECT_EQ(text_at(told("pre_tool")[0], "root"), "run/" + id);
  EXPECT_EQ(text_at(told("pre_tool")[0], "phase"), "note");
  ASSERT_THAT(told("post_tool"), SizeIs(1));
  EXPECT_EQ(text_at(told("post_tool")[0].at("result"), "answer"), "completed");
  ASSERT_THAT(told("run_start"), SizeIs(1));
  EXPECT_EQ(text_at(told("run_start")[0], "run"), id);
  EXPECT_EQ(text_at(told("run_start")[0], "requirements"), "A note.");
  ASSERT_THAT(told("phase_end"), SizeIs(1));
  EXPECT_EQ(text_at(told("phase_end")[0], "phase"), "note");
  ASSERT_THAT(told("run_end"), SizeIs(1));
  EXPECT_EQ(text_at(told("run_end")[0], "outcome"), "completed");
  EXPECT_TRUE(fs::exists(text_at(told("run_end")[0], "report")));
  for (const auto on : {hook_event::pre_tool,
                        hook_event::post_tool,
                        hook_event::run_start,
                        hook_event::run_end,
                        hook_event::phase_end}) {
    ASSERT_THAT(recorded(on), SizeIs(1));
    EXPECT_EQ(recorded(on)[0].exit_code, 0) << recorded(on)[0].message;
  }
  EXPECT_EQ(left_log{data()}.damages(), "");
  EXPECT_THAT(ask({"events", "run/" + id}).out, HasSubstr("hook.ran"));
}

TEST_F(hooks, that_block_a_tool_tell_the_model_why) {
  configure("hooks:\n" + hook("pre_tool", "echo not while ann is away >&2; exit 2"));
  const auto ended = run();
  EXPECT_NE(ended.exit_code, 0) << ended.shown();
  const left_log log{data()};
  const auto denied = only<tool_call::denied>(log.facts());
  ASSERT_FALSE(denied.empty());
  EXPECT_EQ(denied.front().code, "hook_blocked");
  EXPECT_THAT(denied.front().message, HasSubstr("not while ann is away"));
  const auto answered = only<turn::tool_answered>(log.facts());
  EXPECT_THAT(answered.front().text, HasSubstr("not while ann is away"));
  for (const auto& each : only<tool_call::completed>(log.facts()))
    EXPECT_THAT(each.written, IsEmpty());
  EXPECT_THAT(ended.err, HasSubstr("not while ann is away"));
}

TEST_F(hooks, that_fail_or_run_out_of_time_stop_nothing_and_are_recorded) {
  configure("hooks:\n" + hook("pre_tool", "echo out of order >&2; exit 1") +
            hook("run_start", "sleep 100", "    time_limit_s: 1\n"));
  const auto ended = run();
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  ASSERT_THAT(recorded(hook_event::pre_tool), SizeIs(1));
  EXPECT_EQ(recorded(hook_event::pre_tool)[0].exit_code, 1);
  EXPECT_EQ(recorded(hook_event::pre_tool)[0].message, "out of order");
  ASSERT_THAT(recorded(hook_event::run_start), SizeIs(1));
  EXPECT_TRUE(recorded(hook_event::run_start)[0].timed_out);
  EXPECT_GE(recorded(hook_event::run_start)[0].duration_ms, 1'000);
}

TEST_F(hooks, that_block_the_start_of_a_run_fail_it_before_it_costs_anything) {
  configure("hooks:\n" + hook("run_start", "echo the branch is frozen >&2; exit 2") +
            hook("run_end"));
  const auto ended = run();
  EXPECT_EQ(ended.exit_code, 1) << ended.shown();
  const left_log log{data()};
  const auto failed = only<run::failed>(log.facts());
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed.front().code, "hook_blocked");
  EXPECT_THAT(failed.front().message, HasSubstr("the branch is frozen"));
  EXPECT_THAT(only<turn::call_requested>(log.facts()), IsEmpty());
  ASSERT_THAT(told("run_end"), SizeIs(1));
  EXPECT_EQ(text_at(told("run_end")[0], "outcome"), "failed");
  EXPECT_EQ(text_at(told("run_end")[0], "code"), "hook_blocked");
}

TEST_F(hooks, that_block_a_phases_end_send_the_model_back_once) {
  // The model's second answer has the word that the hook wants.
  write_text(home_ / "mending.yaml", R"(turns:
  - name: mend
    match: {user: say please, has_tool_result: false}
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "please"}'}
    usage: {input: 300, output: 20}
  - name: write
    match: {has_tool_result: false}
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "now"}'}
    usage: {input: 200, output: 20}
  - name: finish
    match: {last_tool: write_file}
    tool_calls: [{name: complete, arguments: {summary: Written.}}]
    usage: {input: 240, output: 10}
)");
  configure("hooks:\n" +
            hook("phase_end",
                 "grep -q please .actor-shell/out/note.json || { echo say please >&2; exit 2; }"));
  const auto ended = run({"--model", "scripted:" + (home_ / "mending.yaml")});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  const left_log log{data()};
  const auto rejected = only<phase::artifact_rejected>(log.facts());
  ASSERT_THAT(rejected, SizeIs(1));
  ASSERT_THAT(rejected.front().findings, SizeIs(1));
  EXPECT_EQ(rejected.front().findings.front().keyword, "hook");
  EXPECT_THAT(rejected.front().findings.front().message, HasSubstr("say please"));
  ASSERT_THAT(recorded(hook_event::phase_end), SizeIs(2));
  EXPECT_TRUE(recorded(hook_event::phase_end)[0].blocked);
  EXPECT_FALSE(recorded(hook_event::phase_end)[1].blocked);
}

TEST_F(hooks, are_told_of_an_approval_and_of_a_warning) {
  configure("budget: {warn_at_percent: 1}\nhooks:\n" + hook("approval_requested") +
            hook("budget_warned"));
  const auto ended = run({"gated-note@1", "--budget", "0.01"});
  ASSERT_EQ(ended.exit_code, 5) << ended.shown();
  const auto id = the_run();
  ASSERT_THAT(told("approval_requested"), SizeIs(1));
  const auto asked = told("approval_requested")[0].at("approval");
  EXPECT_EQ(text_at(asked, "kind"), "artifact");
  EXPECT_EQ(text_at(asked, "subject"), ".actor-shell/out/note.json");
  EXPECT_EQ(text_at(told("approval_requested")[0], "root"), "run/" + id);
  ASSERT_FALSE(told("budget_warned").empty());
  EXPECT_EQ(text_at(told("budget_warned")[0].at("budget"), "scope"), "run:" + id);
  EXPECT_EQ(text_at(told("budget_warned")[0], "root"), "run/" + id);
  // Another start tells of nothing again.
  const auto before = told("budget_warned").size();
  const auto approved = ask({"approvals", "decide", text_at(asked, "id"), "approve"});
  EXPECT_EQ(approved.exit_code, 0) << approved.shown();
  EXPECT_THAT(told("approval_requested"), SizeIs(1));
  EXPECT_EQ(told("budget_warned").size(), before);
  EXPECT_THAT(recorded(hook_event::approval_requested), SizeIs(1));
}

TEST_F(hooks, run_again_under_the_same_id_where_a_crash_cut_them) {
  // The first time, each of them kills the program that waits for it.
  for (const std::string on : {"pre_tool", "post_tool", "run_start", "phase_end", "run_end"}) {
    SCOPED_TRACE(on);
    fs::remove_all(data());
    fs::remove_all(repo());
    fs::remove(home_ / on);
    make_repository(repo(), {{"README.md", "# nothing\n"}});
    const auto mark = home_ / (on + ".died");
    configure("hooks:\n" +
              hook(on, "test -e '" + mark + "' || { touch '" + mark + "'; kill -9 $PPID; }"));
    const auto died = run();
    ASSERT_EQ(died.signal, 9) << died.shown();
    const auto id = the_run();
    if (on == "run_end") // the run is over: whoever starts next tells of it
      EXPECT_EQ(run({"note@1"}).exit_code, 0);
    else
      EXPECT_EQ(ask({"runs", "resume", id}).exit_code, 0);
    const auto all = told(on);
    ASSERT_GE(all.size(), 2U);
    EXPECT_EQ(text_at(all[0], "id"), text_at(all[1], "id"));
    const left_log log{data()};
    EXPECT_EQ(log.damages(), "");
    EXPECT_EQ(log.runs().front().state, "completed");
    // Recorded once for each event, however often it ran.
    std::size_t of_the_first = 0;
    for (const auto& each : log.facts())
      if (std::holds_alternative<run::hook_ran>(each.fact) &&
          each.record.root.text() == "run/" + id)
        ++of_the_first;
    EXPECT_EQ(of_the_first, 1U);
  }
}

TEST_F(hooks, see_no_key_and_what_they_say_of_one_is_not_kept) {
  const std::string key = "sk-ant-api03-Zq8LmN2pXv7RtY4wKb9HdJ3sFg6TcU1e";
  write_text(home_ / "a-key", key);
  configure("hooks:\n" + hook("pre_tool", "env >&2; cat '" + (home_ / "a-key") + "' >&2"));
  const auto ended = run({}, {}, {{"OPENAI_API_KEY", "an-odd-key-without-any-shape"}});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  ASSERT_THAT(recorded(hook_event::pre_tool), SizeIs(1));
  const auto said = recorded(hook_event::pre_tool)[0].message;
  EXPECT_THAT(said, HasSubstr("ACTOR_SHELL_HOOK=pre_tool"));
  EXPECT_THAT(said, Not(HasSubstr("OPENAI_API_KEY")));
  EXPECT_THAT(said, Not(HasSubstr(key)));
}

TEST_F(hooks, that_are_wrong_are_refused_with_their_place) {
  configure("hooks:\n  - {on: before_lunch, command: eat}\n");
  const auto ended = run();
  EXPECT_EQ(ended.exit_code, 2) << ended.shown();
  EXPECT_THAT(ended.err, HasSubstr("config.yaml:2:"));
  EXPECT_THAT(ended.err, HasSubstr("hooks[0].on"));
  expect_nothing_done();
}

} // namespace
} // namespace ash::e2e
