#include "actors/shells/fold.hpp"

#include "actors/aggregates/budget.hpp"
#include "events/codec/pack.hpp"
#include "events/log/memory_log.hpp"

#include <gtest/gtest.h>

namespace ash {
namespace {

class newest : public ::testing::Test {
protected:
  newest() {
    for (const std::uint64_t n : {1, 2, 3})
      EXPECT_TRUE(fold::apply<budget_aggregate>(*log_, scope_, scope_, reservation(n), instant{1}));
  }

  budget::reserve reservation(std::uint64_t n) {
    return {{uuid{1, n}}, scope_, {5}, {"run:x", {100}, {}, budget_policy::block}};
  }
  void keep(std::string bytes) { ASSERT_TRUE(log_->save_snapshot(scope_, {2, std::move(bytes)})); }

  const stream_id scope_ = stream_of_budget("run:x");
  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
};

TEST_F(newest, goes_on_from_the_snapshot) {
  auto early = fold::up_to<budget_aggregate>(*log_, scope_, 2, {});
  ASSERT_TRUE(early);
  early.value().state.settled = {42}; // that no fact says: whoever reads them all can't know it
  keep(codec::pack(early.value().state));
  const auto found = fold::newest<budget_aggregate>(*log_, scope_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found.value().settled, usd{42});
  EXPECT_EQ(found.value().reservations.size(), 3U);
}

TEST_F(newest, reads_the_facts_where_there_is_no_snapshot_that_can_be_read) {
  for (const auto* bytes : {"", "garbage"}) {
    if (*bytes != 0)
      keep(bytes);
    const auto found = fold::newest<budget_aggregate>(*log_, scope_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found.value().reserved, usd{15});
    EXPECT_EQ(found.value().reservations.size(), 3U);
  }
}

} // namespace
} // namespace ash
