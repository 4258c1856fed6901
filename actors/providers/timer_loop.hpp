// One thread that runs tasks at their time, shared by all scripted calls of a process: a waiting
// call costs an entry in a map and no thread. Tasks never block.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace ash::provider {

/// Why a task runs.
enum class wake : std::uint8_t { due, stopping };

/// Thread-safe. Tasks due at the same time run in the order in which they came.
class timer_loop {
public:
  using task = std::function<void(wake)>;

  timer_loop();
  /// Runs every waiting task with wake::stopping, then joins.
  ~timer_loop();
  timer_loop(const timer_loop&) = delete;
  timer_loop& operator=(const timer_loop&) = delete;

  /// Runs `what` on the loop's thread after `delay_ms`.
  void after(std::int64_t delay_ms, task what);

  /// The one of this process; it lives as long as somebody holds it.
  static std::shared_ptr<timer_loop> shared();

private:
  struct state;
  static void drive(const std::shared_ptr<state>& of);

  std::shared_ptr<state> state_;
  std::thread thread_;
};

} // namespace ash::provider
