#include "tests/actors/tools/a_worktree.hpp"

#include "actors/tools/beneath.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ash::tool {
namespace {

namespace fs = std::filesystem;

class sandbox : public a_worktree {
protected:
  void SetUp() override {
    if (!sandbox_probe())
      FAIL() << sandbox_probe().error().message;
    // Wherever the machine keeps its temporary files, the test's outside is not to be seen.
    where_.hidden_directories = {root().parent_path()};
  }

  outcome shell(std::string_view command) { return call("run_command", {{"command", command}}); }
  static void must(const std::string& command) {
    ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }
};

TEST_F(sandbox, lets_a_command_write_the_worktree_and_nothing_else) {
  put(outside() / "kept", "old");
  const auto done = shell("echo a > inside; for d in / /etc /usr /var " + outside().string() +
                          "; do echo x > $d/ash_probe && echo wrote $d; done 2>/dev/null; "
                          "mkdir -p /home/x /tmp/y && echo private");
  EXPECT_EQ(done.text, "private\n");
  EXPECT_EQ(get(root() / "inside"), "a\n");
  EXPECT_FALSE(fs::exists(outside() / "ash_probe"));
  EXPECT_FALSE(fs::exists("/home/x"));
  EXPECT_FALSE(fs::exists("/tmp/y"));
}

TEST_F(sandbox, shows_neither_home_nor_other_temporary_files_nor_hidden_directories) {
  fs::create_directory(root() / "data");
  put(root() / "data" / "log", "secret");
  where_.hidden_directories.push_back(root() / "data");
  const auto done = shell("ls -A /home /root /run data " + outside().string() +
                          " 2>/dev/null; cat /etc/shadow 2>/dev/null; true");
  EXPECT_EQ(done.text.find("secret"), std::string::npos) << done.text;
  EXPECT_EQ(done.text, "/home:\n\n/root:\n\n/run:\n\ndata:\n");
}

TEST_F(sandbox, works_where_the_worktree_lies_beneath_a_hidden_directory) {
  put(root() / "file", "seen");
  EXPECT_EQ(shell("cat file; ls ..").text, "seentree\n");
}

TEST_F(sandbox, has_no_network) {
  const unique_fd server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<::sockaddr*>(&address);
  ASSERT_EQ(::bind(server.get(), generic, size), 0);
  ASSERT_EQ(::listen(server.get(), 4), 0);
  ASSERT_EQ(::getsockname(server.get(), generic, &size), 0);
  const auto connect = "exec 5<>/dev/tcp/127.0.0.1/" + std::to_string(ntohs(address.sin_port));
  expect_failed(shell(connect), errc::tool_failed);
  where_.network = network_access::granted;
  expect_done(shell(connect));
}

TEST_F(sandbox, gives_no_capability_and_no_way_to_new_privileges) {
  EXPECT_EQ(shell("grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; id -u").text,
            "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n65534\n");
}

TEST_F(sandbox, shows_no_process_but_its_own) {
  EXPECT_EQ(shell("test -e /proc/" + std::to_string(::getpid()) + "/cmdline -a " +
                  std::to_string(::getpid()) +
                  " -gt 50 && echo seen; ls -d /proc/[0-9]* | wc -l "
                  "| awk '{ print ($1 < 10) }'")
                .text,
            "1\n");
}

TEST_F(sandbox, lets_git_read_a_linked_worktree_but_not_change_the_repository) {
  const auto repo = outside() / "repo";
  must("git init -q " + repo.string() + " && cd " + repo.string() +
       " && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first");
  fs::remove_all(root());
  must("git -C " + repo.string() + " worktree add -q " + root().string());
  put(root() / "new", "x");
  EXPECT_EQ(shell("git log --format=%s; git status --short").text, "first\n?? new\n");
  const auto done = shell("git -c user.name=a -c user.email=a@b commit --allow-empty -m second; "
                          "git config core.fsmonitor evil; rm -f .git; mv .git x; "
                          "echo evil > " +
                          (repo / ".git/hooks/pre-commit").string());
  EXPECT_TRUE(done.failed);
  EXPECT_TRUE(fs::is_regular_file(root() / ".git"));
  EXPECT_FALSE(fs::exists(repo / ".git/hooks/pre-commit"));
  EXPECT_EQ(get(repo / ".git/config").find("evil"), std::string::npos);
}

TEST_F(sandbox, does_not_show_a_directory_that_a_forged_git_file_names) {
  put(outside() / "private" / "key", "secret");
  put(root() / ".git", "gitdir: " + (outside() / "private").string() + "\n");
  EXPECT_EQ(shell("cat " + (outside() / "private/key").string() + " 2>/dev/null; echo end").text,
            "end\n");
}

TEST_F(sandbox, keeps_an_ordinary_git_directory_read_only) {
  must("git init -q " + root().string());
  expect_failed(shell("echo evil >> .git/config"), errc::tool_failed);
  EXPECT_EQ(get(root() / ".git/config").find("evil"), std::string::npos);
  expect_done(shell("git status"));
}

TEST_F(sandbox, remembers_that_it_works) {
  EXPECT_TRUE(sandbox_probe());
  EXPECT_TRUE(sandbox_probe());
}

} // namespace
} // namespace ash::tool
