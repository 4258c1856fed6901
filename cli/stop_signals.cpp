#include "cli/stop_signals.hpp"

#include <csignal>
#include <ctime>
#include <unistd.h>

namespace ash::cli {
namespace {

constexpr int exit_base_for_signals = 128;

sigset_t stopping() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

} // namespace

stop_signals::stop_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  const auto set = stopping();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread{[this] { wait(); }};
}

stop_signals::~stop_signals() {
  ending_ = true;
  thread_.join();
}

void stop_signals::wait() {
  const auto set = stopping();
  constexpr timespec a_moment{0, 50'000'000};
  while (!ending_) {
    const auto number = sigtimedwait(&set, nullptr, &a_moment);
    if (number <= 0)
      continue;
    if (caught_ != 0)
      _exit(exit_base_for_signals + number);
    caught_ = number;
    source_.request_stop();
  }
}

} // namespace ash::cli
