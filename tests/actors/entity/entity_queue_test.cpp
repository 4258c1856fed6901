#include "actors/entity/make_entity.hpp"
#include "tests/actors/entity/toy.hpp"

#include <gmock/gmock.h>

namespace ash {
namespace {

using toy::command;
using toy::reserve;

entity<toy::aggregate> bounded(entity_bounds bounds) {
  return entity<toy::aggregate>{
      {toy::stream, toy::stream, {}, std::make_shared<const entity_bounds>(bounds)}};
}

entity_bounds of(std::size_t queued, std::size_t bytes = 1'000'000, std::size_t batch = 100) {
  entity_bounds bounds;
  bounds.queued = queued;
  bounds.queued_bytes = bytes;
  bounds.batch = batch;
  return bounds;
}

} // namespace

TEST(entity_queue, refuses_what_is_beyond_its_bound_of_commands) {
  auto purse = bounded(of(2));
  EXPECT_TRUE(purse.receive(command("a", reserve(1), 1)).has_value());
  EXPECT_TRUE(purse.receive(command("b", reserve(2), 2)).has_value());
  EXPECT_EQ(purse.receive(command("c", reserve(3), 3)).error().code, errc::queue_full);
}

TEST(entity_queue, refuses_what_is_beyond_its_bound_of_bytes_but_never_a_lone_command) {
  auto purse = bounded(of(100, 1'000));
  const session::post large{{}, std::string(5'000, 'x')};
  EXPECT_TRUE(purse.receive(command("a", large, 1)).has_value());
  EXPECT_EQ(purse.receive(command("b", large, 2)).error().code, errc::queue_full);
}

TEST(entity_queue, has_room_again_once_its_commands_are_decided) {
  auto purse = bounded(of(1));
  EXPECT_TRUE(purse.receive(command("a", reserve(1), 1)).has_value());
  ASSERT_TRUE(purse.drain().has_value());
  EXPECT_TRUE(purse.receive(command("b", reserve(2), 2)).has_value());
}

TEST(entity_queue, refuses_an_id_that_the_log_could_not_keep) {
  auto purse = bounded(of(1));
  EXPECT_EQ(purse.receive(command(std::string(201, 'x'), reserve(1), 1)).error().code,
            errc::argument_invalid);
}

TEST(entity_queue, splits_what_is_too_much_for_one_append_and_keeps_the_order) {
  auto purse = bounded(of(100, 1'000'000, 2));
  for (std::uint64_t i = 1; i <= 3; ++i)
    ASSERT_TRUE(purse.receive(command("id" + std::to_string(i), reserve(i), i)).has_value());
  const auto first = purse.drain();
  ASSERT_EQ(first.value().append->entries.size(), 2u);
  purse.appended({1, 2});
  const auto second = purse.drain();
  ASSERT_EQ(second.value().append->entries.size(), 1u);
  EXPECT_EQ(second.value().append->entries[0].key, "id3");
}

TEST(entity_queue, gives_back_what_was_not_answered_in_order_after_a_fault) {
  auto purse = bounded(of(100));
  ASSERT_TRUE(purse.receive(command("a", reserve(1), 1)).has_value());
  ASSERT_TRUE(purse.drain().has_value());
  ASSERT_TRUE(purse.receive(command("b", reserve(2), 2)).has_value());
  const auto back = purse.take_unanswered();
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].command.id, "a");
  EXPECT_EQ(back[1].command.id, "b");
}

TEST(entity_queue, asks_for_a_snapshot_every_so_many_facts) {
  entity_bounds bounds;
  bounds.snapshot_every = 3;
  auto purse = bounded(bounds);
  std::vector<bool> due;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    ASSERT_TRUE(purse.receive(command("id" + std::to_string(i), reserve(i), i)).has_value());
    ASSERT_TRUE(purse.drain().has_value());
    due.push_back(purse.appended({i, 1}).snapshot_due);
  }
  EXPECT_THAT(due, testing::ElementsAre(false, false, true, false, false, true));
}

TEST(entity_queue, rests_while_a_timer_runs_but_not_while_an_effect_does) {
  auto purse = bounded(of(1));
  purse.carry_over({{"timer", false}});
  EXPECT_TRUE(purse.is_idle());
  purse.carry_over({{"call", true}});
  EXPECT_FALSE(purse.is_idle());
}

TEST(make_entity, gives_every_aggregate_its_entity_and_the_logs_own_stream_none) {
  for (const auto kind : {entity_kind::session,
                          entity_kind::run,
                          entity_kind::phase,
                          entity_kind::tool_call,
                          entity_kind::budget}) {
    const stream_id stream{kind, "x"};
    const auto made = make_entity({stream, stream, {}, nullptr});
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made.value()->kind(), kind);
  }
  const stream_id own{entity_kind::log, "main"};
  EXPECT_EQ(make_entity({own, own, {}, nullptr}).error().code, errc::argument_invalid);
}

} // namespace ash
