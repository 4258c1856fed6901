// Which sessions a start wakes: those that a stop or a crash cut off, and none that just rests.
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/runtime.hpp"
#include "events/log/rocksdb_log.hpp"
#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <algorithm>
#include <thread>

namespace ash {
namespace {

using namespace test;
using namespace std::chrono_literals;

class waking : public ::testing::Test {
protected:
  waking() {
    auto layout = data_layout::make(home_ / "data");
    EXPECT_TRUE(layout);
    log::open_options where;
    where.directory = layout.value().log();
    auto opened = log::open_rocksdb_log(where);
    EXPECT_TRUE(opened);
    log_ = std::move(opened).value();
  }

  /// As the last process left it.
  template <aggregate A>
  void say(const stream_id& to, const stream_id& root, const typename A::command& what) {
    const auto done = fold::apply<A>(*log_, to, root, what, system_now());
    ASSERT_TRUE(done) << done.error().message;
  }
  void say(const session_id& to, const session::command& what) {
    say<session_aggregate>(stream_of(to), stream_of(to), what);
  }
  session_id a_session(std::uint64_t high) {
    session::create begun;
    begun.what.session = {uuid{high, random_uuid().low}};
    begun.what.agent = testing::an_agent();
    begun.what.scopes = {testing::a_scope("session:" + to_string(begun.what.session))};
    say(begun.what.session, begun);
    return begun.what.session;
  }
  /// One that works for a call of its parent, which knows nothing of it.
  session_id a_child_of(const session_id& parent) {
    tool_call::requested asked;
    asked.call = {random_uuid()};
    asked.owner = stream_of(parent);
    asked.name = delegation::tool_name;
    asked.arguments = testing::asks_for_help("Look.").arguments;
    asked.effect = effect_class::idempotent;
    asked.terms = testing::an_agent().tool_bounds;
    asked.root = stream_of(parent);
    asked.subagents = {"helper"};
    say<tool_call_aggregate>(stream_of(asked.call), stream_of(parent), tool_call::request{asked});
    const auto child = delegation::child_of(asked.call);
    auto begun = delegation::stub_of(asked, child);
    begun.agent = testing::an_agent();
    begun.task = "Look.";
    say<session_aggregate>(stream_of(child), stream_of(parent), session::create{begun});
    return child;
  }

  void start() {
    log_.reset();
    runtime_options options;
    options.data_dir = home_ / "data";
    options.started_by = "a test";
    options.crashed = after_crash::resume;
    auto opened = runtime::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    runtime_ = std::move(opened).value();
  }
  bool has(const session_id& in, std::string_view type) {
    const auto records = runtime_->log().read_stream(stream_of(in), 0);
    return records && std::any_of(records.value().begin(),
                                  records.value().end(),
                                  [&](const auto& one) { return one.type == type; });
  }
  void wait_for(const session_id& in, std::string_view type) {
    for (int i = 0; i < 3'000 && !has(in, type); ++i)
      std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(has(in, type)) << type;
  }

  temporary_directory home_;
  std::unique_ptr<log::event_log> log_;
  std::unique_ptr<runtime> runtime_;
};

TEST_F(waking, is_for_sessions_that_have_something_to_do) {
  for (std::uint64_t high = 1; high <= 5; ++high)
    a_session(high);
  const auto busy = a_session(~std::uint64_t{0}); // the last that is looked at
  say(busy, session::post{{random_uuid()}, "Hello"});
  start();
  wait_for(busy, "llm.call.started");
  EXPECT_EQ(runtime_->actors().stats().live.at(static_cast<std::size_t>(entity_kind::session)), 1U);
}

TEST_F(waking, decides_what_nobody_has_decided_while_there_was_no_server) {
  session::create begun;
  begun.what.session = {random_uuid()};
  begun.what.agent = testing::an_agent();
  begun.what.approval_limit_ms = 1;
  begun.what.on_approval_limit = run::decision_kind::approve;
  const auto session = begun.what.session;
  say(session, begun);
  say(session, session::set_plan_mode{true});
  say(session, session::set_plan_mode{false});
  start();
  wait_for(session, "approval.decided");
  const auto state = fold::newest<session_aggregate>(runtime_->log(), stream_of(session)).value();
  EXPECT_FALSE(std::get<session::active>(state).plan_mode);
}

TEST_F(waking, takes_back_a_question_whose_call_was_over_before_it_could) {
  const auto session = a_session(1);
  const auto root = stream_of(session);
  tool_call::requested asked;
  asked.call = {random_uuid()};
  asked.owner = asked.root = root;
  asked.name = "write_file";
  asked.arguments = R"({"path":"a"})";
  asked.terms = testing::an_agent().tool_bounds;
  asked.worktree = "/worktree";
  asked.review = true;
  const auto call = stream_of(asked.call);
  say<tool_call_aggregate>(call, root, tool_call::request{asked});
  run::request_approval question;
  question.what.approval = {derive(asked.call.value, "approval")};
  question.what.kind = run::approval_kind::tool;
  question.what.asker = call;
  say(session, question);
  say<tool_call_aggregate>(call, root, tool_call::cancel{"enough"});
  start();
  wait_for(session, "approval.decided");
}

TEST_F(waking, ends_children_whose_session_has_ended_or_waits_for_them_no_more) {
  const auto ended = a_session(1);
  const auto of_ended = a_child_of(ended);
  say(ended, session::end{"bye"});
  const auto of_idle = a_child_of(a_session(2));
  start();
  for (const auto& child : {of_ended, of_idle}) {
    wait_for(child, "session.ended");
    EXPECT_TRUE(has(child, "turn.stop.requested"));
    EXPECT_FALSE(has(child, "llm.call.started"));
  }
}

} // namespace
} // namespace ash
