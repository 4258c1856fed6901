#include "tests/actors/tools/a_worktree.hpp"

#include "actors/tools/beneath.hpp"
#include "events/base/text.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace ash::tool {
namespace {

namespace fs = std::filesystem;
using paths = a_worktree;

TEST_F(paths, lead_nowhere_outside_by_dots_or_root) {
  fs::create_directory(root() / "a");
  for (const auto* path : {"../outside/secret.txt",
                           "a/../../outside/secret.txt",
                           "/etc/passwd",
                           "..",
                           "./../outside/secret.txt"})
    expect_failed(call("read_file", {{"path", path}}), errc::path_outside_root);
  expect_failed(call("write_file", {{"path", "../outside/new"}, {"content", "x"}}),
                errc::path_outside_root);
  expect_failed(call("write_file", {{"path", "../made/new"}, {"content", "x"}}),
                errc::path_outside_root);
  EXPECT_FALSE(fs::exists(outside() / "new"));
  EXPECT_FALSE(fs::exists(root().parent_path() / "made"));
}

TEST_F(paths, lead_nowhere_outside_by_a_symlink_to_a_file) {
  fs::create_symlink(outside() / "secret.txt", root() / "link");
  fs::create_symlink("../outside/secret.txt", root() / "relative_link");
  for (const auto* path : {"link", "relative_link"}) {
    expect_failed(call("read_file", {{"path", path}}), errc::path_outside_root);
    expect_failed(call("write_file", {{"path", path}, {"content", "x"}}), errc::path_outside_root);
    expect_failed(call("edit_file", {{"path", path}, {"old_string", "out"}, {"new_string", "x"}}),
                  errc::path_outside_root);
  }
  EXPECT_EQ(get(outside() / "secret.txt"), "outside");
}

TEST_F(paths, lead_nowhere_outside_by_a_symlink_to_a_directory) {
  fs::create_directory_symlink(outside(), root() / "link");
  fs::create_directory_symlink("link", root() / "second");
  for (const auto* directory : {"link", "second"}) {
    const auto file = std::string{directory} + "/secret.txt";
    expect_failed(call("read_file", {{"path", file}}), errc::path_outside_root);
    expect_failed(call("list_dir", {{"path", directory}}), errc::path_outside_root);
    expect_failed(call("grep", {{"pattern", "out"}, {"path", directory}}), errc::path_outside_root);
    expect_failed(
        call("write_file", {{"path", std::string{directory} + "/d/new"}, {"content", ""}}),
        errc::path_outside_root);
    expect_failed(call("run_command", {{"command", "true"}, {"cwd", directory}}),
                  errc::path_outside_root);
  }
  EXPECT_FALSE(fs::exists(outside() / "d"));
}

TEST_F(paths, lead_nowhere_outside_by_a_dangling_symlink) {
  fs::create_symlink(outside() / "new", root() / "link");
  expect_failed(call("write_file", {{"path", "link"}, {"content", "x"}}), errc::path_outside_root);
  EXPECT_FALSE(fs::exists(outside() / "new"));
  fs::create_symlink("nothing", root() / "inner");
  expect_failed(call("write_file", {{"path", "inner"}, {"content", "x"}}), errc::path_invalid);
}

TEST_F(paths, stay_with_the_directory_that_was_opened_when_it_is_swapped_for_a_symlink) {
  fs::create_directory(root() / "dir");
  auto tree = worktree::open(root());
  ASSERT_TRUE(tree);
  auto place = tree.value().place_for_writing("dir/file");
  ASSERT_TRUE(place);
  fs::rename(root() / "dir", root() / "moved");
  fs::create_directory_symlink(outside(), root() / "dir");
  const unique_fd file{::openat(place.value().directory.get(),
                                place.value().name.c_str(),
                                O_WRONLY | O_CREAT | O_CLOEXEC,
                                0600)};
  EXPECT_TRUE(file.is_open());
  EXPECT_TRUE(fs::exists(root() / "moved" / "file"));
  EXPECT_FALSE(fs::exists(outside() / "file"));
}

// Rules and writable paths judge the text of a path: what it leads to has to be what it says.
TEST_F(paths, through_symlinks_are_refused_with_the_path_to_name) {
  put(root() / "infra" / "prod.tf", "one");
  fs::create_directory(root() / "docs");
  fs::create_directory_symlink("../infra", root() / "docs" / "cur");
  fs::create_symlink("infra/prod.tf", root() / "file_link");
  const auto refused = [&](std::string_view tool, const json::object& arguments) {
    const auto done = call(tool, arguments);
    expect_failed(done, errc::permission_denied);
    EXPECT_NE(done.text.find("through a symlink to 'infra"), std::string::npos) << done.text;
  };
  for (const auto* path : {"docs/cur/prod.tf", "docs/cur/../infra/prod.tf", "file_link"}) {
    refused("read_file", {{"path", path}});
    refused("write_file", {{"path", path}, {"content", "two"}});
    refused("edit_file", {{"path", path}, {"old_string", "one"}, {"new_string", "two"}});
    refused("grep", {{"pattern", "one"}, {"path", path}});
  }
  refused("write_file", {{"path", "docs/cur/new/dir/x.tf"}, {"content", "two"}});
  refused("list_dir", {{"path", "docs/cur"}});
  refused("grep", {{"pattern", "one"}, {"path", "docs/cur"}});
  EXPECT_EQ(get(root() / "infra" / "prod.tf"), "one");
  EXPECT_FALSE(fs::exists(root() / "infra" / "new"));
  expect_done(call("write_file", {{"path", "docs/../infra/prod.tf"}, {"content", "two"}}));
}

TEST_F(paths, by_another_name_of_the_worktree_are_refused) {
  put(root() / "a", "one");
  fs::create_directory_symlink(root(), outside() / "tree");
  where_.worktree = outside() / "tree";
  EXPECT_EQ(call("read_file", {{"path", (outside() / "tree/a").string()}}).text, "one");
  expect_failed(call("read_file", {{"path", (root() / "a").string()}}), errc::permission_denied);
}

TEST_F(paths, may_be_absolute_beneath_the_worktree) {
  put(root() / "a" / "file", "one");
  EXPECT_EQ(call("read_file", {{"path", (root() / "a/file").string()}}).text, "one");
  EXPECT_EQ(call("read_file", {{"path", "a//./../a/file"}}).text, "one");
  // A sibling whose name only begins like the worktree's.
  put(root().string() + "2/file", "no");
  expect_failed(call("read_file", {{"path", root().string() + "2/file"}}), errc::path_outside_root);
}

TEST_F(paths, that_are_empty_too_long_or_hold_nul_are_refused) {
  expect_failed(call("read_file", {{"path", ""}}), errc::path_invalid);
  expect_failed(call_text("read_file", R"({"path":"a\u0000b"})"), errc::path_invalid);
  expect_failed(call("read_file", {{"path", std::string(4097, 'a')}}), errc::path_invalid);
  expect_failed(call("read_file", {{"path", std::string(300, 'a')}}), errc::path_invalid);
  expect_failed(call("write_file", {{"path", std::string(300, 'a')}, {"content", ""}}),
                errc::path_invalid);
}

TEST_F(paths, to_fifos_devices_sockets_and_directories_are_refused_at_once) {
  ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0600), 0);
  const unique_fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (root() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address), 0);
  fs::create_directory(root() / "dir");
  for (const auto* path : {"fifo", "socket", "dir", "."}) {
    expect_failed(call("read_file", {{"path", path}}), errc::path_invalid);
    expect_failed(call("write_file", {{"path", path}, {"content", "x"}}), errc::path_invalid);
  }
  expect_done(call("grep", {{"pattern", "x"}}));
}

