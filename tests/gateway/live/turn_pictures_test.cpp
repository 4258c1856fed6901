#include "tests/gateway/live/a_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A turn of a phase beneath a run, and clients that follow the run.
class turn_pictures_of_a_feed : public ::testing::Test {
protected:
  turn_pictures_of_a_feed() { server.log.write(a_run(1), titled("a run")); }

  std::unique_ptr<a_client> follows(const std::string& more) {
    auto out = std::make_unique<a_client>(server);
    out->says(R"({"type":"subscribe","id":"a","feed":")" + a_run(1).text() + '"' + more + '}');
    out->hears();
    return out;
  }
  std::unique_ptr<a_client> wants_snapshots() { return follows(R"(,"snapshots":true)"); }

  /// In one append, so at one time.
  void happens(const std::vector<any_fact>& facts) {
    server.log.write(a_phase(2), a_run(1), facts);
  }
  /// The log's clock goes by a millisecond a fact.
  void half_a_second_goes_by() {
    server.log.write(a_run(9), a_run(9), std::vector<any_fact>(500, titled("elsewhere")));
  }

  /// `event` and `snapshot` frames, short: what happened, or the last group's items.
  static std::string shown(const std::string& frame) {
    const auto read = must(parse_json(frame, "a frame"));
    if (read.at("type") == "event")
      return std::string{read.at("record").at("type").as_string()};
    const auto& groups = read.at("snapshot").at("turn").at("groups").as_array();
    return groups.empty() ? "[]" : to_json_text(groups.back().at("items"));
  }
  static std::vector<std::string> heard(a_client& by) {
    std::vector<std::string> out;
    for (const auto& each : by.hears())
      out.push_back(shown(each));
    return out;
  }

  static any_fact answer(std::string text) {
    turn::call_completed out;
    out.turn = a_turn(3);
    out.text = std::move(text);
    out.usage = {100, 20, 0, 0, false};
    out.cost = usd{7};
    return out;
  }

  const any_fact begins = turn::started{a_turn(3), 1, "Go"};
  const any_fact step = turn::step_started{a_turn(3), 1};
  const any_fact ends = turn::completed{a_turn(3), "Done."};
  a_server server;
};

TEST_F(turn_pictures_of_a_feed, follow_starts_and_groups_at_once_and_pieces_twice_a_second) {
  const auto client = wants_snapshots();
  happens({begins, step});
  EXPECT_THAT(heard(*client), ElementsAre("turn.started", "[]", "step.started", "[]"));
  happens({delta(a_turn(3), "Let "), delta(a_turn(3), "me")});
  EXPECT_THAT(heard(*client), ElementsAre("llm.call.delta", "llm.call.delta"));
  half_a_second_goes_by();
  happens({delta(a_turn(3), " see"), delta(a_turn(3), ".")});
  EXPECT_THAT(
      heard(*client),
      ElementsAre("llm.call.delta", R"([{"type":"text","text":"Let me see"}])", "llm.call.delta"));
}

TEST_F(turn_pictures_of_a_feed, have_what_the_stream_missed_tools_and_all_that_was_used) {
  const auto client = wants_snapshots();
  turn::tool_called called;
  called.turn = a_turn(3);
  called.tool_call = {an_id(5)};
  called.request.name = "grep";
  turn::tool_answered answered;
  answered.turn = a_turn(3);
  answered.tool_call = {an_id(5)};
  answered.answer = turn::tool_answer::failed;
  answered.code = "tool_failed";
  happens({begins, step, answer("Let me see."), called, answered});
  const auto tool = R"({"type":"tool","tool_call":")" + to_string(an_id(5)) + R"(","name":"grep",)";
  EXPECT_THAT(
      heard(*client),
      ElementsAre("turn.started",
                  "[]",
                  "step.started",
                  "[]",
                  "llm.call.completed",
                  R"([{"type":"text","text":"Let me see."}])",
                  "step.tool.called",
                  R"([{"type":"text","text":"Let me see."},)" + tool + R"("status":"running"}])",
                  "step.tool.answered",
                  R"([{"type":"text","text":"Let me see."},)" + tool +
                      R"("status":"failed","code":"tool_failed"}])"));
  happens({turn::step_started{a_turn(3), 2}, answer("Done.")});
  const auto last = client->hears().back();
  EXPECT_THAT(last, HasSubstr(R"("usage":{"input":200,"output":40,)"));
  EXPECT_THAT(last, HasSubstr(R"("status":"running")"));
}

