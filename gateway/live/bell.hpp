// Tells a connection that its outlet may have something to send: rung from any thread, silent
// until the connection listens. Private to gateway/live.
#pragma once

#include <functional>
#include <mutex>

namespace ash::gateway {

class bell {
public:
  /// Rings at once where it was rung before anyone listened.
  void listen(std::function<void()> wake) {
    const std::lock_guard guard{lock_};
    wake_ = std::move(wake);
    if (was_rung_ && wake_)
      wake_();
    was_rung_ = false;
  }

  void ring() {
    const std::lock_guard guard{lock_};
    if (wake_)
      wake_();
    else
      was_rung_ = true;
  }

private:
  std::mutex lock_; ///< held while it wakes: once `listen({})` returns, the old one is not called
  std::function<void()> wake_;
  bool was_rung_ = false;
};

} // namespace ash::gateway
