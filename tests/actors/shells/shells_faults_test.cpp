#include "tests/actors/shells/fixture.hpp"

#include <algorithm>

namespace ash {

using namespace shells_testing;

struct shells_faults : shells_fixture {
  void append_from_outside() {
    auto at = log.find_stream(scope).value()->version;
    log::append_request what;
    what.stream = what.root = scope;
    what.expected_version = at;
    // A copy of a fact that is there: any fact moves the version on.
    const auto last = log.read_stream(scope, at - 1, {}).value().at(0);
    what.entries.push_back(
        {"from outside",
         "",
         "",
         {{last.type, last.schema_version, log::durability::synced, last.payload}}});
    ASSERT_TRUE(log.append_now(std::move(what)).has_value());
  }
};

TEST_F(shells_faults, load_the_entity_again_on_a_conflict_and_then_do_what_was_asked) {
  start();
  ASSERT_TRUE(tell(reserve(1)).has_value());
  append_from_outside();
  EXPECT_TRUE(tell(reserve(2)).has_value());
  EXPECT_EQ(system->stats().crashes, 1u);
  EXPECT_TRUE(system->broken().empty());
}

TEST_F(shells_faults, break_an_entity_after_five_crashes_and_tell_its_last_error) {
  std::atomic<int> heard{0};
  options.on_broken = [&](const stream_id& which, const error& why) {
    EXPECT_EQ(which, scope);
    EXPECT_EQ(why.code, errc::log_corrupt);
    ++heard;
  };
  start();
  ASSERT_TRUE(tell(reserve(1)).has_value());
  log.fail_appends({refuse(errc::version_conflict, "for a test")});
  log.damaged = true;
  const auto answer = tell(reserve(2));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, errc::entity_broken);
  EXPECT_EQ(system->stats().crashes, 5u);
  EXPECT_EQ(heard.load(), 1);
  ASSERT_EQ(system->broken().size(), 1u);
  EXPECT_EQ(system->broken()[0].stream, scope);
  EXPECT_EQ(tell(reserve(3)).error().code, errc::entity_broken);
  const auto other = stream_of_budget("other");
  EXPECT_TRUE(system->tell_and_wait(other, other, reserve(3)).has_value());
}

TEST_F(shells_faults, wait_and_append_again_where_the_log_is_busy) {
  start();
  const auto busy = refuse(errc::queue_full, "for a test");
  log.fail_appends({busy, busy, busy});
  EXPECT_TRUE(tell(reserve(1)).has_value());
  EXPECT_EQ(system->stats().crashes, 0u);
  EXPECT_EQ(log.appends.load(), 4);
}

TEST_F(shells_faults, take_a_question_back_only_once_it_is_there) {
  start();
  const session_id session{random_uuid()};
  const auto root = stream_of(session);
  const auto command = [&](const char* id, any_command what) {
    return command_envelope{id, root.text(), "", instant{1}, std::move(what)};
  };
  session::create begun;
  begun.what.session = session;
  begun.what.agent.change([](auto& a) { a.models = {{"scripted:none", {}, {}, {}, true}}; });
  ASSERT_TRUE(system->tell_and_wait(root, root, command("create", std::move(begun))).has_value());
  tool_call::request asked;
  asked.what.call = {random_uuid()};
  asked.what.owner = asked.what.root = root;
  asked.what.name = "run_command";
  asked.what.arguments = R"({"command":"ls"})";
  asked.what.worktree = "/worktree";
  asked.what.terms.permissions = {{permission_verdict::ask, "run_command", {}, {}, "a test"}};
  const auto tool = stream_of(asked.what.call);
  log.hold();
  answers replies;
  system->tell(tool, root, command("ask", std::move(asked)), replies.one());
  ASSERT_TRUE(eventually([&] { return log.appends.load() == 2; }));
  log.fail_appends({refuse(errc::storage_full, "for a test")}); // the question comes a bit later
  log.release();
  ASSERT_TRUE(eventually([&] { return log.appends.load() >= 3; }));
  ASSERT_TRUE(
      system->tell_and_wait(tool, root, command("stop", tool_call::cancel{"enough"})).has_value());
  EXPECT_TRUE(eventually([&] {
    const auto records = log.read_stream(root, 0, {});
    return records && std::any_of(records.value().begin(), records.value().end(), [](auto& each) {
             return each.type == run::approval_decided::type;
           });
  })) << "the question stands open, and nobody waits for the answer";
}

