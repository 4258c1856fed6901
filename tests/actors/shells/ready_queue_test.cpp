#include "actors/shells/ready_queue.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace ash::shell {
namespace {

/// Only its address matters.
struct dummy {
  std::atomic<int> taken{0};
};
using dummies = ready_queue<dummy*>;

/// Threads that take jobs until each has got the last one, which is put in again for the others.
class takers {
public:
  takers(dummies& from, dummy& last, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      threads_.emplace_back([&from, &last] {
        for (auto* next = from.take(); next != &last; next = from.take())
          ++next->taken;
        from.put(&last);
      });
  }
  void join() {
    for (auto& each : threads_)
      each.join();
  }

private:
  std::vector<std::thread> threads_;
};

TEST(ready_queue, gives_jobs_in_the_order_in_which_they_were_put) {
  dummies queue;
  std::vector<dummy> jobs(3);
  for (auto& each : jobs)
    queue.put(&each);
  for (auto& each : jobs)
    EXPECT_EQ(queue.take(), &each);
}

TEST(ready_queue, gives_every_job_to_one_of_the_threads_that_wait) {
  dummies queue;
  dummy last;
  std::vector<dummy> jobs(20'000);
  takers all{queue, last, 4};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    queue.put(&jobs[i]);
    // Now and then everybody has gone to sleep.
    if (i % 2'000 == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  queue.put(&last);
  all.join();
  for (const auto& each : jobs)
    EXPECT_EQ(each.taken, 1);
}

TEST(ready_queue, is_woken_for_a_job_that_another_job_puts) {
  dummies queue;
  dummy last;
  std::vector<dummy> jobs(5'000);
  takers all{queue, last, 3};
  std::thread one{[&] {
    for (std::size_t i = 0; i < jobs.size(); i += 2)
      queue.put(&jobs[i]);
  }};
  std::thread other{[&] {
    for (std::size_t i = 1; i < jobs.size(); i += 2)
      queue.put(&jobs[i]);
  }};
  one.join();
  other.join();
  queue.put(&last);
  all.join();
  for (const auto& each : jobs)
    EXPECT_EQ(each.taken, 1);
}

TEST(ready_queue, gives_what_is_left_to_whoever_ends_it) {
  dummies queue;
  std::vector<dummy> jobs(2);
  for (auto& each : jobs)
    queue.put(&each);
  std::vector<dummy*> left;
  queue.drain([&](dummy* job) { left.push_back(job); });
  EXPECT_EQ(left, (std::vector<dummy*>{&jobs[0], &jobs[1]}));
}

} // namespace
} // namespace ash::shell
