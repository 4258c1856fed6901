#include "actors/performers/workspace.hpp"

#include "actors/performers/git.hpp"
#include "actors/tools/file_bytes.hpp"
#include "events/base/fail_point.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace ash::performers {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_lock{5};
constexpr std::chrono::milliseconds lock_wait{100};

/// Name to object, of the references that match the patterns.
result<std::map<std::string, std::string>>
references(const std::string& repo, std::vector<std::string> patterns, std::stop_token stop) {
  std::vector<std::string> arguments{"for-each-ref", "--format=%(objectname) %(refname)"};
  arguments.insert(arguments.end(), patterns.begin(), patterns.end());
  TRY(auto text, run_git({repo}, std::move(arguments), std::move(stop)));
  std::map<std::string, std::string> out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (const auto space = line.find(" refs/"); space != std::string_view::npos)
      out.emplace(line.substr(space + 1), line.substr(0, space));
  }
  return out;
}

std::string branch_names(const std::map<std::string, std::string>& known) {
  constexpr std::size_t most = 10;
  constexpr std::string_view local = "refs/heads/";
  constexpr std::string_view own = "refs/heads/actor-shell/";
  std::string out;
  std::size_t shown = 0;
  for (const auto& [name, object] : known) {
    if (!name.starts_with(local) || name.starts_with(own) || shown++ >= most)
      continue;
    out += (out.empty() ? "'" : ", '") + printable(name.substr(local.size())) + "'";
  }
  return out.empty() ? "there are none" : out;
}

/// Git that a killed process left behind may still hold the index for a moment; a lock that nobody
/// holds stays for ever. The worktree is ours alone, so an old one is removed.
void wait_for_index(const std::string& git_dir) {
  const auto lock = fs::path{git_dir} / "index.lock";
  std::error_code failed;
  while (true) {
    const auto made = fs::last_write_time(lock, failed);
    if (failed || fs::file_time_type::clock::now() - made > longest_lock)
      break;
    std::this_thread::sleep_for(lock_wait);
  }
  fs::remove(lock, failed);
}

/// What a tool made read-only is removed none the less: its directories have to be writable.
void unlock_directories(const fs::path& top) {
  constexpr auto usable = fs::perms::owner_all;
  std::error_code none;
  if (!fs::is_directory(fs::symlink_status(top, none)))
    return;
  fs::permissions(top, usable, fs::perm_options::add, none);
  // A directory is entered after it was looked at here. Links are not followed.
  for (fs::recursive_directory_iterator each{top, none}, end; !none && each != end;
       each.increment(none))
    if (std::error_code unknown; fs::is_directory(each->symlink_status(unknown)))
      fs::permissions(each->path(), usable, fs::perm_options::add, unknown);
}

result<void>
remove_locked(const std::string& repo, const std::string& worktree, std::stop_token stop) {
  unlock_directories(worktree);
  // Twice: also where git locked it while it was being made.
  TRY(try_git({repo}, {"worktree", "remove", "--force", "--force", worktree}, stop));
  std::error_code failed;
  fs::remove_all(worktree, failed);
  if (failed)
    return system_error("removing '" + printable(worktree) + "'", failed.value());
  TRY(run_git({repo}, {"worktree", "prune"}, stop));
  return success();
}

/// Whether an earlier attempt left a worktree that is on the branch and complete.
result<bool> is_whole(const effect::prepare_workspace& what, std::stop_token stop) {
  TRY(auto git_dir, git_dir_of(what.repo_path, what.worktree, stop));
  std::error_code none;
  if (!git_dir || !fs::is_directory(what.worktree, none) ||
      fs::exists(fs::path{*git_dir} / "locked", none))
    return false;
  const git_place place{what.worktree, *git_dir};
  TRY(auto head, try_git(place, {"symbolic-ref", "--short", "HEAD"}, stop));
  TRY(auto status, try_git(place, {"status", "--porcelain", "--ignore-submodules=all"}, stop));
  return head.exit_code == 0 && head.output == what.branch + "\n" && status.exit_code == 0 &&
         status.output.empty();
}

result<void> make_parent(const std::string& worktree) {
  std::error_code failed;
  fs::create_directories(fs::path{worktree}.parent_path(), failed);
  if (failed)
    return system_error("making the directory of '" + printable(worktree) + "'", failed.value());
  return success();
}

} // namespace

