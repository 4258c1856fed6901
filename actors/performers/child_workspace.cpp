#include "actors/performers/child_workspace.hpp"

#include "actors/performers/git.hpp"
#include "actors/performers/workspace.hpp"
#include "events/base/text.hpp"

#include <filesystem>

namespace ash::performers {
namespace {

namespace fs = std::filesystem;

/// Where git works in a worktree of the repository, and the branch that it is on.
struct worktree_place {
  git_place place;
  std::string branch;
};

result<worktree_place>
place_of(const std::string& repo, const std::string& worktree, std::stop_token stop) {
  TRY(auto git_dir, git_dir_of(repo, worktree, stop));
  if (!git_dir)
    return refuse(errc::git_failed,
                  "the worktree '" + printable(worktree) +
                      "' is gone: nothing can be merged there");
  worktree_place out{{worktree, *git_dir}, {}};
  TRY(out.branch, run_git(out.place, {"symbolic-ref", "--short", "HEAD"}, std::move(stop)));
  while (!out.branch.empty() && out.branch.back() == '\n')
    out.branch.pop_back();
  return out;
}

result<bool> has_branch(const std::string& repo, const std::string& branch, std::stop_token stop) {
  TRY(const auto found,
      try_git(
          {repo}, {"show-ref", "--verify", "--quiet", "refs/heads/" + branch}, std::move(stop)));
  return found.exit_code == 0;
}

result<void>
remove_branch(const std::string& repo, const std::string& branch, std::stop_token stop) {
  TRY(run_git({repo}, {"update-ref", "-d", "refs/heads/" + branch}, std::move(stop)));
  return success();
}

result<std::string> save(const child_place& where, std::stop_token stop) {
  return save_workspace({where.repo,
                         where.worktree,
                         where.branch,
                         where.written,
                         "actor-shell: a sub-agent's work\n"},
                        std::move(stop));
}

/// A merge begins from what is committed: it would write over what git ignores, and undo what the
/// asker's other calls did meanwhile, and say nothing.
result<void>
save_what_it_meets(const child_place& where, const worktree_place& asker, std::stop_token stop) {
  TRY(save_workspace({where.repo,
                      where.asker,
                      asker.branch,
                      where.written,
                      "actor-shell: before a sub-agent's work is merged\n"},
                     std::move(stop)));
  return success();
}

result<std::string>
merge_locked(const child_place& where, const git_place& asker, std::stop_token stop) {
  const auto lock = lock_repository(where.repo);
  return merge_branch(
      asker, where.branch, "actor-shell: merge a sub-agent's work", std::move(stop));
}

/// Of a merge of another sub-agent's work, which the end of the process cut short: it is made
/// again.
result<void>
drop_half_a_merge(const child_place& where, const git_place& asker, std::stop_token stop) {
  const auto lock = lock_repository(where.repo);
  TRY(const auto unmerged, run_git(asker, {"ls-files", "--unmerged"}, stop));
  std::error_code none;
  if (unmerged.empty() && !fs::exists(fs::path{*asker.git_dir} / "MERGE_HEAD", none))
    return success();
  TRY(run_git(asker, {"reset", "--quiet", "--hard", "HEAD"}, stop));
  return success();
}

} // namespace

result<void> branch_off(const child_place& where, std::stop_token stop) {
  TRY(const auto asker, place_of(where.repo, where.asker, stop));
  TRY(drop_half_a_merge(where, asker.place, stop));
  TRY(save_workspace(
      {where.repo, where.asker, asker.branch, {}, "actor-shell: before a sub-agent's work\n"},
      stop));
  TRY(prepare_workspace({where.repo, asker.branch, where.worktree, where.branch}, stop));
  return success();
}

result<void> merge_back(const child_place& where, std::stop_token stop) {
  TRY(const auto is_left, has_branch(where.repo, where.branch, stop));
  if (!is_left) // merged before the process ended
    return remove_workspace(where.repo, where.worktree, stop);
  TRY(save(where, stop));
  TRY(const auto asker, place_of(where.repo, where.asker, stop));
  TRY(drop_half_a_merge(where, asker.place, stop));
  TRY(save_what_it_meets(where, asker, stop));
  TRY(const auto conflicts, merge_locked(where, asker.place, stop));
  // The merge decides what came of it, not whether its remains could be removed.
  auto removed = remove_workspace(where.repo, where.worktree, stop);
  if (removed && conflicts.empty())
    removed = remove_branch(where.repo, where.branch, stop);
  if (!removed && removed.error().code == errc::cancelled)
    return removed;
  if (!conflicts.empty())
    return refuse(errc::merge_conflict,
                  "it does not go together with what was done beside it, in: " +
                      printable(conflicts));
  return success();
}

result<bool> give_up(const child_place& where, std::stop_token stop) {
  TRY(const auto is_left, has_branch(where.repo, where.branch, stop));
  if (!is_left) {
    TRY(remove_workspace(where.repo, where.worktree, stop));
    return false;
  }
  TRY(save(where, stop));
  TRY(remove_workspace(where.repo, where.worktree, stop));
  TRY(const auto asker, place_of(where.repo, where.asker, stop));
  TRY(const auto nothing,
      try_git(asker.place, {"merge-base", "--is-ancestor", where.branch, "HEAD"}, stop));
  if (nothing.exit_code != 0)
    return true;
  TRY(remove_branch(where.repo, where.branch, stop));
  return false;
}

} // namespace ash::performers
