// Terms that many sessions have alike are kept once, wherever they come from.
#include "events/codec/codec.hpp"
#include "events/facts/session.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace ash::codec {
namespace {

agent_terms terms_of(std::string prompt) {
  agent_terms terms;
  terms.persona = "writer@1";
  terms.system_prompt = std::move(prompt);
  return terms;
}

/// As a session's actor gets them from the log.
interned<agent_terms> read_back(const agent_terms& terms) {
  session::created fact;
  fact.agent = terms;
  const auto stored = encode(fact);
  const auto read = decode(stored.type, stored.schema_version, stored.payload);
  return std::get<session::created>(read.value()).agent;
}

TEST(interned, equal_values_are_one) {
  const interned<agent_terms> made = terms_of("Write.");
  const auto read = read_back(terms_of("Write."));
  EXPECT_EQ(&*made, &*read);
  EXPECT_NE(&*made, &*read_back(terms_of("Read.")));
}

TEST(interned, values_that_differ_in_anything_are_two) {
  const interned<agent_terms> made = terms_of("Write.");
  auto other = made;
  other.change([](agent_terms& a) { a.tool_bounds.network = true; });
  EXPECT_NE(&*made, &*other);
  EXPECT_FALSE(made->tool_bounds.network);
  other.change([](agent_terms& a) { a.tool_bounds.network = false; });
  EXPECT_EQ(&*made, &*other);
}

TEST(interned, nothing_stands_for_the_default) {
  const interned<agent_terms> none;
  EXPECT_EQ(*none, agent_terms{});
  auto moved = interned<agent_terms>{terms_of("Write.")};
  const auto to = std::move(moved);
  EXPECT_EQ(to->system_prompt, "Write.");
}

TEST(interned, values_come_and_go_on_many_threads) {
  std::vector<std::thread> threads;
  constexpr int count = 4;
  threads.reserve(count);
  for (int each = 0; each < count; ++each)
    threads.emplace_back([] {
      for (int i = 0; i < 20'000; ++i) {
        auto terms = terms_of(std::to_string(i % 7));
        terms.max_steps = i % 5; // those of one prompt look alike at first
        const interned<agent_terms> made = terms;
        ASSERT_EQ(*made, terms);
      }
    });
  for (auto& each : threads)
    each.join();
}

} // namespace
} // namespace ash::codec
