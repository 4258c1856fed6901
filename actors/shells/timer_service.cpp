#include "actors/shells/timer_service.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ash::shell {

// The wall clock can be set: nobody sleeps longer than this on what it said.
constexpr std::int64_t longest_sleep_us = 500'000;

timer_service::timer_service(std::function<instant()> now)
    : now_(std::move(now)), thread_([this] { run(); }) {}

timer_service::~timer_service() {
  stop();
}

void timer_service::after(std::int64_t delay_us, task what) {
  std::scoped_lock lock(mutex_);
  if (stopping_)
    return;
  const auto at = waits_.emplace(monotonic_us() + delay_us, std::move(what));
  if (at == waits_.begin())
    changed_.notify_one();
}

void timer_service::at(const std::string& key, instant due, task what) {
  std::scoped_lock lock(mutex_);
  if (stopping_ || !keys_.insert(key).second)
    return;
  const auto at = timers_.emplace(due, keyed{key, std::move(what)});
  if (at == timers_.begin())
    changed_.notify_one();
}

void timer_service::stop() {
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable())
    thread_.join();
  std::scoped_lock lock(mutex_);
  waits_.clear();
  timers_.clear();
  keys_.clear();
}

std::size_t timer_service::waiting() const {
  std::scoped_lock lock(mutex_);
  return waits_.size() + timers_.size();
}

timer_service::task timer_service::take_due() {
  task what;
  if (!waits_.empty() && waits_.begin()->first <= monotonic_us()) {
    what = std::move(waits_.begin()->second);
    waits_.erase(waits_.begin());
  } else if (!timers_.empty() && timers_.begin()->first <= now_()) {
    auto& first = timers_.begin()->second;
    what = std::move(first.what);
    keys_.erase(first.key);
    timers_.erase(timers_.begin());
  }
  return what;
}

std::int64_t timer_service::wait_us() const {
  auto wait = longest_sleep_us;
  if (!waits_.empty())
    wait = std::min(wait, waits_.begin()->first - monotonic_us());
  if (!timers_.empty())
    wait = std::min(wait, timers_.begin()->first - now_());
  return std::max<std::int64_t>(wait, 0);
}

void timer_service::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (auto what = take_due()) {
      lock.unlock();
      what();
      what = nullptr;
      lock.lock();
    } else if (waits_.empty() && timers_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, std::chrono::microseconds{wait_us()});
    }
  }
}

} // namespace ash::shell
