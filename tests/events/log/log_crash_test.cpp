// A process that is killed while it appends: every acknowledged append is there afterwards.
#include "tests/events/log/log_child.hpp"
#include "tests/events/log/log_fixture.hpp"

#include <chrono>
#include <csignal>
#include <thread>
#include <unistd.h>

namespace ash::log {
namespace {

TEST(log_crash, loses_nothing_that_was_acknowledged) {
  for (const int wanted : {1, 7, 400}) {
    const scratch_directory scratch;
    auto child = start_child({"append_for_ever", scratch.path()});
    std::uint64_t last = 0;
    std::uint64_t position = 0;
    for (int i = 0; i < wanted && read(child.out, &position, sizeof position) == sizeof position;
         ++i)
      last = std::max(last, position);
    kill(child.pid, SIGKILL);
    while (read(child.out, &position, sizeof position) == sizeof position)
      last = std::max(last, position);
    EXPECT_EQ(child.wait(), -1);
    ASSERT_GE(last, static_cast<std::uint64_t>(wanted));

    const auto log = open_log_in(scratch.path());
    EXPECT_GE(log->head(), last);
    expect_sound(*log);
    const auto all = all_of(*log);
    for (const auto& each : all)
      EXPECT_EQ(each.payload, "p" + std::to_string(each.version - 1));
    const auto version = log->find_stream(a_stream("s1")).value()->version;
    EXPECT_TRUE(log->append_now(an_append(a_stream("s1"), version, "on")));
  }
}

TEST(log_crash, leaves_a_log_that_opens_wherever_its_making_was_cut_short) {
  for (int after_ms = 0; after_ms < 60; after_ms += 2) {
    const scratch_directory scratch;
    auto child = start_child({"append_for_ever", scratch.path()});
    std::this_thread::sleep_for(std::chrono::milliseconds{after_ms});
    kill(child.pid, SIGKILL);
    EXPECT_EQ(child.wait(), -1);

    const auto log = open_log_in(scratch.path());
    expect_sound(*log);
    const auto found = log->find_stream(a_stream("s1")).value();
    EXPECT_TRUE(log->append_now(an_append(a_stream("s1"), found ? found->version : 0, "on")));
  }
}

} // namespace
} // namespace ash::log
