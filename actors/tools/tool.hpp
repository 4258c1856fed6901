// The seam to tools: what a tool is called, what it takes, what a crash in its middle means, and
// how it runs. A tool checks its own arguments and bounds its own output; whether it may run at all
// was decided before (the policy of the tool call aggregate).
#pragma once

#include "events/base/model_values.hpp"
#include "events/base/result.hpp"
#include "events/base/scrub.hpp"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ash::tool {

enum class sandbox_mode : std::uint8_t {
  required,    ///< run_command refuses (`sandbox_unavailable`) where bubblewrap does not work
  unsandboxed, ///< an explicit setting: commands run without a sandbox, and the output says so
};

enum class network_access : std::uint8_t { none, granted };

/// Where and under which bounds one call runs.
struct context {
  std::string worktree; ///< absolute path; every path argument is resolved beneath it
  sandbox_mode sandbox = sandbox_mode::required;
  network_access network = network_access::none;
  std::int64_t time_limit_ms = 120'000;
  std::int64_t visible_bytes = 32 * 1024;               ///< of output that the model sees
  std::int64_t captured_bytes = std::int64_t{16} << 20; ///< of output that is kept in all
  /// Absolute directories that commands must not see, besides the home directories: the data
  /// directory.
  std::vector<std::string> hidden_directories = {};
  std::vector<std::string> hidden_files = {}; ///< empty to commands: the configuration
  /// Files that the file tools refuse (`secret_path_denied`) once symlinks are resolved: the policy
  /// sees only the text of the path. Matched beneath the worktree, ignoring case.
  std::vector<std::string> secret_globs = {};
  std::vector<std::string> secret_exceptions = {}; ///< what is no secret in spite of `secret_globs`
  std::shared_ptr<const scrubber> scrub = {};      ///< of output, before it is cut
};

/// A file that the call changed, relative to the worktree.
struct written_file {
  std::string path;
  std::string sha256;
};

/// What came of a call that ran. A failure of the tool's own work (no such file, exit code 1) is an
/// outcome with `failed` set, which the model sees; it is not an `error`.
struct outcome {
  std::string text; ///< for the model: valid UTF-8, at most `visible_bytes` plus a note
  std::string full; ///< the whole captured output where `text` was cut, else empty
  bool failed = false;
  errc code = errc::tool_failed; ///< of a failure
  int exit_code = 0;             ///< of run_command; 128 + signal where it was killed
  bool unsandboxed = false;
  std::vector<written_file> written;
};

/// What the model is told of a tool.
struct description {
  std::string name;
  std::string text;
  std::string parameters; ///< JSON Schema, as text
  effect_class effect = effect_class::write;
};

/// Thread-safe: one object serves all calls.
class tool {
public:
  virtual ~tool() = default;
  [[nodiscard]] virtual const description& describe() const = 0;
  /// Runs one call to its end, blocking. `arguments` is JSON text (an object).
  /// A stop request kills what runs and gives an outcome with errc::cancelled.
  virtual outcome run(const context& where, std::string_view arguments, std::stop_token stop) = 0;
};

/// Whether run_command's sandbox works on this machine; tried once, then remembered.
/// Errors: `sandbox_unavailable`, with what failed and what to do.
result<void> sandbox_probe();

/// The built-in tools: read_file, write_file, edit_file, list_dir, grep, run_command, complete.
std::vector<std::shared_ptr<tool>> builtin_tools();

} // namespace ash::tool
