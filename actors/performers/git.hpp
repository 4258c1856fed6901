// Git, as a child process without a shell. Hooks, prompts, signing and file-system monitors are
// off, and the process sees a small environment: what is in a repository must not decide what runs
// here. What is committed is committed by actor-shell.
#pragma once

#include "events/base/result.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ash::performers {

/// Where git works. With `git_dir` set, a worktree's own `.git` file, which an agent may have
/// changed, is never read.
struct git_place {
  std::string directory; ///< absolute
  std::optional<std::string> git_dir = {};
};

struct git_answer {
  int exit_code = 0;
  std::string output; ///< stdout and stderr, bounded
};

/// Runs git and gives what came of it, whatever its exit code. Errors: `git_failed` where it can't
/// be started or takes over two minutes, `cancelled`.
result<git_answer>
try_git(const git_place& where, std::vector<std::string> arguments, std::stop_token stop = {});

/// As `try_git`, but another exit code than 0 is `git_failed` with git's own message. Gives the
/// output.
result<std::string>
run_git(const git_place& where, std::vector<std::string> arguments, std::stop_token stop = {});

/// The object id (40 or 64 hexadecimal characters) that stands alone on a line of git's output.
/// Errors: `git_failed`.
result<std::string> object_id_in(std::string_view output);

/// The directory that all worktrees of a repository share, absolute. Errors: `repo_path_invalid`
/// where `repo` is no git repository.
result<std::string> common_dir_of(const std::string& repo, std::stop_token stop = {});

/// Locks one repository for git operations of this process, until the lock goes.
std::unique_lock<std::mutex> lock_repository(const std::string& repo);

} // namespace ash::performers
