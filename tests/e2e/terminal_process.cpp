#include "tests/e2e/terminal_process.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ash::e2e {

using std::chrono::steady_clock;

terminal_process::terminal_process(const process_options& what)
    : until_{steady_clock::now() + what.limit} {
  auto words = what.command;
  std::vector<char*> arguments;
  for (auto& each : words)
    arguments.push_back(each.data());
  arguments.push_back(nullptr);
  winsize size{40, 120, 0, 0};
  id_ = ::forkpty(&screen_end_, nullptr, nullptr, &size);
  if (id_ != 0)
    return;
  for (const auto& [name, value] : what.environment)
    ::setenv(name.c_str(), value.c_str(), 1);
  if (what.directory.empty() || ::chdir(what.directory.c_str()) == 0)
    ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

terminal_process::~terminal_process() {
  if (id_ > 0) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  ::close(screen_end_);
}

void terminal_process::type(std::string_view keys) const {
  while (!keys.empty()) {
    const auto done = ::write(screen_end_, keys.data(), keys.size());
    if (done <= 0)
      return;
    keys.remove_prefix(static_cast<std::size_t>(done));
  }
}

/// Takes what is there; false once nothing will come any more, or the time is over.
bool terminal_process::look() {
  constexpr int a_moment_ms = 50;
  pollfd there{screen_end_, POLLIN, 0};
  if (::poll(&there, 1, a_moment_ms) == 0)
    return steady_clock::now() < until_;
  std::array<char, 4'096> bytes{};
  const auto size = ::read(screen_end_, bytes.data(), bytes.size());
  if (size <= 0)
    return false;
  screen_.append(bytes.data(), static_cast<std::size_t>(size));
  return steady_clock::now() < until_;
}

bool terminal_process::shows(std::string_view text) {
  for (;;) {
    if (const auto at = screen_.find(text, seen_); at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!look())
      return false;
  }
}

int terminal_process::exit_code() {
  while (look())
    ;
  int status = 0;
  const auto ended =
      wait_until(std::chrono::seconds{10}, [&] { return ::waitpid(id_, &status, WNOHANG) == id_; });
  if (!ended)
    return -1;
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace ash::e2e
