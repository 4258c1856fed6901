#include "actors/shells/registry.hpp"
#include "events/base/clock.hpp"

#include <gtest/gtest.h>

namespace ash::shell {
namespace {

struct box final : mailbox {
  void post(mail what) override { got.push_back(what.index()); }
  std::vector<std::size_t> got;
};

struct registry_test : testing::Test {
  std::vector<std::shared_ptr<box>> boxes;
  registry actors{[this](const stream_id&, const stream_id&) {
    boxes.push_back(std::make_shared<box>());
    return boxes.back();
  }};
  const stream_id a = stream_of_budget("a");

  bool deliver(const stream_id& to) {
    mail what{wake_mail{}};
    return actors.deliver(to, to, what);
  }
};

constexpr std::size_t rest = mail{rest_mail{}}.index();

TEST_F(registry_test, activates_one_actor_a_stream) {
  EXPECT_TRUE(deliver(a));
  EXPECT_TRUE(deliver(a));
  EXPECT_TRUE(deliver(stream_of_budget("b")));
  EXPECT_EQ(boxes.size(), 2u);
  EXPECT_EQ(actors.counts().live[static_cast<std::size_t>(entity_kind::budget)], 2u);
}

TEST_F(registry_test, keeps_an_actor_to_which_something_is_on_its_way) {
  deliver(a);
  deliver(a);
  EXPECT_FALSE(actors.retire(a, 1));
  EXPECT_TRUE(actors.retire(a, 2));
  EXPECT_EQ(actors.live(), 0u);
  deliver(a);
  EXPECT_EQ(boxes.size(), 2u);
  EXPECT_EQ(actors.counts().passivations, 1u);
}

TEST_F(registry_test, asks_the_idle_to_rest_and_the_final_ones_sooner) {
  deliver(a);
  deliver(stream_of_budget("b"));
  actors.note_final(a);
  const rest_rules rules{60'000'000, 1'000'000, 100};
  actors.sweep(monotonic_us() + 2'000'000, rules);
  EXPECT_EQ(boxes[0]->got.back(), rest);
  EXPECT_NE(boxes[1]->got.back(), rest);
  actors.sweep(monotonic_us() + 61'000'000, rules);
  EXPECT_EQ(boxes[1]->got.back(), rest);
}

TEST_F(registry_test, asks_the_longest_unused_to_rest_where_too_many_live) {
  for (int i = 0; i < 20; ++i)
    deliver(stream_of_budget("s" + std::to_string(i)));
  actors.sweep(monotonic_us(), {60'000'000, 1'000'000, 10});
  std::size_t asked = 0;
  for (const auto& each : boxes)
    asked += each->got.back() == rest ? 1 : 0;
  EXPECT_GE(asked, 11u);
  EXPECT_EQ(boxes[0]->got.back(), rest);
}

TEST_F(registry_test, delivers_nothing_once_it_is_closed) {
  deliver(a);
  actors.close();
  EXPECT_FALSE(deliver(a));
  EXPECT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0]->got.back(), mail{quit_mail{}}.index());
}

} // namespace
} // namespace ash::shell
