#include "gateway/http/worker_pool.hpp"

#include <utility>

namespace ash::gateway {

worker_pool::worker_pool(std::size_t threads, std::size_t max_waiting) : max_waiting_{max_waiting} {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { work(); });
}

bool worker_pool::run(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || queue_.size() >= max_waiting_)
      return false;
    queue_.push_back(std::move(job));
  }
  something_.notify_one();
  return true;
}

std::size_t worker_pool::waiting() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

void worker_pool::stop() {
  std::deque<std::function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  something_.notify_all();
  for (auto& each : threads)
    each.join();
}

void worker_pool::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    something_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_)
      return;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr; // what it holds goes before the next wait
    lock.lock();
  }
}

} // namespace ash::gateway
