// SIGINT and SIGTERM as a stop request: the first asks to stop in an orderly way, the second ends
// the process at once (what is durable stays).
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace ash::cli {

/// Made before any other thread, so that none of them is interrupted: it blocks the two signals
/// for its own thread and those that come. Besides, a reader that goes away does not end the run.
class stop_signals {
public:
  stop_signals();
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  /// The signal that came, or 0.
  [[nodiscard]] int caught() const { return caught_; }

private:
  void wait();

  std::stop_source source_;
  std::atomic<int> caught_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// The exit code of what a signal stopped; `otherwise` where none came (0).
constexpr int code_after(int signal, int otherwise) {
  return signal != 0 ? 128 + signal : otherwise;
}

} // namespace ash::cli
