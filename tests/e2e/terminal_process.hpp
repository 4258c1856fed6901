// A process on a pseudo terminal, as a person in front of it has it: typed to, and looked at.
#pragma once

#include "tests/e2e/harness.hpp"

namespace ash::e2e {

class terminal_process {
public:
  explicit terminal_process(const process_options& what);
  ~terminal_process(); ///< kills it
  terminal_process(const terminal_process&) = delete;
  terminal_process& operator=(const terminal_process&) = delete;

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  void type(std::string_view keys) const;
  /// Waits until `text` is on the screen after what was waited for before.
  bool shows(std::string_view text);
  /// Everything that was on the screen.
  [[nodiscard]] const std::string& screen() const noexcept { return screen_; }
  /// Its exit code once it has ended; -1 where a signal or the limit ended it.
  int exit_code();

private:
  bool look();

  pid_t id_ = -1;
  int screen_end_ = -1;
  std::chrono::steady_clock::time_point until_;
  std::string screen_;
  std::size_t seen_ = 0;
};

} // namespace ash::e2e
