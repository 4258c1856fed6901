// Whether a tool call may run, judged from its name and arguments alone: secret paths, destructive
// commands, loops. Pure. It is the second layer: a command's text can always be written so that no
// analysis sees through it; the sandbox and the file tools' own checks are what protects.
#pragma once

#include "events/base/error.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ash::policy {

/// What is refused. Globs match a path that was normalised (`a/../.env` is `.env`), ignoring case;
/// begin one with `**/` for any directory.
struct rules {
  std::vector<std::string> secret_globs;
  std::vector<std::string> secret_exceptions; ///< not secret in spite of `secret_globs`
  std::vector<std::string> command_rules;     ///< names of `command_rule_names()` that are on

  friend bool operator==(const rules&, const rules&) = default;
};

/// Everything on: what a workflow gets unless it says otherwise.
rules default_rules();
/// The names that `rules::command_rules` may hold, in a fixed order.
std::vector<std::string> command_rule_names();

/// SHA-256 (hexadecimal) of the rules as canonical JSON: what a verdict is recorded with.
std::string hash(const rules& r);

struct denial {
  errc code;           ///< `secret_path_denied`, `command_denied` or `tool_arguments_invalid`
  std::string rule;    ///< the glob or the command rule that matched; `arguments` where unreadable
  std::string message; ///< for the model and for a person

  friend bool operator==(const denial&, const denial&) = default;
};

struct verdict {
  std::optional<denial> denied;

  [[nodiscard]] bool allowed() const noexcept { return !denied.has_value(); }
};

/// Judges one call. `arguments` is JSON text as the model gave it. `path`, `file_path`, `cwd` and
/// `glob` of every tool are matched against the secret globs, `command` of run_command is taken
/// apart.
verdict judge(const rules& r, std::string_view tool, std::string_view arguments);

/// The glob that makes `path` secret, if any.
std::optional<std::string> secret_glob_for(const rules& r, std::string_view path);

/// The identity of a call: its name and the SHA-256 of its arguments with sorted keys (absent is
/// `{}`; arguments that are no JSON count as their bytes).
std::string signature(std::string_view tool, std::string_view arguments);

struct loop_finding {
  std::size_t period = 1; ///< calls in one round, 1 to 4
  std::string message;
};

/// Whether the history of signatures, the call at hand last, ends in three equal calls or in a
/// round of 2 to 4 calls repeated three times in full.
std::optional<loop_finding> find_loop(std::span<const std::string> history);

} // namespace ash::policy
