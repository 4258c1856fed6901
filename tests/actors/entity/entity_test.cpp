#include "tests/actors/entity/toy.hpp"

#include <gmock/gmock.h>

namespace ash {
namespace {

using toy::command;
using toy::reserve;

struct entity_test : testing::Test {
  entity<toy::aggregate> purse{setup()};
  std::vector<std::string> asked; ///< keys that the entity looked up
  bool stored = false;            ///< what the log answers

  entity_setup setup() {
    return {toy::stream,
            toy::stream,
            std::make_shared<const key_lookup>(
                [this](const stream_id&, std::string_view key) -> result<bool> {
                  asked.emplace_back(key);
                  return stored;
                }),
            nullptr};
  }

  void give(queued_command what) { EXPECT_TRUE(purse.receive(std::move(what)).has_value()); }

  output drained() {
    auto out = purse.drain();
    EXPECT_TRUE(out.has_value());
    return std::move(out).value();
  }

  /// The append is durable.
  output durable(const output& of) {
    std::uint64_t count = 0;
    for (const auto& each : of.append->entries)
      count += each.facts.size();
    return purse.appended({of.append->expected_version + 1, count});
  }

  static std::vector<reply_token> tokens(const output& of) {
    std::vector<reply_token> all;
    for (const auto& each : of.replies)
      all.push_back(each.token);
    return all;
  }

  static std::vector<std::string> ids(const output& of) {
    std::vector<std::string> all;
    for (const auto& each : of.wanted)
      all.push_back(each.id);
    return all;
  }

