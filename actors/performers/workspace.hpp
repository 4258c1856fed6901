// A run's own git worktree and branch: made, found again after a crash, saved, removed. It never
// touches the user's checkout, and never resets a branch that holds work.
#pragma once

#include "actors/performers/git.hpp"
#include "actors/performers/make_performer.hpp"
#include "actors/performers/running_effect.hpp"

#include <optional>

namespace ash::performers {

/// Makes the worktree on a new branch from the base branch. What an earlier attempt left is adopted
/// where it is whole and made again where it is not. Errors: `repo_path_invalid`,
/// `repo_branch_missing`, `git_failed`, `cancelled`, `io_failed`.
result<run::workspace_ready> prepare_workspace(const effect::prepare_workspace& what,
                                               std::stop_token stop = {});

/// The object that a local or remote branch of a repository points to. Errors:
/// `repo_branch_missing` naming branches that are near, `git_failed`.
result<std::string>
commit_of_branch(const std::string& repo, const std::string& branch, std::stop_token stop = {});

/// What the run's branch is to be saved with.
struct save_request {
  std::string repo;
  std::string worktree;
  std::string branch;
  std::vector<std::string> artifacts; ///< saved though they be ignored; relative to the worktree
  std::string message;
};

/// Commits everything in the worktree on the run's branch, where there is something to commit.
/// Gives the branch's tip. A worktree that is gone already has nothing to commit. Errors:
/// `git_failed`, `cancelled`.
result<std::string> save_workspace(const save_request& what, std::stop_token stop = {});

/// Removes the worktree; its branch stays. Nothing where it is gone. Errors: `git_failed`.
result<void>
remove_workspace(const std::string& repo, const std::string& worktree, std::stop_token stop = {});

/// The administrative directory of a worktree, found by path: the worktree's own `.git` file is the
/// agent's to write. Nothing where there is no such worktree. Errors: `repo_path_invalid`.
result<std::optional<std::string>>
git_dir_of(const std::string& repo, const std::string& worktree, std::stop_token stop = {});

/// Merges a branch into the one that a worktree is on; whoever calls holds the repository's lock.
/// Gives the files that conflict, with nothing merged then; empty where the merge was made. What
/// was not committed in the worktree is lost. Errors: `git_failed`, `cancelled`.
result<std::string> merge_branch(const git_place& into,
                                 const std::string& branch,
                                 const std::string& message,
                                 std::stop_token stop = {});

/// Commits what is in a phase's worktree, merges its branch into the run's, and removes the phase's
/// worktree, where it can be removed. Gives the run's tip. What an earlier attempt left half-done
/// is begun anew. Errors:
/// `merge_conflict` naming the files (nothing is merged then), `git_failed`, `cancelled`.
result<std::string> merge_workspace(const effect::merge_phase& what, std::stop_token stop = {});

/// Removes the branches that phases of a run worked on: `RUN_BRANCH.…`. Errors: `git_failed`.
result<void> remove_phase_branches(const std::string& repo,
                                   const std::string& run_branch,
                                   std::stop_token stop = {});

/// Why git does not take the patch in the file `path` of the worktree over the commit that the
/// worktree stands on; nothing where it does. Errors: `git_failed`.
result<std::optional<std::string>> patch_problem(const std::string& repo,
                                                 const std::string& worktree,
                                                 const std::string& path,
                                                 std::stop_token stop = {});

void perform_merge_phase(running_effect& effect, const effect::merge_phase& what);

void perform_prepare_workspace(running_effect& effect, const effect::prepare_workspace& what);

} // namespace ash::performers
