// Processes of their own for the tests of the log: the test program started again under a role. (A
// plain fork would lack RocksDB's background threads.)
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace ash::log {

struct child_process {
  pid_t pid = -1;
  int in = -1;  ///< its standard input, for writing
  int out = -1; ///< its standard output, for reading

  /// Waits for its end; its exit code, or -1 where it was killed.
  int wait();
};

/// Starts `role` with its arguments: `append_for_ever DIR` (each acknowledged position goes to its
/// output), `hold DIR` (says `y` once it has the log, ends with its input), `write_and_die DIR`,
/// `open_and_die DIR BOOT`, `open_as_nobody DIR` (exit code 0 where that is refused as it should
/// be).
child_process start_child(std::vector<std::string> role);

} // namespace ash::log
