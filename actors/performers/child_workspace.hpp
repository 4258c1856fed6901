// The git worktree of a sub-agent that writes: branched off its asker's as that stands, merged back
// into it, or given up. Whoever asked does nothing there meanwhile.
#pragma once

#include "events/base/result.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace ash::performers {

struct child_place {
  std::string repo;
  std::string asker; ///< the worktree of whoever asked
  std::string worktree;
  std::string branch;
  /// What the child's tools wrote, relative to the worktree: kept though git ignores it.
  std::vector<std::string> written = {};
};

/// Commits what is in the asker's worktree, and makes the child's on a new branch from there. What
/// an earlier attempt left is adopted. Errors: `git_failed`, `cancelled`, `io_failed`,
/// `repo_path_invalid`.
result<void> branch_off(const child_place& where, std::stop_token stop = {});

/// Commits what is in the child's worktree, merges it into the asker's, and removes the worktree
/// and the branch. What was merged before stays merged; what the asker has by then, and what it has
/// at a path that the child wrote though git ignores it, is committed first. A worktree that can't
/// be removed after the merge is left. Errors: `merge_conflict` naming the files: then nothing is
/// merged, and the branch stays; `git_failed`, `cancelled`.
result<void> merge_back(const child_place& where, std::stop_token stop = {});

/// Removes the child's worktree, and its branch where there is nothing on it. Whether it stays.
/// Errors: `git_failed`, `cancelled`.
result<bool> give_up(const child_place& where, std::stop_token stop = {});

} // namespace ash::performers
