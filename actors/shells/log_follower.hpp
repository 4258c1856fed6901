// A thread that works off what the log has new: a pass whenever something was committed, at most
// ten a second, and a last one at the end. What a pass does, and from which position on, is its
// owner's business: the audit trail's, and that of the hooks which are told of what has happened.
#pragma once

#include "events/log/event_log.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace ash {

class log_follower {
public:
  /// Works off all that is durable by now. False: it can't go on, and no pass follows.
  using pass = std::function<bool()>;

  /// Begins with a pass over what is there already. The log outlives this.
  log_follower(log::event_log& log, pass work);
  /// After the last pass.
  ~log_follower();
  log_follower(const log_follower&) = delete;
  log_follower& operator=(const log_follower&) = delete;

private:
  void follow();

  pass pass_;
  std::shared_ptr<void> commits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool news_ = true;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ash
