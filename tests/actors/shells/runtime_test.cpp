#include "actors/shells/runtime.hpp"
#include "events/log/memory_log.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/performers/documents.hpp"
#include "actors/shells/fold.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <future>
#include <sys/stat.h>

namespace ash {
namespace {

using namespace test;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto a_persona = R"(name: %NAME%
version: 1
title: %NAME%
capabilities: [%CAN%]
model: scripted:none
max_cost_per_call: 0.01
system_prompt: You are a %NAME%.
)";

constexpr auto a_workflow = R"(name: two-steps
version: 1
title: Two steps
roles:
  - name: writer
    required_capabilities: [write]
  - name: checker
    required_capabilities: [check]
phases:
  - key: draft
    role: writer
    title: Draft
    instructions: Write the draft.
    artifact: {path: out/draft.json, schema: test/note@1}
  - key: check
    role: checker
    title: Check
    instructions: Check the draft.
    artifact: {path: out/check.json, schema: test/note@1}
)";

constexpr auto a_schema = R"({
  "type": "object", "required": ["note"], "additionalProperties": false,
  "properties": {"note": {"type": "string"}}})";

// The draft is wrong at first and repaired; both phases end with `complete`.
constexpr auto a_script = R"(turns:
  - name: write the check
    match: {user: [Check the draft, drafted], assistant_turns: 0}
    tool_calls:
      - name: list_dir
        arguments: {path: out}
      - name: write_file
        arguments: {path: out/check.json, content: '{"note": "checked"}'}
    usage: {input: 200, output: 30}
    delay_ms: %DELAY%
  - name: write the draft
    match: {user: [Write the draft], assistant_turns: 0}
    thinking: A draft, then.
    text: I write it.
    tool_calls:
      - name: write_file
        arguments: {path: out/draft.json, content: '{"memo": "drafted"}'}
    usage: {input: 100, output: 20}
  - name: repair
    match: {step: 0}
    tool_calls:
      - name: write_file
        arguments: {path: out/draft.json, content: '{"note": "drafted"}'}
    usage: {input: 100, output: 20}
  - name: done
    match: {has_tool_result: true}
    tool_calls:
      - name: complete
        arguments: {summary: All done.}
    usage: {input: 50, output: 5}
)";

std::string with(std::string text, const std::string& name, const std::string& value) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
  return text;
}

class runs : public ::testing::Test {
protected:
  runs() {
    make_repository(repo_);
    for (const auto& [name, can] : {std::pair{"writer", "write"}, std::pair{"checker", "check"}})
      write_text(definitions_ + "/personas/" + name + "@1.yaml",
                 with(with(a_persona, "%NAME%", name), "%CAN%", can));
    write_text(definitions_ + "/workflows/two-steps@1.yaml", a_workflow);
    write_text(definitions_ + "/artifacts/test/note@1.json", a_schema);
    write_script("0");
    open();
  }

  void write_script(const std::string& delay_ms) {
    script_ = home_ / ("script-" + delay_ms + ".yaml");
    write_text(script_, with(a_script, "%DELAY%", delay_ms));
  }

  void open() {
    runtime_options options;
    options.data_dir = home_ / "data";
    options.definition_dirs = {definitions_};
    options.started_by = "a test";
    auto opened = runtime::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    runtime_ = std::move(opened).value();
  }

  [[nodiscard]] run_request asked() const {
    run_request out;
    out.workflow = "two-steps";
    out.repo = repo_;
    out.base_branch = "main";
    out.requirements = "A note, please.";
    out.model = "scripted:" + script_;
    return out;
  }

  run_id started(const run_request& what) {
    auto run = runtime_->start_run(what);
    EXPECT_TRUE(run) << to_string(run.error());
    return run ? run.value() : run_id{};
  }

  inspect::run_summary ended(const run_id& run) {
    // Nothing depends on how long it takes; a test that hangs says where.
    std::stop_source late;
    auto waiting =
        std::async(std::launch::async, [&] { return runtime_->wait(run, late.get_token()); });
    if (waiting.wait_for(60s) != std::future_status::ready) {
      late.request_stop();
      auto summary = inspect::show_run(runtime_->log(), run);
      ADD_FAILURE() << "the run does not end: "
                    << (summary ? to_json_text(inspect::to_json(summary.value())) : "");
    }
    auto came = waiting.get();
    EXPECT_TRUE(came) << to_string(came.error());
    return came ? came.value() : inspect::run_summary{};
  }

