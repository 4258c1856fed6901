// One thread that calls functions at their time: retries of budget commands, pieces of a streamed
// answer. It keeps nothing over a restart; durable timers belong to the entities.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace ash::performers {

/// Thread-safe. What is called must neither block nor throw.
class timer_thread {
public:
  timer_thread() : thread_{[this] { work(); }} {}
  ~timer_thread() { stop(); }
  timer_thread(const timer_thread&) = delete;
  timer_thread& operator=(const timer_thread&) = delete;

  /// Calls `what` in `delay_us`; never, where `stop` comes first.
  void after(std::int64_t delay_us, std::function<void()> what);
  /// Drops what is not yet due and waits for the thread. Never from a function it called.
  void stop();

private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::int64_t, std::function<void()>> due_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ash::performers