TEST_F(paths, into_git_are_not_written) {
  put(root() / ".git" / "config", "[core]");
  fs::create_directory_symlink(".git", root() / "link");
  fs::create_symlink(".git/config", root() / "file_link");
  for (const auto* path : {".git/config",
                           ".git/hooks/pre-commit",
                           ".GIT/config",
                           "link/hooks/new",
                           "link/config",
                           "file_link",
                           "sub/.git/config",
                           ".git"})
    expect_failed(call("write_file", {{"path", path}, {"content", "x"}}), errc::permission_denied);
  EXPECT_EQ(get(root() / ".git" / "config"), "[core]");
  EXPECT_FALSE(fs::exists(root() / ".git" / "hooks"));
  EXPECT_FALSE(fs::exists(root() / "sub"));
  expect_done(call("write_file", {{"path", ".gitignore"}, {"content", "x"}}));
}

TEST_F(paths, with_newlines_and_broken_utf8_are_shown_escaped) {
  put(root() / "two\nlines", "a match");
  put(root() / "bad\xff.txt", "a match");
  const auto listed = call("list_dir", {});
  EXPECT_NE(listed.text.find("two\\nlines (7 bytes)"), std::string::npos) << listed.text;
  EXPECT_TRUE(is_valid_utf8(listed.text));
  const auto found = call("grep", {{"pattern", "match"}});
  EXPECT_NE(found.text.find("two\\nlines:1:a match"), std::string::npos) << found.text;
  EXPECT_TRUE(is_valid_utf8(found.text));
  EXPECT_EQ(call("read_file", {{"path", "two\nlines"}}).text, "a match");
  expect_done(call("write_file", {{"path", "new\nname"}, {"content", "x"}}));
  EXPECT_EQ(get(root() / "new\nname"), "x");
}

TEST_F(paths, that_are_secret_are_refused_once_symlinks_are_resolved) {
  put(root() / ".env", "KEY=needle");
  put(root() / ".env.example", "KEY=needle");
  fs::create_symlink(".env", root() / "innocent");
  where_.secret_globs = {"**/.env*"};
  where_.secret_exceptions = {"**/.env.example"};
  expect_failed(call("read_file", {{"path", "innocent"}}), errc::secret_path_denied);
  expect_failed(call("read_file", {{"path", "x/../.ENV"}}), errc::file_not_found);
  expect_failed(call("write_file", {{"path", "innocent"}, {"content", ""}}),
                errc::secret_path_denied);
  const auto found = call("grep", {{"pattern", "needle"}});
  EXPECT_EQ(found.text, ".env.example:1:KEY=needle\n");
}

TEST_F(paths, of_a_worktree_that_is_not_there_are_refused) {
  where_.worktree = root() / "none";
  expect_failed(call("read_file", {{"path", "a"}}), errc::file_not_found);
}

} // namespace
} // namespace ash::tool
