#include "tests/events/log/log_child.hpp"

#include "tests/events/log/log_fixture.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace ash::log {
namespace {

constexpr std::size_t streams = 4;

/// Appends to all streams at once for ever.
int append_for_ever(const std::string& directory) {
  const auto log = open_log_in(directory);
  for (std::uint64_t version = 0;; ++version) {
    for (std::size_t i = 1; i < streams; ++i) {
      const auto keep = i == 1 && version % 2 == 1 ? durability::transient : durability::synced;
      log->append(
          an_append(
              a_stream("s" + std::to_string(i)), version, "p" + std::to_string(version), "", keep),
          [](const result<receipt>& at) {
            if (!at)
              _exit(3);
            const auto position = at.value().first_position;
            [[maybe_unused]] const auto told = write(1, &position, sizeof position);
          });
    }
    // Waiting for one of them keeps the queue short.
    if (!log->append_now(an_append(a_stream("s0"), version, "p" + std::to_string(version))))
      return 2;
  }
}

int hold(const std::string& directory) {
  open_options options;
  options.directory = directory;
  options.now = [] { return instant{0}; };
  const auto opened = open_rocksdb_log(std::move(options));
  char byte = opened ? 'y' : 'n';
  [[maybe_unused]] const auto told = write(1, &byte, 1);
  [[maybe_unused]] const auto asked = read(0, &byte, 1);
  return 0;
}

int write_and_die(const std::string& directory) {
  const auto log = open_log_in(directory);
  write_pairs(*log, 0, 8);
  return raise(SIGKILL);
}

int open_and_die(const std::string& directory, const std::string& boot) {
  open_options options;
  options.directory = directory;
  options.boot = {std::stoull(boot), std::stoull(boot)};
  const auto log = open_or_throw(options);
  return raise(SIGKILL);
}

int open_as_nobody(const std::string& directory) {
  if (geteuid() == 0 && seteuid(65'534) != 0)
    return 2;
  open_options options;
  options.directory = directory;
  const auto opened = open_rocksdb_log(options);
  return !opened && opened.error().code == errc::io_failed ? 0 : 1;
}

int play(const std::vector<std::string>& role) {
  const auto& name = role.at(0);
  if (name == "append_for_ever")
    return append_for_ever(role.at(1));
  if (name == "hold")
    return hold(role.at(1));
  if (name == "write_and_die")
    return write_and_die(role.at(1));
  if (name == "open_and_die")
    return open_and_die(role.at(1), role.at(2));
  return open_as_nobody(role.at(1));
}

} // namespace

int child_process::wait() {
  int status = 0;
  waitpid(pid, &status, 0);
  close(out);
  if (in >= 0)
    close(in);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

child_process start_child(std::vector<std::string> role) {
  int to[2];
  int from[2];
  if (pipe(to) != 0 || pipe(from) != 0)
    throw std::runtime_error{"no pipes for the test"};
  std::string program = "test_log";
  std::string flag = "--child";
  std::vector<char*> arguments{program.data(), flag.data()};
  for (auto& each : role)
    arguments.push_back(each.data());
  arguments.push_back(nullptr);
  const auto pid = fork();
  if (pid == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    for (const auto each : {to[0], to[1], from[0], from[1]})
      close(each);
    execv("/proc/self/exe", arguments.data());
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  return {pid, to[1], from[0]};
}

} // namespace ash::log

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view{argv[1]} == "--child")
    return ash::log::play({argv + 2, argv + argc});
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