  std::string git(const std::string& what) { return sh("git -C '" + repo_ + "' " + what); }

  /// Waits until the run's own or a phase's stream holds a fact of this type.
  void wait_for_fact(const run_id& run, std::string_view type) {
    for (std::uint64_t after = 0;;) {
      auto records = runtime_->log().read_root(stream_of(run), after);
      ASSERT_TRUE(records);
      for (const auto& one : records.value()) {
        after = one.position;
        if (one.type == type)
          return;
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  budget::state scope(const std::string& key) {
    auto folded = fold::whole<budget_aggregate>(runtime_->log(), stream_of_budget(key));
    EXPECT_TRUE(folded);
    return folded ? folded.value().state : budget::state{};
  }

  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string definitions_ = home_ / "definitions";
  std::string script_;
  std::unique_ptr<runtime> runtime_;
};

TEST_F(runs, end_with_a_report_a_branch_and_exact_budgets) {
  const auto run = started(asked());
  const auto summary = ended(run);
  EXPECT_EQ(summary.state, "completed") << summary.message;
  EXPECT_EQ(summary.phases_done, 2U);
  EXPECT_TRUE(fs::exists(summary.report_path)) << summary.report_path;
  EXPECT_EQ(git("show " + summary.branch + ":out/draft.json"), R"({"note": "drafted"})");
  EXPECT_EQ(git("show " + summary.branch + ":out/check.json"), R"({"note": "checked"})");
  EXPECT_EQ(git("rev-parse " + summary.branch), summary.commit + "\n");
  EXPECT_EQ(git("status --porcelain"), "");
  EXPECT_FALSE(fs::exists(runtime_->layout().worktree(run)));
  const auto own = scope("run:" + to_string(run));
  EXPECT_EQ(own.reserved, usd{});
  EXPECT_TRUE(own.reservations.empty());
  EXPECT_EQ(own.settled, summary.cost);
  const auto history = inspect::show_run(runtime_->log(), run);
  ASSERT_TRUE(history);
  EXPECT_EQ(history.value().cost(), summary.cost);
  EXPECT_EQ(history.value().phases.at(0).repairs, 1);
  EXPECT_EQ(history.value().phases.at(0).rejected.size(), 1U);
  const auto report =
      parse_json(read_text(runtime_->layout().report(run) + "/report.json"), "report");
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().at("outcome").as_string(), "completed");
  EXPECT_EQ(report.value().at("commit").as_string(), summary.commit);
}

TEST_F(runs, follow_one_another_on_one_branch) {
  const auto first = ended(started(asked()));
  const auto second = ended(started(asked()));
  EXPECT_EQ(first.state, "completed");
  EXPECT_EQ(second.state, "completed");
  EXPECT_NE(first.branch, second.branch);
  const auto all = inspect::list_runs(runtime_->log());
  ASSERT_TRUE(all);
  ASSERT_EQ(all.value().size(), 2U);
  EXPECT_EQ(all.value()[0].run, second.run);
}

TEST_F(runs, are_one_at_a_time_on_a_branch_of_a_repository) {
  write_script("600000");
  const auto first = started(asked());
  const auto refused = runtime_->start_run(asked());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::active_run_exists);
  EXPECT_NE(refused.error().message.find(to_string(first)), std::string::npos);
  ASSERT_TRUE(runtime_->abort_run(first, "enough", {"a test"}));
  const auto aborted = ended(first);
  EXPECT_EQ(aborted.state, "aborted");
  EXPECT_TRUE(fs::exists(aborted.report_path)) << "an aborted run has a report too";
  write_script("0");
  EXPECT_EQ(ended(started(asked())).state, "completed");
}

TEST_F(runs, are_interrupted_by_a_stop_and_go_on_where_they_were) {
  write_script("600000");
  const auto run = started(asked());
  wait_for_fact(run, "phase.completed");
  wait_for_fact(run, "run.phase.opened");
  runtime_->stop(0ms);
  const auto last = runtime_->log().read_root(stream_of(run), 0);
  ASSERT_TRUE(last);
  EXPECT_EQ(last.value().back().type, "run.interrupted");
  runtime_.reset();
  write_text(script_, with(a_script, "%DELAY%", "0"));
  open();
  EXPECT_TRUE(runtime_->swept().empty()) << "it was interrupted in good order";
  ASSERT_TRUE(runtime_->resume_run(run, {"a test"}));
  const auto summary = ended(run);
  EXPECT_EQ(summary.state, "completed") << summary.message;
  EXPECT_EQ(scope("run:" + to_string(run)).reserved, usd{});
  const auto history = inspect::show_run(runtime_->log(), run);
  ASSERT_TRUE(history);
  EXPECT_EQ(history.value().phases.at(0).calls.size(), 4U) << "the first phase was not made again";
  EXPECT_EQ(history.value().resumes, 1);
}

TEST_F(runs, that_a_crash_left_executing_are_interrupted_when_opened_again) {
  write_script("600000");
  const auto run = started(asked());
  wait_for_fact(run, "phase.completed");
  // A crash, as far as the log can tell: the interruption is taken away by copying the log before
  // it.
  runtime_->actors().close_doors();
  runtime_->actors().stop(0ms);
  fs::copy(home_ / "data/log", home_ / "copy", fs::copy_options::recursive);
  runtime_.reset();
  fs::remove_all(home_ / "data/log");
  fs::rename(home_ / "copy", home_ / "data/log");
  write_text(script_, with(a_script, "%DELAY%", "0"));
  open();
  ASSERT_EQ(runtime_->swept(), std::vector{run});
  auto before = inspect::summarise_run(runtime_->log(), run);
  ASSERT_TRUE(before);
  EXPECT_EQ(before.value().state, "interrupted");
  ASSERT_TRUE(runtime_->resume_run(run, {"a test"}));
  const auto summary = ended(run);
  EXPECT_EQ(summary.state, "completed") << summary.code << ": " << summary.message;
  EXPECT_EQ(runtime_->resume_run(run, {"a test"}).error().code, errc::run_already_terminal);
}

TEST_F(runs, are_set_aside_where_their_history_can_not_be_folded_and_the_others_go_on) {
  const auto damaged = run_id{random_uuid()};
  const auto stream = stream_of(damaged);
  log::entry garbage{"", "test", "", {{"run.started", 1, log::durability::synced, "garbage"}}};
  ASSERT_TRUE(runtime_->log().append_now({stream, stream, 0, instant{1}, {garbage}, {}}));
  runtime_.reset();
  open();
  ASSERT_EQ(runtime_->set_aside().size(), 1U);
  EXPECT_EQ(runtime_->set_aside()[0].run, damaged);
  EXPECT_EQ(runtime_->set_aside()[0].why.code, errc::log_corrupt);

  const auto good = ended(started(asked()));
  EXPECT_EQ(good.state, "completed") << good.code << ": " << good.message;
  const auto all = inspect::list_runs(runtime_->log());
  ASSERT_TRUE(all);
  ASSERT_EQ(all.value().size(), 2U);
  EXPECT_EQ(all.value()[1].run, damaged);
  EXPECT_EQ(all.value()[1].state, "unreadable");
  EXPECT_EQ(all.value()[1].code, "log_corrupt");
}

TEST_F(runs, fail_with_their_cause_where_the_model_answers_nothing_useful) {
  write_text(home_ / "bad.yaml", "turns:\n  - match: {user: never}\n    text: x\n");
  auto what = asked();
  what.model = "scripted:" + (home_ / "bad.yaml");
  const auto summary = ended(started(what));
  EXPECT_EQ(summary.state, "failed");
  EXPECT_FALSE(summary.code.empty());
  EXPECT_TRUE(fs::exists(summary.report_path));
}

TEST_F(runs, are_blocked_by_their_budget_and_can_be_aborted) {
  auto what = asked();
  what.run_cap = usd{1};
  const auto run = started(what);
  const auto summary = ended(run);
  EXPECT_EQ(summary.state, "interrupted") << summary.message;
  EXPECT_EQ(scope("run:" + to_string(run)).committed(), usd{});
  ASSERT_TRUE(runtime_->abort_run(run, "too dear", {"a test"}));
  EXPECT_EQ(ended(run).state, "aborted");
}

/// `internal_error` where nothing was refused.
template <class T> errc code_of(const result<T>& of) {
  return of ? errc::internal_error : of.error().code;
}

TEST_F(runs, with_a_given_id_are_started_once_under_their_key) {
  auto what = asked();
  what.id = run_id{random_uuid()};
  const command_source from{"a client", "key-1", "request-1"};
  ASSERT_TRUE(runtime_->start_run(what, from));
  ended(*what.id);
  ASSERT_TRUE(runtime_->start_run(what, from)) << "it is answered, and nothing begins again";
  const auto all = inspect::list_runs(runtime_->log());
  ASSERT_TRUE(all);
  EXPECT_EQ(all.value().size(), 1U);
  const auto stored = runtime_->log().find_key(stream_of(*what.id), "key-1");
  ASSERT_TRUE(stored && stored.value());
  const auto first = runtime_->log().read(stored.value()->first_position - 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value().front().causation, "request-1");
  const auto history = inspect::show_run(runtime_->log(), *what.id);
  ASSERT_TRUE(history);
  EXPECT_EQ(history.value().plan.started_by, "a client");
}

TEST_F(runs, ask_for_approval_and_go_on_with_the_decision) {
  auto gated = std::string{a_workflow};
  gated.replace(gated.find("two-steps"), 9, "gated");
  gated.insert(gated.find("  - key: check"), "    approval: true\n");
  write_text(definitions_ + "/workflows/gated@1.yaml", gated);
  auto what = asked();
  what.workflow = "gated";
  const auto run = started(what);
  EXPECT_EQ(ended(run).state, "awaiting_approval");
  const auto state = fold::whole<run_aggregate>(runtime_->log(), stream_of(run));
  ASSERT_TRUE(state);
  const auto approval = std::get<run::live>(state.value().state).approvals.at(0).what.approval;
  EXPECT_EQ(runtime_->run_of_approval(approval).value(), run);
  const auto decide = [&](const approval_id& which, run::decision_kind how) {
    return runtime_->decide_approval(run, which, how, "looks right", {"a person"});
  };
  EXPECT_EQ(code_of(decide({random_uuid()}, run::decision_kind::approve)),
            errc::approval_not_found);
  EXPECT_EQ(code_of(decide(approval, run::decision_kind::cancel)), errc::argument_invalid);
  ASSERT_TRUE(decide(approval, run::decision_kind::approve));
  EXPECT_EQ(ended(run).state, "completed");
  EXPECT_EQ(code_of(runtime_->run_of_approval(approval)), errc::approval_not_found);
}

TEST_F(runs, stand_beside_sessions_that_answer_what_they_are_asked) {
  write_text(home_ / "talk.yaml",
             "turns:\n  - match: {user: Hello}\n    text: Good day.\n"
             "    usage: {input: 10, output: 3}\n");
  session_request asked;
  asked.persona = "writer";
  asked.model = "scripted:" + (home_ / "talk.yaml");
  asked.directory = repo_;
  const auto session = runtime_->create_session(asked, {"a person"});
  ASSERT_TRUE(session) << to_string(session.error());
  const message_id message{random_uuid()};
  ASSERT_TRUE(runtime_->post_message(session.value(), message, "Hello there", {"a person"}));
  const auto root = stream_of(session.value());
  const auto has = [&](std::string_view type) {
    const auto records = runtime_->log().read_root(root, 0);
    return records && std::any_of(records.value().begin(), records.value().end(), [&](auto& one) {
             return one.type == type;
           });
  };
  while (!has("turn.completed") && !has("turn.failed"))
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(has("turn.completed"));
  EXPECT_EQ(code_of(runtime_->post_message(session.value(), message, "again", {"a person"})),
            errc::message_exists);
  EXPECT_EQ(code_of(runtime_->stop_turn(session.value(), {random_uuid()}, "enough", {"x"})),
            errc::turn_not_found);
  ASSERT_TRUE(runtime_->end_session(session.value(), "done", {"a person"}));
  EXPECT_EQ(code_of(runtime_->end_session(session.value(), "done", {"a person"})),
            errc::session_ended);
  EXPECT_EQ(code_of(runtime_->end_session({random_uuid()}, "done", {"a person"})),
            errc::session_not_found);
  EXPECT_GT(scope("session:" + to_string(session.value())).terms.cap, usd{});
  asked.directory = home_ / "gone";
  EXPECT_EQ(code_of(runtime_->create_session(asked, {"x"})), errc::repo_path_invalid);
  asked.directory.clear();
  asked.persona = "nobody";
  EXPECT_EQ(code_of(runtime_->create_session(asked, {"x"})), errc::persona_not_found);
}

TEST_F(runs, are_refused_before_they_exist_where_anything_is_wrong) {
  const auto refusal = [&](auto change) {
    auto what = asked();
    change(what);
    const auto run = runtime_->start_run(what);
    return run ? errc::internal_error : run.error().code;
  };
  EXPECT_EQ(refusal([](auto& r) { r.workflow = "tow-steps"; }), errc::template_not_found);
  EXPECT_EQ(refusal([](auto& r) { r.requirements = " \n"; }), errc::argument_invalid);
  EXPECT_EQ(refusal([](auto& r) { r.requirements = "\xff"; }), errc::argument_invalid);
  EXPECT_EQ(refusal([&](auto& r) { r.repo = home_.path(); }), errc::repo_path_invalid);
  EXPECT_EQ(refusal([&](auto& r) { r.repo = home_ / "gone"; }), errc::repo_path_invalid);
  EXPECT_EQ(refusal([&](auto& r) { r.repo = repo_ + "/.git"; }), errc::repo_path_invalid);
  EXPECT_EQ(refusal([](auto& r) { r.base_branch = "gone"; }), errc::repo_branch_missing);
  EXPECT_EQ(refusal([](auto& r) { r.overrides["writer"] = "nobody"; }), errc::persona_not_found);
  EXPECT_EQ(refusal([&](auto& r) { r.model = "scripted:" + (home_ / "gone.yaml"); }),
            errc::file_not_found);
  const auto all = inspect::list_runs(runtime_->log());
  ASSERT_TRUE(all);
  EXPECT_TRUE(all.value().empty());
}

TEST_F(runs, are_found_by_the_beginning_of_their_ids) {
  const auto run = started(asked());
  ended(run);
  const auto id = to_string(run);
  const auto& log = runtime_->log();
  const auto found = inspect::resolve_id(log, entity_kind::run, id.substr(0, 8));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value(), stream_of(run));
  EXPECT_EQ(inspect::resolve_id(log, entity_kind::run, id.substr(0, 5)).error().code,
            errc::id_prefix_too_short);
  EXPECT_EQ(inspect::resolve_id(log, entity_kind::run, "zzzzzz").error().code, errc::run_not_found);
}

