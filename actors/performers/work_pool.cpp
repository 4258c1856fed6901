#include "actors/performers/work_pool.hpp"

namespace ash::performers {

void work_pool::run(job what) {
  const std::lock_guard lock{mutex_};
  if (stopping_)
    return;
  queue_.push_back(std::move(what));
  if (queue_.size() > idle_ && threads_.size() < max_threads_)
    threads_.emplace_back([this] { work(); });
  else
    something_.notify_one();
}

void work_pool::work() {
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    something_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty())
      return;
    auto next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    next();
    next = nullptr;
    lock.lock();
  }
}

void work_pool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    threads.swap(threads_);
  }
  something_.notify_all();
  for (auto& thread : threads)
    thread.join();
}

} // namespace ash::performers
