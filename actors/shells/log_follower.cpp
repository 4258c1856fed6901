#include "actors/shells/log_follower.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

namespace ash {
namespace {

constexpr auto pause_between_passes = std::chrono::milliseconds{100};

} // namespace

log_follower::log_follower(log::event_log& log, pass work) : pass_{std::move(work)} {
  commits_ = log.on_commit([this](std::uint64_t) {
    const std::lock_guard lock{mutex_};
    news_ = true;
    changed_.notify_all();
  });
  thread_ = std::thread{[this] { follow(); }};
}

log_follower::~log_follower() {
  commits_.reset();
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void log_follower::follow() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [&] { return news_ || stopping_; });
    const auto last = stopping_;
    news_ = false;
    lock.unlock();
    const auto goes_on = pass_();
    lock.lock();
    if (last || !goes_on)
      return;
    changed_.wait_for(lock, pause_between_passes, [&] { return stopping_; });
  }
}

} // namespace ash