result<std::optional<std::string>>
git_dir_of(const std::string& repo, const std::string& worktree, std::stop_token stop) {
  TRY(auto common, common_dir_of(repo, std::move(stop)));
  const auto all = fs::path{common} / "worktrees";
  const auto wanted = (fs::path{worktree} / ".git").string();
  const auto is_it = [&](const fs::path& one) {
    std::ifstream file{one / "gitdir"};
    std::string line;
    return std::getline(file, line) && line == wanted;
  };
  std::error_code none;
  const auto likely = all / fs::path{worktree}.filename();
  if (is_it(likely))
    return std::optional{likely.string()};
  for (const auto& one : fs::directory_iterator{all, none})
    if (is_it(one.path()))
      return std::optional{one.path().string()};
  return std::optional<std::string>{};
}

result<std::string>
commit_of_branch(const std::string& repo, const std::string& branch, std::stop_token stop) {
  const auto bad = branch.empty() || branch.front() == '-' ||
                   branch.find_first_of("*?[\\ ~^:") != std::string::npos || branch.ends_with('/');
  if (!bad) {
    TRY(auto found, references(repo, {"refs/heads/" + branch, "refs/remotes/" + branch}, stop));
    for (const auto* folder : {"refs/heads/", "refs/remotes/"})
      if (const auto at = found.find(folder + branch); at != found.end())
        return at->second;
  }
  TRY(auto known, references(repo, {"refs/heads/"}, stop));
  return refuse(errc::repo_branch_missing,
                "there is no branch '" + printable(branch) + "' in '" + printable(repo) +
                    "'; its branches: " + branch_names(known))
      .with("branch", branch);
}

result<run::workspace_ready> prepare_workspace(const effect::prepare_workspace& what,
                                               std::stop_token stop) {
  const auto lock = lock_repository(what.repo_path);
  TRY(auto base, commit_of_branch(what.repo_path, what.base_branch, stop));
  const auto own = "refs/heads/" + what.branch;
  TRY(auto refs, references(what.repo_path, {own}, stop));
  const auto tip = refs.find(own);
  std::error_code none;
  if (tip != refs.end() || fs::exists(what.worktree, none)) {
    TRY(auto whole, is_whole(what, stop));
    if (whole && tip != refs.end())
      return run::workspace_ready{what.worktree, what.branch, tip->second};
    TRY(remove_locked(what.repo_path, what.worktree, stop));
  }
  TRY(make_parent(what.worktree));
  std::vector<std::string> arguments{"worktree", "add", "--quiet"};
  if (tip == refs.end())
    arguments.insert(arguments.end(), {"-b", what.branch, what.worktree, base});
  else
    arguments.insert(arguments.end(), {what.worktree, what.branch});
  TRY(run_git({what.repo_path}, std::move(arguments), stop));
  return run::workspace_ready{what.worktree, what.branch, tip == refs.end() ? base : tip->second};
}

/// A repository within the worktree is staged as a mere link: its files would be lost with the
/// worktree.
result<void> refuse_nested_repositories(const git_place& place, std::stop_token stop) {
  TRY(const auto staged,
      run_git(place, {"diff", "--cached", "--raw", "--no-renames", "--abbrev=40"}, stop));
  constexpr std::string_view linked = " 160000 ";
  const auto link = staged.find(linked);
  if (link == std::string::npos)
    return success();
  const auto tab = staged.find('\t', link);
  const auto path = staged.substr(tab + 1, staged.find('\n', tab) - tab - 1);
  return refuse(errc::git_failed,
                "the worktree " + place.directory + " holds a git repository of its own at '" +
                    printable(path) + "', which can't be committed: the worktree is kept");
}

result<std::string> save_workspace(const save_request& what, std::stop_token stop) {
  const auto lock = lock_repository(what.repo);
  TRY(auto git_dir, git_dir_of(what.repo, what.worktree, stop));
  std::error_code none;
  if (!git_dir || !fs::is_directory(what.worktree, none))
    return commit_of_branch(what.repo, what.branch, stop);
  wait_for_index(*git_dir);
  const git_place place{what.worktree, *git_dir};
  const auto unfinished = ":(exclude,glob)**/" + std::string{tool::unfinished_glob};
  TRY(run_git(place, {"add", "--all", "--", ".", unfinished}, stop));
  for (const auto& path : what.artifacts)
    if (fs::exists(fs::path{what.worktree} / path, none)) {
      TRY(run_git(place, {"add", "--force", "--", path}, stop));
    }
  TRY(refuse_nested_repositories(place, stop));
  TRY(auto changed, try_git(place, {"diff", "--cached", "--quiet"}, stop));
  if (changed.exit_code != 0) {
    TRY(run_git(place, {"commit", "--quiet", "--no-verify", "--message=" + what.message}, stop));
  }
  TRY(auto head, run_git(place, {"rev-parse", "--verify", "HEAD"}, stop));
  return object_id_in(head);
}

