#include "events/log/space_freer.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::log {
namespace {

/// Between two steps: 128 MiB a second.
constexpr std::chrono::microseconds pause{7'800};
/// More than this is freed without pauses: the disk must not fill up with what nobody needs.
constexpr std::int64_t most_waiting_bytes = std::int64_t{2} << 30;

/// Whether the file has no name and nobody else has it open: then nobody can ever read it again.
bool is_ours_alone(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0 || about.st_nlink != 0)
    return false;
  // The kernel gives a lease for writing only to the one who has the file open.
  if (::fcntl(file, F_SETLEASE, F_WRLCK) != 0)
    return false;
  ::fcntl(file, F_SETLEASE, F_UNLCK);
  return true;
}

} // namespace

space_freer::space_freer() : thread_{[this] { run(); }} {}

space_freer::~space_freer() {
  {
    const std::lock_guard guard{lock_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool space_freer::remove(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0)
    return false;
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || ::unlink(path.c_str()) != 0) {
    ::close(file);
    return false;
  }
  if (about.st_size <= step_bytes || !is_ours_alone(file)) {
    ::close(file);
    return true;
  }
  {
    const std::lock_guard guard{lock_};
    waiting_.push_back({file, about.st_size});
    waiting_bytes_ += about.st_size;
  }
  changed_.notify_one();
  return true;
}

std::int64_t space_freer::waiting_bytes() const {
  const std::lock_guard guard{lock_};
  return waiting_bytes_;
}

void space_freer::run() {
  std::unique_lock guard{lock_};
  for (;;) {
    changed_.wait(guard, [&] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    auto at = waiting_.front();
    waiting_.pop_front();
    while (at.bytes > 0 && !ending_) {
      const auto step = std::min(step_bytes, at.bytes);
      guard.unlock();
      const bool shrank = ::ftruncate(at.file, at.bytes - step) == 0;
      guard.lock();
      if (!shrank)
        break;
      at.bytes -= step;
      waiting_bytes_ -= step;
      if (waiting_bytes_ < most_waiting_bytes)
        changed_.wait_for(guard, pause, [&] { return ending_; });
    }
    waiting_bytes_ -= at.bytes;
    guard.unlock();
    ::close(at.file);
    guard.lock();
  }
}

} // namespace ash::log
