// The hooks that are told of what has happened: once, from where the last process stopped, and not
// of what was before anybody watched.
#include "actors/shells/hook_watch.hpp"

#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/shells/fold.hpp"
#include "events/base/json.hpp"
#include "events/codec/codec.hpp"
#include "events/codec/pack.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <sstream>
#include <thread>

namespace ash {
namespace {

using namespace test;

class hooks_watching : public ::testing::Test {
protected:
  struct kept {
    stream_id root;
    std::string id;
    run::hooks_ran what;
  };

  void open(hook_event on, std::string more = "true") {
    hook_watch::parts with;
    with.log = log_.get();
    with.rules = {{on, {}, "cat >> '" + (home_ / "told") + "'; " + std::move(more), 20'000}};
    with.cursor_file = home_ / "hooks.position";
    with.scrub = std::make_shared<const live_scrubber>();
    with.record = [this](const stream_id& root, const std::string& id, run::hooks_ran what) {
      const std::lock_guard lock{mutex_};
      recorded_.push_back({root, id, std::move(what)});
      return record_;
    };
    auto opened = hook_watch::open(std::move(with));
    ASSERT_TRUE(opened) << opened.error().message;
    watch_ = std::move(opened).value();
  }
  void drain() { watch_->stop(hook_watch::ending::drain); }

  void tell(const run_id& run, const run::command& what) {
    const auto stream = stream_of(run);
    const auto done = fold::apply<run_aggregate>(*log_, stream, stream, what, system_now());
    ASSERT_TRUE(done) << done.error().message;
  }
  run_id a_run() {
    const run_id id{random_uuid()};
    run::start begun;
    begun.what.run = id;
    begun.what.workflow = "w@1";
    begun.what.repo_path = home_.path();
    begun.what.phases = {{"spec", "writer", "out", false}};
    begun.bindings = {{"writer", "w@1", "", "{}", ""}};
    tell(id, begun);
    return id;
  }
  run_id a_run_that_ended() {
    const auto id = a_run();
    tell(id, run::abort{"enough", "ann"});
    tell(id, run::report_ready{{"r.json", "r.md", "branch", "c0ffee", {}}, "aborted"});
    return id;
  }

  [[nodiscard]] std::vector<json::object> told() const {
    std::vector<json::object> out;
    std::istringstream in{std::filesystem::exists(home_ / "told") ? read_text(home_ / "told")
                                                                  : std::string{}};
    for (std::string line; std::getline(in, line);) {
      auto parsed = parse_json(line, "told");
      EXPECT_TRUE(parsed && parsed.value().is_object()) << line;
      if (parsed && parsed.value().is_object())
        out.push_back(parsed.value().get_object());
    }
    return out;
  }
  [[nodiscard]] std::vector<kept> recorded() const {
    const std::lock_guard lock{mutex_};
    return recorded_;
  }

  [[nodiscard]] std::uint64_t position_on_disk() const {
    const auto parsed = parse_json(read_text(home_ / "hooks.position"), "hooks.position");
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? parsed.value().at("position").to_number<std::uint64_t>() : 0;
  }
  void log_what_no_hook_is_for(std::size_t count) {
    const auto fact = codec::encode(run::hook_ran{});
    log::entry all{"", "", "", {}};
    for (std::size_t i = 0; i < count; ++i)
      all.facts.push_back(
          {std::string{fact.type}, fact.schema_version, log::durability::synced, fact.payload});
    const auto stream = stream_of(run_id{random_uuid()});
    ASSERT_TRUE(log_->append_now({stream, stream, 0, instant{1}, {all}, {}}));
  }

  temporary_directory home_;
  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  std::unique_ptr<hook_watch> watch_;
  mutable std::mutex mutex_;
  std::vector<kept> recorded_;
  result<void> record_ = success();
};

TEST_F(hooks_watching, are_told_of_what_happens_from_now_on_and_their_deeds_are_kept) {
  a_run_that_ended();
  open(hook_event::run_end);
  const auto run = a_run_that_ended();
  drain();
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told()[0].at("run"), json::string{to_string(run)});
  EXPECT_EQ(told()[0].at("outcome"), "aborted");
  EXPECT_EQ(told()[0].at("message"), "enough");
  EXPECT_EQ(told()[0].at("report"), "r.md");
  ASSERT_EQ(recorded().size(), 1U);
  EXPECT_EQ(recorded()[0].root, stream_of(run));
  EXPECT_EQ(recorded()[0].what.on, hook_event::run_end);
  EXPECT_EQ(told()[0].at("id"), json::string{recorded()[0].id});
}

TEST_F(hooks_watching, take_up_where_the_last_process_stopped) {
  open(hook_event::run_end);
  a_run_that_ended();
  drain();
  const auto second = a_run_that_ended(); // while nobody watches, but somebody will
  open(hook_event::run_end);
  drain();
  open(hook_event::run_end);
  drain();
  ASSERT_EQ(told().size(), 2U);
  EXPECT_EQ(told()[1].at("run"), json::string{to_string(second)});
}

TEST_F(hooks_watching, read_nothing_again_after_a_stop) {
  open(hook_event::run_end);
  log_what_no_hook_is_for(1'000);
  drain();
  EXPECT_EQ(position_on_disk(), log_->head());
}

TEST_F(hooks_watching, read_little_again_after_a_crash) {
  open(hook_event::run_end);
  log_what_no_hook_is_for(10'050);
  while (position_on_disk() < 10'000)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_LT(position_on_disk(), 10'050U) << "it is not written for each fact";
}

TEST_F(hooks_watching, forget_what_happens_once_nobody_wants_to_be_told) {
  open(hook_event::run_end);
  drain();
  hook_watch::forget(home_ / "hooks.position");
  a_run_that_ended();
  open(hook_event::run_end);
  drain();
  EXPECT_TRUE(told().empty());
}

TEST_F(hooks_watching, begin_anew_with_another_log) {
  open(hook_event::run_end);
  a_run_that_ended();
  drain();
  watch_.reset();
  log_ = log::make_memory_log();
  a_run_that_ended();
  a_run_that_ended();
  open(hook_event::run_end);
  drain();
  EXPECT_EQ(told().size(), 1U) << "of the first log's run alone";
}

TEST_F(hooks_watching, are_told_again_where_a_stop_cut_them) {
  open(hook_event::run_end, "touch '" + (home_ / "begun") + "'; sleep 1000");
  a_run_that_ended();
  while (!std::filesystem::exists(home_ / "begun"))
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  watch_->stop(hook_watch::ending::leave);
  EXPECT_TRUE(recorded().empty());
  open(hook_event::run_end);
  drain();
  ASSERT_EQ(told().size(), 2U);
  EXPECT_EQ(told()[0].at("id"), told()[1].at("id"));
  EXPECT_EQ(recorded().size(), 1U);
}

TEST_F(hooks_watching, are_told_of_approvals_that_somebody_still_has_to_decide) {
  open(hook_event::approval_requested);
  const auto run = a_run();
  run::approval_requested what;
  what.approval = {random_uuid()};
  what.subject = "out/spec.json";
  what.question = "Is it?";
  tell(run, run::request_approval{what});
  drain();
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told()[0].at("approval").at("kind"), "artifact");
  EXPECT_EQ(told()[0].at("approval").at("subject"), "out/spec.json");
  EXPECT_EQ(told()[0].at("directory"), json::string{home_.path()});
  what.approval = {random_uuid()};
  tell(run, run::request_approval{what});
  tell(run, run::decide_approval{what.approval, run::decision_kind::approve, "ann", ""});
  open(hook_event::approval_requested);
  drain();
  EXPECT_EQ(told().size(), 1U) << "it is decided already";
}

TEST_F(hooks_watching, are_told_of_no_question_of_a_session_that_has_ended) {
  open(hook_event::approval_requested);
  drain();
  session::create begun;
  begun.what.session = {random_uuid()};
  const auto stream = stream_of(begun.what.session);
  run::approval_requested what;
  what.approval = {random_uuid()};
  what.question = "May it?";
  for (const session::command& each : {session::command{begun},
                                       session::command{run::request_approval{what, 0}},
                                       session::command{session::end{"bye"}}})
    ASSERT_TRUE(fold::apply<session_aggregate>(*log_, stream, stream, each, system_now()));
  open(hook_event::approval_requested);
  drain();
  EXPECT_TRUE(told().empty());
}

TEST_F(hooks_watching, look_no_further_back_than_the_newest_snapshot) {
  open(hook_event::run_end);
  const auto run = a_run_that_ended();
  drain();
  ASSERT_EQ(told().size(), 1U);
  auto state = fold::whole<run_aggregate>(*log_, stream_of(run));
  ASSERT_TRUE(state);
  auto& live = std::get<run::live>(state.value().state);
  live.message = "as no fact says it"; // whoever reads them all can't know it
  const auto head = log_->find_stream(stream_of(run));
  ASSERT_TRUE(head && head.value());
  ASSERT_TRUE(log_->save_snapshot(stream_of(run),
                                  {head.value()->version, codec::pack(state.value().state)}));
  const auto report = codec::encode(run::report_composed{});
  log::entry again{"", "", "", {}};
  again.facts.push_back(
      {std::string{report.type}, report.schema_version, log::durability::synced, report.payload});
  ASSERT_TRUE(log_->append_now(
      {stream_of(run), stream_of(run), head.value()->version, instant{1}, {again}, {}}));
  open(hook_event::run_end);
  drain();
  ASSERT_EQ(told().size(), 2U);
  EXPECT_EQ(told()[1].at("message"), "as no fact says it");
}

TEST_F(hooks_watching, go_on_where_what_they_did_can_not_be_recorded) {
  record_ = refuse(errc::entity_broken, "the run is broken");
  open(hook_event::run_end);
  a_run_that_ended();
  a_run_that_ended();
  drain();
  EXPECT_EQ(told().size(), 2U);
}

TEST_F(hooks_watching, go_on_beside_a_history_that_can_not_be_read) {
  open(hook_event::run_end);
  const run_id damaged{random_uuid()};
  const auto stream = stream_of(damaged);
  const auto report = codec::encode(run::report_composed{});
  const auto synced = log::durability::synced;
  log::entry bad{"", "", "", {{"run.started", 1, synced, "garbage"}}};
  bad.facts.push_back({std::string{report.type}, report.schema_version, synced, report.payload});
  bad.facts.push_back({std::string{report.type}, report.schema_version, synced, "garbage"});
  ASSERT_TRUE(log_->append_now({stream, stream, 0, instant{1}, {bad}, {}}));
  const auto good = a_run_that_ended();
  drain();
  ASSERT_EQ(told().size(), 2U);
  EXPECT_EQ(told()[0].at("run"), json::string{to_string(damaged)});
  EXPECT_FALSE(told()[0].contains("outcome"));
  EXPECT_EQ(told()[1].at("run"), json::string{to_string(good)});
  EXPECT_EQ(told()[1].at("outcome"), "aborted");
}

TEST_F(hooks_watching, are_those_of_three_events) {
  const auto wants = [](hook_event on) { return hook_watch::wants({{on, {}, "true", 1'000}}); };
  for (const auto on :
       {hook_event::run_end, hook_event::approval_requested, hook_event::budget_warned})
    EXPECT_TRUE(wants(on));
  for (const auto on :
       {hook_event::pre_tool, hook_event::post_tool, hook_event::run_start, hook_event::phase_end})
    EXPECT_FALSE(wants(on));
}

} // namespace
} // namespace ash
