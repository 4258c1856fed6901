#include "actors/performers/timer_thread.hpp"

#include "events/base/clock.hpp"

#include <chrono>

namespace ash::performers {

void timer_thread::after(std::int64_t delay_us, std::function<void()> what) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_)
      return;
    due_.emplace(monotonic_us() + delay_us, std::move(what));
  }
  changed_.notify_one();
}

void timer_thread::work() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto left = due_.begin()->first - monotonic_us();
    if (left > 0) {
      changed_.wait_for(lock, std::chrono::microseconds{left});
      continue;
    }
    auto what = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    lock.unlock();
    what();
    what = nullptr;
    lock.lock();
  }
}

void timer_thread::stop() {
  std::multimap<std::int64_t, std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    dropped.swap(due_);
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

} // namespace ash::performers