result<std::string> merge_branch(const git_place& into,
                                 const std::string& branch,
                                 const std::string& message,
                                 std::stop_token stop) {
  if (into.git_dir)
    wait_for_index(*into.git_dir);
  // A merge that was killed: nobody else works in this worktree meanwhile.
  TRY(run_git(into, {"reset", "--quiet", "--hard", "HEAD"}, stop));
  TRY(auto merged,
      try_git(into,
              {"merge", "--quiet", "--no-ff", "--no-verify", "--message=" + message, branch},
              stop));
  if (merged.exit_code == 0)
    return std::string{};
  TRY(auto files, run_git(into, {"diff", "--name-only", "--diff-filter=U"}, stop));
  TRY(run_git(into, {"reset", "--quiet", "--hard", "HEAD"}, stop));
  if (files.empty())
    return refuse(errc::git_failed,
                  "git could not merge '" + printable(branch) +
                      "': " + printable(to_valid_utf8(merged.output)));
  std::replace(files.begin(), files.end(), '\n', ' ');
  return files;
}

result<std::string> merge_workspace(const effect::merge_phase& what, std::stop_token stop) {
  TRY(save_workspace({what.repo_path,
                      what.worktree,
                      what.branch,
                      {what.artifact_path},
                      "actor-shell: phase " + what.key + "\n"},
                     stop));
  const auto lock = lock_repository(what.repo_path);
  TRY(auto git_dir, git_dir_of(what.repo_path, what.run_worktree, stop));
  if (!git_dir)
    return refuse(errc::git_failed,
                  "the run's worktree '" + printable(what.run_worktree) + "' is gone");
  const git_place place{what.run_worktree, *git_dir};
  TRY(const auto files,
      merge_branch(place, what.branch, "actor-shell: merge phase " + what.key, stop));
  if (!files.empty()) {
    return refuse(errc::merge_conflict,
                  "what the phase '" + what.key +
                      "' did does not go together with what phases "
                      "beside it did, in: " +
                      printable(files) + "; its work is on the branch " + what.branch +
                      ": let one of them need the other")
        .with("branch", what.branch);
  }
  TRY(auto head, run_git(place, {"rev-parse", "--verify", "HEAD"}, stop));
  // It is merged, whether its remains can be removed or not.
  const auto removed = remove_locked(what.repo_path, what.worktree, stop);
  if (!removed && removed.error().code == errc::cancelled)
    return removed.error();
  return object_id_in(head);
}

result<void> remove_phase_branches(const std::string& repo,
                                   const std::string& run_branch,
                                   std::stop_token stop) {
  const auto lock = lock_repository(repo);
  TRY(const auto found, references(repo, {"refs/heads/" + run_branch + ".*"}, stop));
  for (const auto& [name, object] : found) {
    TRY(run_git({repo}, {"update-ref", "-d", name, object}, stop));
  }
  return success();
}

result<std::optional<std::string>> patch_problem(const std::string& repo,
                                                 const std::string& worktree,
                                                 const std::string& path,
                                                 std::stop_token stop) {
  const auto lock = lock_repository(repo);
  TRY(auto git_dir, git_dir_of(repo, worktree, stop));
  if (!git_dir)
    return refuse(errc::git_failed, "the worktree '" + printable(worktree) + "' is gone");
  TRY(auto answer,
      try_git({worktree, *git_dir}, {"apply", "--check", "--cached", "--", path}, stop));
  if (answer.exit_code == 0)
    return std::optional<std::string>{};
  return std::optional{printable(to_valid_utf8(answer.output))};
}

result<void>
remove_workspace(const std::string& repo, const std::string& worktree, std::stop_token stop) {
  std::error_code none;
  if (!fs::exists(worktree, none))
    return success();
  const auto lock = lock_repository(repo);
  return remove_locked(repo, worktree, std::move(stop));
}

void perform_prepare_workspace(running_effect& effect, const effect::prepare_workspace& what) {
  pass(fail_point::workspace_before);
  auto ready = prepare_workspace(what, effect.stop_token());
  pass(fail_point::workspace_after);
  if (ready)
    effect.end(std::move(ready).value());
  else if (ready.error().code == errc::cancelled)
    effect.drop(); // only a stop calls it off: it is owed again after the restart
  else
    effect.end(run::workspace_failed{std::move(ready).error()});
}

void perform_merge_phase(running_effect& effect, const effect::merge_phase& what) {
  pass(fail_point::workspace_before);
  auto commit = merge_workspace(what, effect.stop_token());
  pass(fail_point::workspace_after);
  if (commit)
    effect.end(run::phase_merged_in{what.phase, std::move(commit).value()});
  else if (commit.error().code == errc::cancelled)
    effect.drop();
  else
    effect.end(run::phase_unmergeable{what.phase, std::move(commit).error()});
}

} // namespace ash::performers
