#include "tests/e2e/feed_chaos.hpp"
#include "tests/e2e/harness.hpp"

#include <gtest/gtest.h>

namespace ash::e2e {
namespace {

TEST(live_feeds, give_every_client_what_the_log_holds_whatever_is_cut_and_killed) {
  temporary_directory home;
  chaos_options how;
  how.directory = home.path();
  const auto report = run_chaos(how);
  ASSERT_EQ(report.fault, "");
  EXPECT_EQ(report.clients, how.clients);
  EXPECT_EQ(report.runs, how.runs);
  EXPECT_EQ(report.gaps, 0U);
  EXPECT_EQ(report.reorders, 0U);
  EXPECT_EQ(report.duplicates, 0U);
  EXPECT_EQ(report.strangers, 0U);
  EXPECT_EQ(report.wrong_prev, 0U);
  // Otherwise nothing was put to the test.
  EXPECT_EQ(report.kills, how.kills);
  EXPECT_GT(report.cuts, 100U);
  EXPECT_GT(report.losses, static_cast<std::uint64_t>(how.kills));
  EXPECT_GT(report.turns, 0U);
  EXPECT_GT(report.snapshots, report.turns);
}

} // namespace
} // namespace ash::e2e