TEST_F(shells_faults, lose_no_cancel_that_overtakes_its_request) {
  start();
  const session_id session{random_uuid()};
  const auto root = stream_of(session);
  const auto told = [&](any_command what) {
    const command_envelope command{"", root.text(), "", instant{1}, std::move(what)};
    return system->tell_and_wait(root, root, command).has_value();
  };
  session::create begun;
  begun.what.session = session;
  begun.what.agent.change([](agent_terms& a) {
    a.models = {{"scripted:none", {}, {}, {}, true}};
    a.tools = {{"read_file", "reads", "{}", effect_class::read}};
  });
  const call_id call{derive(session.value, "call:1")};
  const auto tool = stream_of(tool_call_id{derive(call.value, "tool:0")});
  turn::model_answered asks;
  asks.call = call;
  asks.tool_calls = {{"t", "read_file", R"({"path":"a"})"}};
  ASSERT_TRUE(told(begun) && told(session::post{{random_uuid()}, "read it"}));
  ASSERT_TRUE(told(turn::budget_reserved{call}) && told(asks));
  const auto before = log.appends.load();
  log.hold();
  answers replies;
  system->tell(
      root, root, {"", root.text(), "", instant{1}, turn::budget_settled{call}}, replies.one());
  ASSERT_TRUE(eventually([&] { return log.appends.load() == before + 1; }));
  log.fail_appends({refuse(errc::storage_full, "for a test")}); // the request comes a bit later
  log.release();
  ASSERT_TRUE(eventually([&] { return log.appends.load() >= before + 2; }));
  ASSERT_TRUE(told(turn::stop{{}, "enough"}));
  const auto has = [&](const stream_id& stream, std::string_view type) {
    const auto records = log.read_stream(stream, 0, {});
    return records && std::any_of(records.value().begin(), records.value().end(), [&](auto& each) {
             return each.type == type;
           });
  };
  EXPECT_TRUE(eventually([&] {
    // On a slow machine the request was first: then what runs has to answer.
    tool_call::finish stopped;
    stopped.failed = true;
    stopped.code = to_string(errc::cancelled);
    if (has(tool, tool_call::cancel_requested::type))
      system->tell(tool, root, {"", root.text(), "", instant{1}, stopped}, [](const auto&) {});
    return has(root, turn::interrupted::type);
  })) << "the call runs though its turn was stopped";
  EXPECT_TRUE(has(tool, tool_call::cancelled::type));
}

TEST_F(shells_faults, answer_that_the_disk_is_full_and_go_on_once_it_is_not) {
  start();
  log.fail_appends({refuse(errc::storage_full, "for a test")});
  EXPECT_EQ(tell(reserve(1)).error().code, errc::storage_full);
  EXPECT_TRUE(tell(reserve(1)).has_value());
  EXPECT_EQ(system->stats().crashes, 0u);
}

TEST_F(shells_faults, tell_that_the_log_has_failed_and_blame_no_entity) {
  std::atomic<int> heard{0};
  options.on_log_failed = [&](const error&) { ++heard; };
  start();
  log.fail_appends({refuse(errc::log_failed, "for a test")});
  EXPECT_EQ(tell(reserve(1)).error().code, errc::log_failed);
  EXPECT_TRUE(eventually([&] { return heard.load() == 1; }));
  EXPECT_EQ(system->stats().crashes, 0u);
}

TEST_F(shells_faults, give_what_waited_through_a_crash_to_the_entity_that_follows) {
  start();
  ASSERT_TRUE(tell(reserve(0)).has_value());
  log.fail_appends({refuse(errc::version_conflict, "a"), refuse(errc::version_conflict, "b")});
  answers all;
  for (std::uint64_t i = 1; i <= 50; ++i)
    system->tell(scope, scope, reserve(i), all.one());
  ASSERT_TRUE(all.wait_for(50));
  EXPECT_EQ(all.good(), 50);
  EXPECT_EQ(log.find_stream(scope).value()->version, 52u);
}

} // namespace ash
