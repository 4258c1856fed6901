#include "actors/providers/timer_loop.hpp"

#include "events/base/clock.hpp"

#include <chrono>

namespace ash::provider {

struct timer_loop::state {
  std::mutex mutex; // guards all below
  std::condition_variable changed;
  std::multimap<std::int64_t, task> waiting; ///< by the monotonic time at which it is due, in µs
  bool stopping = false;
};

timer_loop::timer_loop() : state_(std::make_shared<state>()) {
  thread_ = std::thread{[of = state_] { drive(of); }};
}

timer_loop::~timer_loop() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->stopping = true;
  }
  state_->changed.notify_all();
  // The last holder may let go inside a task: the thread then outlives the loop by one turn.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void timer_loop::after(std::int64_t delay_ms, task what) {
  {
    const std::lock_guard lock{state_->mutex};
    state_->waiting.emplace(monotonic_us() + delay_ms * us_per_ms, std::move(what));
  }
  state_->changed.notify_all();
}

void timer_loop::drive(const std::shared_ptr<state>& of) {
  std::unique_lock lock{of->mutex};
  while (true) {
    if (of->waiting.empty()) {
      if (of->stopping)
        return;
      of->changed.wait(lock);
      continue;
    }
    const auto first = of->waiting.begin();
    const auto wait_us = first->first - monotonic_us();
    if (wait_us > 0 && !of->stopping) {
      of->changed.wait_for(lock, std::chrono::microseconds{wait_us});
      continue;
    }
    auto due = of->waiting.extract(first);
    const auto why = of->stopping ? wake::stopping : wake::due;
    lock.unlock();
    due.mapped()(why);
    due = {}; // what the task holds is let go outside the lock
    lock.lock();
  }
}

std::shared_ptr<timer_loop> timer_loop::shared() {
  static std::mutex mutex;
  static std::weak_ptr<timer_loop> current;
  const std::lock_guard lock{mutex};
  auto held = current.lock();
  if (!held)
    current = held = std::make_shared<timer_loop>();
  return held;
}

} // namespace ash::provider
