// Work that may block and that nobody waits for: saving snapshots, pruning. One thread, in order.
// Bounded: what is too much is dropped, for all of it can be done another time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ash::shell {

class chores {
public:
  explicit chores(std::size_t most);
  ~chores();
  chores(const chores&) = delete;
  chores& operator=(const chores&) = delete;

  /// False: there is too much to do, and `what` was dropped.
  bool add(std::function<void()> what);
  /// Does what is there, and ends the thread.
  void stop();

private:
  void run();

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ash::shell
