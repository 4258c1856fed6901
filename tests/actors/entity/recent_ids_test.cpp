#include "actors/entity/recent_ids.hpp"

#include <gtest/gtest.h>
#include <string>

namespace ash {
namespace {

void remember(recent_ids& in, const std::string& id) {
  in.remember(recent_ids::digest_of(id));
}
bool contains(const recent_ids& in, const std::string& id) {
  return in.contains(recent_ids::digest_of(id));
}

} // namespace

TEST(recent_ids, forget_the_oldest_first_and_say_so) {
  // Below and above the number from which on they are indexed.
  for (const std::size_t capacity : {10U, 64U, 65U, 100U}) {
    recent_ids ids{capacity};
    for (std::size_t i = 0; i < capacity; ++i)
      remember(ids, "id " + std::to_string(i));
    EXPECT_FALSE(ids.is_partial());
    EXPECT_TRUE(contains(ids, "id 0"));
    remember(ids, "one more");
    EXPECT_TRUE(ids.is_partial());
    EXPECT_FALSE(contains(ids, "id 0"));
    EXPECT_TRUE(contains(ids, "id 1"));
    EXPECT_TRUE(contains(ids, "one more"));
  }
}

TEST(recent_ids, hold_the_newest_and_nothing_else_however_many_came) {
  constexpr std::size_t capacity = 70;
  recent_ids ids{capacity};
  for (std::size_t i = 0; i < 1'000; ++i) {
    EXPECT_FALSE(contains(ids, std::to_string(i)));
    remember(ids, std::to_string(i));
    for (std::size_t back = 0; back <= i && back < capacity + 5; ++back)
      EXPECT_EQ(contains(ids, std::to_string(i - back)), back < capacity) << i << " - " << back;
  }
}

TEST(recent_ids, without_room_remember_nothing_and_claim_nothing) {
  recent_ids ids{0};
  EXPECT_FALSE(ids.is_partial());
  remember(ids, "a");
  EXPECT_FALSE(contains(ids, "a"));
  EXPECT_TRUE(ids.is_partial());
}

} // namespace ash
