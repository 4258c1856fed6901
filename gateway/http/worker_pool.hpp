// The threads that answer requests which may block, behind a queue that is bounded: what does not
// fit is refused at once instead of being answered too late.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ash::gateway {

/// Thread-safe. Jobs must not throw.
class worker_pool {
public:
  worker_pool(std::size_t threads, std::size_t max_waiting);
  ~worker_pool() { stop(); }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// False, and nothing is kept, where the queue is full or the pool has stopped.
  bool run(std::function<void()> job);
  [[nodiscard]] std::size_t waiting() const;
  /// Drops what waits and waits for what runs. Never from a job.
  void stop();

private:
  void work();

  const std::size_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

} // namespace ash::gateway