  static std::string effect(std::uint64_t call) {
    return toy::effect_id(call_id{toy::number(call)});
  }
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(entity_test, vouches_for_new_keys_only_where_it_knows_them_all) {
  give(command("a", reserve(1), 1));
  EXPECT_TRUE(drained().append->keys_are_new);

  auto bounds = std::make_shared<entity_bounds>();
  bounds->recent_ids = 1;
  entity<toy::aggregate> forgetful{{toy::stream, toy::stream, nullptr, bounds}};
  ASSERT_TRUE(forgetful.receive(command("a", reserve(1), 1)));
  ASSERT_TRUE(forgetful.receive(command("b", reserve(2), 2)));
  EXPECT_FALSE(forgetful.drain().value().append->keys_are_new);
}

TEST_F(entity_test, decides_what_waits_as_one_append_with_an_entry_a_command) {
  give(command("a", reserve(1), 1));
  give(command("b", reserve(2), 2));
  const auto out = drained();
  ASSERT_TRUE(out.append);
  EXPECT_EQ(out.append->expected_version, 0u);
  EXPECT_EQ(out.append->at, instant{2});
  ASSERT_EQ(out.append->entries.size(), 2u);
  EXPECT_EQ(out.append->entries[0].key, "a");
  EXPECT_EQ(out.append->entries[1].key, "b");
  EXPECT_EQ(out.append->entries[1].correlation, "root");
  EXPECT_EQ(out.append->entries[1].causation, "cause");
}

TEST_F(entity_test, lets_neither_answer_nor_effect_out_before_the_append_is_durable) {
  give(command("a", reserve(1), 1));
  const auto out = drained();
  EXPECT_THAT(out.replies, IsEmpty());
  EXPECT_THAT(out.wanted, IsEmpty());
  const auto after = durable(out);
  EXPECT_THAT(tokens(after), ElementsAre(1u));
  EXPECT_THAT(ids(after), ElementsAre(effect(1)));
}

TEST_F(entity_test, has_one_append_in_flight_and_decides_what_came_meanwhile_together) {
  give(command("a", reserve(1), 1));
  const auto first = drained();
  give(command("b", reserve(2), 2));
  give(command("c", reserve(3), 3));
  EXPECT_FALSE(drained().append);
  durable(first);
  const auto second = drained();
  ASSERT_TRUE(second.append);
  EXPECT_EQ(second.append->expected_version, 1u);
  EXPECT_EQ(second.append->entries.size(), 2u);
}

TEST_F(entity_test, decides_each_command_on_the_state_that_those_before_it_produce) {
  give(command("a", reserve(1, 600), 1));
  give(command("b", reserve(2, 600), 2));
  give(command("c", reserve(3, 400), 3));
  const auto out = drained();
  ASSERT_EQ(out.append->entries.size(), 2u);
  const auto after = durable(out);
  ASSERT_THAT(tokens(after), ElementsAre(1u, 2u, 3u));
  EXPECT_TRUE(after.replies[0].answer.has_value());
  EXPECT_EQ(after.replies[1].answer.error().code, errc::budget_exhausted);
  EXPECT_TRUE(after.replies[2].answer.has_value());
}

TEST_F(entity_test, answers_a_refusal_at_once_where_nothing_before_it_has_to_become_durable) {
  give(command("a", reserve(1, -1), 1));
  const auto out = drained();
  EXPECT_FALSE(out.append);
  ASSERT_THAT(tokens(out), ElementsAre(1u));
  EXPECT_EQ(out.replies[0].answer.error().code, errc::argument_invalid);
}

TEST_F(entity_test, answers_a_command_without_facts_once_what_came_before_is_durable) {
  give(command("a", reserve(1), 1));
  give(command("b", budget::release{}, 2));
  const auto out = drained();
  EXPECT_EQ(out.append->entries.size(), 1u);
  EXPECT_THAT(tokens(durable(out)), ElementsAre(1u, 2u));
}

TEST_F(entity_test, refuses_a_command_of_another_kind) {
  give(command("a", run::abort{}, 1));
  EXPECT_EQ(drained().replies.at(0).answer.error().code, errc::invalid_transition);
}

TEST_F(entity_test, answers_a_repeated_command_without_deciding_it_again) {
  give(command("a", reserve(1), 1));
  durable(drained());
  give(command("a", reserve(1), 2));
  const auto out = drained();
  EXPECT_FALSE(out.append);
  ASSERT_THAT(tokens(out), ElementsAre(2u));
  EXPECT_TRUE(out.replies[0].answer.has_value());
  EXPECT_EQ(purse.version(), 1u);
}

TEST_F(entity_test, decides_a_command_once_that_comes_twice_in_one_batch) {
  give(command("a", reserve(1), 1));
  give(command("a", reserve(1), 2));
  const auto out = drained();
  EXPECT_EQ(out.append->entries.size(), 1u);
  EXPECT_THAT(tokens(durable(out)), ElementsAre(1u, 2u));
}

TEST_F(entity_test, issues_what_is_owed_again_for_a_repeated_command_but_not_what_is_in_flight) {
  give(command("a", reserve(1), 1));
  durable(drained());
  give(command("b", reserve(2), 2));
  durable(drained());
  purse.effect_done(effect(1));
  give(command("a", reserve(1), 3));
  EXPECT_THAT(ids(drained()), ElementsAre(effect(1)));
}

TEST_F(entity_test, asks_the_log_for_an_id_only_where_it_may_have_forgotten_it) {
  give(command("a", reserve(1), 1));
  durable(drained());
  give(command("b", reserve(2), 2));
  durable(drained());
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(entity_test, asks_the_log_for_an_unknown_id_after_a_snapshot) {
  purse.load_snapshot({}, 40);
  stored = true;
  give(command("a", reserve(1), 1));
  const auto out = drained();
  EXPECT_THAT(asked, ElementsAre("a"));
  EXPECT_FALSE(out.append);
  EXPECT_TRUE(out.replies.at(0).answer.has_value());
}

TEST_F(entity_test, knows_the_keys_of_the_facts_that_it_was_loaded_from) {
  ASSERT_TRUE(purse.load(toy::reserved(1), "a").has_value());
  give(command("a", reserve(1), 1));
  EXPECT_FALSE(drained().append);
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(entity_test, folds_without_effects_and_issues_what_is_owed_once_after_the_first_batch) {
  ASSERT_TRUE(purse.load(toy::reserved(1), "a").has_value());
  ASSERT_TRUE(purse.load(toy::reserved(2), "b").has_value());
  EXPECT_FALSE(drained().append);
  // What woke it settles one of the two: that one is not done a second time.
  give(command("c", budget::settle{call_id{toy::number(1)}, usd{1}}, 1));
  const auto out = drained();
  EXPECT_THAT(out.wanted, IsEmpty());
  EXPECT_THAT(ids(durable(out)), ElementsAre(effect(2)));
  give(command("d", budget::release{}, 2));
  EXPECT_THAT(drained().wanted, IsEmpty());
}

TEST_F(entity_test, issues_an_effect_of_the_first_batch_once_after_what_was_owed_before_it) {
  ASSERT_TRUE(purse.load(toy::reserved(1), "a").has_value());
  give(command("b", reserve(2), 1));
  EXPECT_THAT(ids(durable(drained())), ElementsAre(effect(1), effect(2)));
}

TEST_F(entity_test, issues_what_is_owed_without_a_command_when_it_is_woken) {
  ASSERT_TRUE(purse.load(toy::reserved(1), "a").has_value());
  purse.wake();
  EXPECT_THAT(ids(drained()), ElementsAre(effect(1)));
  EXPECT_THAT(drained().wanted, IsEmpty());
}

TEST_F(entity_test, does_not_issue_what_its_former_life_has_in_flight) {
  ASSERT_TRUE(purse.load(toy::reserved(1), "a").has_value());
  ASSERT_TRUE(purse.load(toy::reserved(2), "b").has_value());
  purse.carry_over({{effect(1), true}});
  purse.wake();
  EXPECT_THAT(ids(drained()), ElementsAre(effect(2)));
}

TEST_F(entity_test, ends_an_effect_with_the_command_that_it_comes_back_as) {
  give(command("a", reserve(1), 1));
  durable(drained());
  EXPECT_FALSE(purse.is_idle());
  give(command("answer", budget::settle{call_id{toy::number(1)}, usd{1}}, 2, effect(1)));
  const auto out = drained();
  EXPECT_EQ(purse.effects_in_flight().size(), 1u);
  durable(out);
  EXPECT_THAT(purse.effects_in_flight(), IsEmpty());
  EXPECT_TRUE(purse.is_idle());
}

TEST_F(entity_test, says_that_its_stream_is_closed_once_the_state_is_final) {
  give(command("a", reserve(1), 1));
  const auto first = drained();
  EXPECT_EQ(first.append->status, stream_after::open);
  durable(first);
  give(command("b", budget::set_cap{}, 2));
  EXPECT_EQ(drained().append->status, stream_after::closed);
}

TEST_F(entity_test, refuses_to_be_loaded_from_a_fact_of_another_kind) {
  EXPECT_EQ(purse.load(session::ended{}, "").error().code, errc::log_corrupt);
}

} // namespace
} // namespace ash
