// Whoever works off the log by passes misses nothing that was committed, and is left alone once it
// can't go on.
#include "actors/shells/log_follower.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/shells/fold.hpp"
#include "events/log/memory_log.hpp"

#include <chrono>
#include <gtest/gtest.h>

namespace ash {
namespace {

class log_following : public ::testing::Test {
protected:
  void write() {
    const std::string scope = "day:2026-11-21";
    const auto stream = stream_of_budget(scope);
    const usd cap{++written_};
    const auto done = fold::apply<budget_aggregate>(
        *log_,
        stream,
        stream,
        budget::set_cap{cap, {}, "a test", {scope, cap, {}, budget_policy::block}},
        instant{written_});
    ASSERT_TRUE(done) << done.error().message;
  }
  void begin() {
    follower_ = std::make_unique<log_follower>(*log_, [this] {
      const std::lock_guard lock{mutex_};
      ++passes_;
      seen_ = log_->head();
      changed_.notify_all();
      return goes_on_;
    });
  }
  bool sees(std::uint64_t position) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return seen_ == position; });
  }

  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  std::int64_t written_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t seen_ = 0;
  int passes_ = 0;
  bool goes_on_ = true;
  std::unique_ptr<log_follower> follower_;
};

TEST_F(log_following, sees_what_is_there_what_comes_and_what_came_last) {
  write();
  begin();
  EXPECT_TRUE(sees(1));
  write();
  EXPECT_TRUE(sees(2));
  for (auto i = 0; i < 10; ++i)
    write();
  follower_.reset();
  EXPECT_EQ(seen_, 12U);
}

TEST_F(log_following, makes_no_pass_after_one_that_failed) {
  write();
  goes_on_ = false;
  begin();
  EXPECT_TRUE(sees(1));
  write();
  follower_.reset();
  EXPECT_EQ(passes_, 1);
  EXPECT_EQ(seen_, 1U);
}

} // namespace
} // namespace ash
