// A shell command as text, taken apart into simple commands for the policy to look at. Best effort
// and pure: it knows quotes, lists, pipes, substitutions, redirections, braces and plain
// assignments; it executes nothing and knows nothing of files.
#pragma once

#include "events/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash::policy {

/// One word, quotes removed. `$(…)`, backticks and `<(…)` inside it are listed, and absent from
/// `text`.
struct shell_word {
  std::string text;
  std::vector<std::string> substitutions = {};
};

struct redirection {
  std::string operation; ///< `>`, `>>`, `<`, `<<<`, …
  shell_word target;
};

/// One program with its arguments.
struct simple_command {
  std::vector<shell_word> words;
  std::vector<redirection> redirections = {};
  bool reads_pipe = false; ///< its input is the output of the command before it in the list
};

/// The simple commands of `text`, in order. Bounded: at most `max_commands`.
/// Errors: `limit_exceeded`.
result<std::vector<simple_command>> shell_commands(std::string_view text);

} // namespace ash::policy
