// Things to do later: one thread over two queues, one by the monotonic clock (waits) and one by the
// wall clock (durable timers, which are owed again after a restart). Nothing here survives the
// process.
#pragma once

#include "events/base/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

namespace ash::shell {

class timer_service {
public:
  using task = std::function<void()>;

  /// `now` is the wall clock.
  explicit timer_service(std::function<instant()> now);
  ~timer_service();
  timer_service(const timer_service&) = delete;
  timer_service& operator=(const timer_service&) = delete;

  /// Runs `what` on the timers' thread in `delay_us`. It must not block.
  void after(std::int64_t delay_us, task what);
  /// Runs `what` at `due`; nothing where a timer with this key is waiting already.
  void at(const std::string& key, instant due, task what);
  /// Drops what waits, and ends the thread. Afterwards nothing is taken.
  void stop();
  [[nodiscard]] std::size_t waiting() const;

private:
  struct keyed {
    std::string key;
    task what;
  };

  void run();
  /// Takes one task that is due, in either queue.
  task take_due();
  std::int64_t wait_us() const;

  std::function<instant()> now_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::int64_t, task> waits_;
  std::multimap<instant, keyed> timers_;
  std::unordered_set<std::string> keys_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ash::shell
