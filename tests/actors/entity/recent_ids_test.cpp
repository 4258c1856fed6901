#include "actors/entity/recent_ids.hpp"

#include <gtest/gtest.h>
#include <string>

namespace ash {

TEST(recent_ids, forget_the_oldest_first_and_say_so) {
  recent_ids ids{100};
  for (int i = 0; i < 100; ++i)
    ids.remember("id " + std::to_string(i));
  EXPECT_FALSE(ids.is_partial());
  EXPECT_TRUE(ids.contains("id 0"));
  ids.remember("one more");
  EXPECT_TRUE(ids.is_partial());
  EXPECT_FALSE(ids.contains("id 0"));
  EXPECT_TRUE(ids.contains("id 1"));
  EXPECT_TRUE(ids.contains("one more"));
}

TEST(recent_ids, without_room_remember_nothing_and_claim_nothing) {
  recent_ids ids{0};
  EXPECT_FALSE(ids.is_partial());
  ids.remember("a");
  EXPECT_FALSE(ids.contains("a"));
  EXPECT_TRUE(ids.is_partial());
}

} // namespace ash
