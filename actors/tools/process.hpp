// One child process from start to end: output through pipes with a bound, a time limit, a stop
// token. Whatever the child started in its group (or, under bubblewrap, in its namespace) is dead
// when the call returns; no zombie and no descriptor stays behind. It knows nothing of sandboxes
// but their status line.
#pragma once

#include "events/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace ash::tool {

/// Whether the child is bubblewrap with `--json-status-fd 3`.
enum class child_kind : std::uint8_t { plain, bubblewrap };

/// Where what the child says on stderr goes.
enum class error_stream : std::uint8_t { with_output, apart };

struct process_request {
  std::vector<std::string> arguments;   ///< argv; the program is searched in PATH
  std::vector<std::string> environment; ///< `NAME=value`, the whole of it
  std::string directory;                ///< where it starts; empty: here
  child_kind kind = child_kind::plain;
  std::int64_t time_limit_ms = 0;
  std::size_t max_output_bytes = 0; ///< of each stream
  std::string input = {};           ///< its stdin; empty: /dev/null
  error_stream errors = error_stream::with_output;
};

enum class process_ending : std::uint8_t { exited, timed_out, stopped };

struct process_end {
  process_ending ending = process_ending::exited;
  int exit_code = 0;       ///< 128 + signal where a signal ended it
  std::string output;      ///< stdout and stderr as they came; a note where the middle was left out
  std::string errors = {}; ///< stderr, where it was kept apart
  /// Of bubblewrap: whether it got as far as running the command.
  bool command_ran = true;
};

/// Runs a process to its end, blocking. The process leads a session of its own,
/// no other descriptor and no blocked or ignored signal is inherited.
/// Errors: `file_not_found` where the program is missing, `io_failed`.
result<process_end> run_process(const process_request& request, std::stop_token stop);

} // namespace ash::tool
