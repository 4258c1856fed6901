// Which actors are ready to run, for all threads of an actor host: CAF's work sharing, but without
// a wake-up for each message. Owned by CAF's scheduler through the policy in actor_host.cpp.
//
// A commit answers a thousand actors at once, and each has a few microseconds of work. Were a
// thread woken for each, it would go back to sleep before the next one comes: two switches of
// context a message, on the very processor that sends them. So a thread that runs out of work looks
// for more for a moment before it sleeps, and as long as one looks, no other is woken.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace ash::shell {

/// Thread-safe. `Job` is a pointer to what runs.
template <class Job> class ready_queue {
public:
  using job = Job;

  void put(job what) {
    bool wakes = false;
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(what);
      count_.store(jobs_.size(), std::memory_order_relaxed);
      wakes = call_one();
    }
    if (wakes)
      called_.notify_one();
  }

  /// The next one. Waits for it.
  job take() {
    std::unique_lock lock(mutex_);
    if (!jobs_.empty())
      return pop();
    ++looking_;
    while (jobs_.empty()) {
      lock.unlock();
      look_around();
      lock.lock();
      if (jobs_.empty())
        sleep(lock);
    }
    --looking_;
    const auto next = pop();
    const auto wakes = !jobs_.empty() && call_one();
    lock.unlock();
    if (wakes)
      called_.notify_one();
    return next;
  }

  /// Gives what is left to `use`. No thread takes any more.
  template <class Use> void drain(Use use) {
    const std::scoped_lock lock(mutex_);
    while (!jobs_.empty())
      use(pop());
  }

private:
  static constexpr std::chrono::microseconds patience{50};

  job pop() {
    const auto next = jobs_.front();
    jobs_.pop_front();
    count_.store(jobs_.size(), std::memory_order_relaxed);
    return next;
  }

  /// Whether a sleeping thread is to be woken; it counts as looking from now on.
  bool call_one() {
    if (looking_ > 0 || sleeping_ == 0)
      return false;
    --sleeping_;
    ++looking_;
    ++calls_;
    return true;
  }

  void look_around() const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (count_.load(std::memory_order_relaxed) == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
  }

  void sleep(std::unique_lock<std::mutex>& lock) {
    --looking_;
    ++sleeping_;
    called_.wait(lock, [&] { return calls_ > 0; });
    --calls_;
  }

  std::mutex mutex_;
  std::condition_variable called_;
  std::deque<job> jobs_;
  std::atomic<std::size_t> count_{0}; ///< of jobs, for those that look
  std::size_t looking_ = 0;           ///< threads without work that are awake
  std::size_t sleeping_ = 0;
  std::size_t calls_ = 0; ///< woken, and not running yet
};

} // namespace ash::shell
