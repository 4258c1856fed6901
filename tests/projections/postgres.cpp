#include "tests/projections/postgres.hpp"

#include "projections/store/store.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ash::projections::testing {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "these tests need Postgres (apt-get install postgresql): %s\n", why.c_str());
  std::exit(1);
}

/// Postgres refuses to run as root.
const passwd* other_user() {
  if (geteuid() != 0)
    return nullptr;
  const auto* user = getpwnam("postgres");
  if (user == nullptr)
    give_up("there is no user postgres");
  return user;
}

pid_t spawn(const std::vector<std::string>& words, const std::string& output) {
  const auto* user = other_user();
  std::vector<char*> arguments;
  for (const auto& each : words)
    arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0)
    return child;
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  dup2(out, 1);
  dup2(out, 2);
  if (user != nullptr &&
      (setgid(user->pw_gid) != 0 || setgroups(0, nullptr) != 0 || setuid(user->pw_uid) != 0))
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT); // it ends with whoever started it
  if (chdir("/") == 0)
    execv(arguments[0], arguments.data());
  _exit(127);
}

std::string newest_programs() {
  std::string newest;
  std::error_code none;
  for (const auto& each : fs::directory_iterator{"/usr/lib/postgresql", none})
    if (fs::exists(each.path() / "bin/postgres"))
      newest = std::max(newest, (each.path() / "bin").string());
  if (newest.empty())
    give_up("there is no /usr/lib/postgresql/*/bin/postgres");
  return newest;
}

} // namespace

postgres& postgres::running() {
  static postgres one;
  return one;
}

postgres::postgres() : programs_{newest_programs()} {
  auto path = (fs::temp_directory_path() / "ash-postgres-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    give_up("no temporary directory");
  directory_ = path;
  if (const auto* user = other_user();
      user != nullptr && chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
    give_up("the temporary directory can't be given away");
  const auto child = spawn({programs_ + "/initdb",
                            "-D",
                            directory_ + "/data",
                            "-U",
                            "postgres",
                            "-A",
                            "trust",
                            "-E",
                            "UTF8",
                            "--no-sync"},
                           directory_ + "/initdb.log");
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0)
    give_up("initdb failed, see " + directory_ + "/initdb.log");
  start();
}

postgres::~postgres() {
  stop(SIGINT);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void postgres::start() {
  server_ = spawn({programs_ + "/postgres",
                   "-D",
                   directory_ + "/data",
                   "-k",
                   directory_,
                   "-c",
                   "listen_addresses=",
                   "-c",
                   "fsync=off"},
                  directory_ + "/server.log");
  const auto to = make_postgres_store(url("postgres"));
  for (int attempts = 0; attempts < 600; ++attempts) {
    if (to.value()->connect())
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  give_up("it does not answer, see " + directory_ + "/server.log");
}

void postgres::kill() {
  stop(SIGQUIT);
}

void postgres::stop(int signal) {
  if (server_ == 0)
    return;
  ::kill(server_, signal);
  waitpid(server_, nullptr, 0);
  server_ = 0;
}

std::string postgres::url(const std::string& database) const {
  return "postgresql:///" + database + "?user=postgres&host=" + directory_;
}

std::string postgres::new_database() {
  const auto name = "test_" + std::to_string(++databases_);
  const auto to = make_postgres_store(url("postgres"));
  const auto made = to.value()->connect().value()->run("create database " + name);
  if (!made)
    give_up(made.error().message);
  return url(name);
}

} // namespace ash::projections::testing
