// Threads that work off jobs in order, for effects that block: tools, git, files. Threads are made
// when there is more to do than idle threads, up to a bound, and live until `stop`. It knows
// nothing of effects.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ash::performers {

/// Thread-safe. Jobs must not throw.
class work_pool {
public:
  using job = std::function<void()>;

  explicit work_pool(std::size_t max_threads) : max_threads_{max_threads} {}
  ~work_pool() { stop(); }
  work_pool(const work_pool&) = delete;
  work_pool& operator=(const work_pool&) = delete;

  /// Queues a job; after `stop` it is dropped.
  void run(job what);
  /// Works off what is queued and waits until every thread has ended. Never from a job.
  void stop();

private:
  void work();

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::deque<job> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

} // namespace ash::performers
