#include "actors/shells/chores.hpp"

#include <utility>

namespace ash::shell {

chores::chores(std::size_t most) : most_(most), thread_([this] { run(); }) {}

chores::~chores() {
  stop();
}

bool chores::add(std::function<void()> what) {
  {
    std::scoped_lock lock(mutex_);
    if (stopping_ || waiting_.size() >= most_)
      return false;
    waiting_.push_back(std::move(what));
  }
  changed_.notify_one();
  return true;
}

void chores::stop() {
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

void chores::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    auto what = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    what();
    what = nullptr;
    lock.lock();
  }
}

} // namespace ash::shell