TEST(ids, that_begin_alike_are_told_apart_by_more_characters) {
  const auto log = log::make_memory_log();
  for (const auto* id :
       {"abcdef00-0000-4000-8000-000000000001", "abcdef11-0000-4000-8000-000000000002"}) {
    log::append_request request;
    request.stream = request.root = stream_id{entity_kind::run, id};
    request.entries.push_back({id, {}, {}, {{"run.started", 1, log::durability::synced, "x"}}});
    ASSERT_TRUE(log->append_now(std::move(request)));
  }
  const auto several = inspect::resolve_id(*log, entity_kind::run, "ABCDEF");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, errc::id_ambiguous);
  EXPECT_TRUE(inspect::resolve_id(*log, entity_kind::run, "abcdef1"));
}

TEST_F(runs, fold_to_their_state_at_any_version) {
  const auto run = started(asked());
  ended(run);
  const auto& log = runtime_->log();
  const auto early = inspect::fold_stream(log, stream_of(run), {.version = 3, .position = {}});
  ASSERT_TRUE(early) << early.error().message;
  EXPECT_EQ(early.value().at("version").to_number<int>(), 3);
  const auto last = inspect::fold_stream(log, stream_of(run));
  ASSERT_TRUE(last);
  EXPECT_NE(to_json_text(last.value()).find("completed"), std::string::npos);
  const auto records = log.read_root(stream_of(run), 0);
  ASSERT_TRUE(records);
  for (const auto& record : records.value()) {
    ASSERT_TRUE(inspect::record_json(record));
    EXPECT_TRUE(inspect::fold_stream(log, record.stream)) << record.stream.text();
  }
}

TEST(data_directories, that_can_not_be_made_are_refused_clearly) {
  const temporary_directory home;
  write_text(home / "file", "x");
  EXPECT_FALSE(data_layout::make(home / "file"));
  EXPECT_FALSE(data_layout::make(home / "file/below"));
  EXPECT_FALSE(data_layout::make(""));
  const auto made = data_layout::make(home / "a/b");
  ASSERT_TRUE(made);
  struct ::stat found {};
  ASSERT_EQ(::stat((home / "a/b").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
}

} // namespace
} // namespace ash