TEST_F(turn_pictures_of_a_feed, drop_what_an_attempt_that_failed_had_said) {
  const auto client = wants_snapshots();
  turn::call_failed failed;
  failed.turn = a_turn(3);
  failed.code = "provider_unavailable";
  failed.message = "gone";
  failed.partial_text = "Let";
  turn::call_requested again;
  again.turn = a_turn(3);
  happens({begins, step, delta(a_turn(3), "Let me"), failed, again});
  EXPECT_THAT(heard(*client).at(6),
              R"([{"type":"text","text":"Let"},)"
              R"({"type":"error","code":"provider_unavailable","message":"gone"}])");
  half_a_second_goes_by();
  happens({delta(a_turn(3), "Now")});
  EXPECT_EQ(heard(*client).back(), R"([{"type":"text","text":"Now"}])");
}

TEST_F(turn_pictures_of_a_feed, stand_before_the_end_which_a_client_that_is_cut_there_still_gets) {
  const auto client = wants_snapshots();
  happens({begins, step});
  client->hears();
  happens({ends});
  const auto last = client->hears();
  ASSERT_EQ(last.size(), 2U);
  EXPECT_THAT(last[0], HasSubstr(R"("type":"snapshot","id":"a","position":3,)"));
  EXPECT_EQ(shown(last[1]), "turn.completed");
  const auto cursor = std::string{must(parse_json(last[0], "a frame")).at("cursor").as_string()};
  const auto resumed = std::make_unique<a_client>(server);
  resumed->says(R"({"type":"subscribe","id":"a","feed":"all","after":")" + cursor + R"("})");
  EXPECT_THAT(resumed->hears(), Contains(HasSubstr("turn.completed")));
}

TEST_F(turn_pictures_of_a_feed, tell_where_a_client_is_that_leaves_between_the_two) {
  const auto client = wants_snapshots();
  happens({begins, step});
  client->hears();
  happens({ends});
  server.settle();
  EXPECT_THAT(text_of(*client->connection().next()), HasSubstr(R"("type":"snapshot")"));
  client->connection().shut_down("enough");
  const auto closed = text_of(*client->connection().next());
  EXPECT_THAT(closed, HasSubstr(R"("type":"closed","id":"a","position":3,)"));
}

TEST_F(turn_pictures_of_a_feed, share_their_bytes) {
  const auto first = wants_snapshots();
  const auto second = wants_snapshots();
  happens({begins});
  server.settle();
  const auto made = [](a_client& by) {
    by.connection().next();
    return by.connection().next()->shared;
  };
  const auto bytes = made(*first);
  ASSERT_NE(bytes, nullptr);
  EXPECT_EQ(bytes, made(*second));
}

TEST_F(turn_pictures_of_a_feed, are_whole_for_a_client_that_comes_in_the_middle) {
  happens({titled("Plan"), begins, step, delta(a_turn(3), "Let ")});
  for (int i = 0; i < 600; ++i)
    happens({delta(a_turn(3), "go")});
  const auto client = follows(R"(,"snapshots":true,"after":"now")");
  half_a_second_goes_by();
  happens({delta(a_turn(3), "!")});
  const auto all = heard(*client);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[1], HasSubstr("Let gogo"));
  EXPECT_THAT(all[1], HasSubstr("go!"));
}

TEST_F(turn_pictures_of_a_feed, are_for_who_asks_has_credit_and_keeps_up) {
  const auto plain = follows("");
  const auto poor = follows(R"(,"snapshots":true,"credit":4)");
  happens({begins, step});
  EXPECT_THAT(heard(*plain), ElementsAre("turn.started", "step.started"));
  EXPECT_THAT(heard(*poor), ElementsAre("turn.started", "[]", "step.started"));
  const auto late = std::make_unique<a_client>(server);
  late->hears();
  late->says(R"({"type":"subscribe","id":"a","feed":"all","snapshots":true})");
  EXPECT_THAT(late->hears(), Each(Not(HasSubstr(R"("type":"snapshot")"))));
}

} // namespace
} // namespace ash::gateway
