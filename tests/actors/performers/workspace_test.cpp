#include "actors/performers/git.hpp"
#include "actors/performers/workspace.hpp"
#include "tests/actors/performers/fakes.hpp"

namespace ash::performers {
namespace {

using namespace test;
namespace fs = std::filesystem;

class workspace : public ::testing::Test {
protected:
  workspace() { make_repository(repo_); }

  [[nodiscard]] effect::prepare_workspace wanted() const {
    return {repo_, "main", tree_, "actor-shell/r1"};
  }
  [[nodiscard]] save_request save() const {
    return {repo_, tree_, "actor-shell/r1", {"out/spec.json"}, "saved"};
  }
  std::string git(const std::string& what) { return sh("git -C '" + repo_ + "' " + what); }

  temporary_directory home_;
  std::string repo_ = home_ / "repo with space";
  std::string tree_ = home_ / "data/worktrees/r1";
};

TEST_F(workspace, is_a_worktree_on_a_branch_of_its_own) {
  const auto ready = prepare_workspace(wanted());
  ASSERT_TRUE(ready) << ready.error().message;
  EXPECT_EQ(ready.value().base_commit + "\n", git("rev-parse main"));
  EXPECT_TRUE(fs::exists(tree_ + "/README.md"));
  EXPECT_EQ(sh("git -C " + tree_ + " symbolic-ref --short HEAD"), "actor-shell/r1\n");
  EXPECT_EQ(git("status --porcelain"), "");
}

TEST_F(workspace, is_found_again_by_a_second_attempt) {
  const auto first = prepare_workspace(wanted());
  ASSERT_TRUE(first);
  const auto second = prepare_workspace(wanted());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(first.value().base_commit, second.value().base_commit);
}

TEST_F(workspace, is_made_again_where_an_attempt_was_cut_short) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  fs::remove(tree_ + "/README.md");
  write_text(repo_ + "/.git/worktrees/r1/locked", "initializing");
  const auto again = prepare_workspace(wanted());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(fs::exists(tree_ + "/README.md"));
}

TEST_F(workspace, is_made_again_where_its_directory_is_gone_or_half_there) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  fs::remove_all(tree_);
  ASSERT_TRUE(prepare_workspace(wanted()));
  EXPECT_TRUE(fs::exists(tree_ + "/README.md"));
  fs::remove_all(tree_);
  git("worktree prune");
  git("branch -D actor-shell/r1");
  write_text(tree_ + "/half", "made");
  const auto again = prepare_workspace(wanted());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(fs::exists(tree_ + "/half"));
}

TEST_F(workspace, names_the_branches_where_the_base_is_missing) {
  auto what = wanted();
  what.base_branch = "mian";
  const auto missing = prepare_workspace(what);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errc::repo_branch_missing);
  EXPECT_NE(missing.error().message.find("'main'"), std::string::npos) << missing.error().message;
  what.base_branch = "--output=x";
  EXPECT_EQ(prepare_workspace(what).error().code, errc::repo_branch_missing);
}

TEST_F(workspace, is_refused_outside_a_repository_with_gits_own_words) {
  auto what = wanted();
  what.repo_path = home_.path();
  const auto failed = prepare_workspace(what);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("not a git repository"), std::string::npos);
}

TEST_F(workspace, runs_no_hook_of_the_repository) {
  write_text(repo_ + "/.git/hooks/post-checkout", "#!/bin/sh\ntouch '" + home_.path() + "/ran'\n");
  write_text(repo_ + "/.git/hooks/pre-commit", "#!/bin/sh\ntouch '" + home_.path() + "/ran'\n");
  sh("chmod +x '" + repo_ + "'/.git/hooks/*");
  ASSERT_TRUE(prepare_workspace(wanted()));
  write_text(tree_ + "/new", "x");
  ASSERT_TRUE(save_workspace(save()));
  EXPECT_FALSE(fs::exists(home_ / "ran"));
}

TEST_F(workspace, is_saved_on_its_branch_once) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  write_text(tree_ + "/.gitignore", "out/\n");
  write_text(tree_ + "/out/spec.json", "{}");
  const auto commit = save_workspace(save());
  ASSERT_TRUE(commit) << commit.error().message;
  EXPECT_EQ(git("rev-parse actor-shell/r1"), commit.value() + "\n");
  EXPECT_EQ(git("show actor-shell/r1:out/spec.json"), "{}");
  EXPECT_EQ(git("log -1 --format='%an <%ae>' actor-shell/r1"),
            "actor-shell <actor-shell@localhost>\n");
  const auto again = save_workspace(save());
  ASSERT_TRUE(again);
  EXPECT_EQ(again.value(), commit.value());
  EXPECT_EQ(git("status --porcelain"), "");
}

TEST_F(workspace, is_saved_without_what_a_killed_process_had_not_written_whole) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  write_text(tree_ + "/.actor-shell-0c7d.tmp", "ha");
  write_text(tree_ + "/out/.actor-shell-0c7e.tmp", "ha");
  write_text(tree_ + "/out/half.txt", "whole");
  ASSERT_TRUE(save_workspace(save()));
  EXPECT_EQ(git("ls-tree -r --name-only actor-shell/r1"), "README.md\nout/half.txt\n");
}

TEST_F(workspace, has_its_branch_still_once_it_is_removed) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  write_text(tree_ + "/new", "x");
  const auto commit = save_workspace(save());
  ASSERT_TRUE(commit);
  ASSERT_TRUE(remove_workspace(repo_, tree_));
  EXPECT_FALSE(fs::exists(tree_));
  EXPECT_EQ(git("worktree list --porcelain").find("r1"), std::string::npos);
  const auto tip = save_workspace(save());
  ASSERT_TRUE(tip) << tip.error().message;
  EXPECT_EQ(tip.value(), commit.value());
}

TEST_F(workspace, is_saved_by_the_repositorys_own_rules_whatever_its_git_file_says) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  const auto evil = home_ / "evil";
  sh("git init -q " + evil + " && git -C " + evil + " config core.fsmonitor 'touch " + evil +
     "/ran'");
  write_text(tree_ + "/.git", "gitdir: " + evil + "/.git\n");
  write_text(tree_ + "/new", "x");
  const auto commit = save_workspace(save());
  ASSERT_TRUE(commit) << commit.error().message;
  EXPECT_EQ(git("show actor-shell/r1:new"), "x");
  EXPECT_FALSE(fs::exists(evil + "/ran"));
}

TEST_F(workspace, is_saved_in_spite_of_a_lock_that_nobody_holds) {
  ASSERT_TRUE(prepare_workspace(wanted()));
  write_text(tree_ + "/new", "x");
  const auto index_lock = repo_ + "/.git/worktrees/r1/index.lock";
  write_text(index_lock, "");
  fs::last_write_time(index_lock, fs::file_time_type::clock::now() - std::chrono::hours{1});
  EXPECT_TRUE(save_workspace(save()));
}

} // namespace
} // namespace ash::performers
