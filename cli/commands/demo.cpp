#include "cli/commands/remote_work.hpp"
#include "cli/language.hpp"
#include "events/base/fail_point.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ash::cli {
namespace {

namespace fs = std::filesystem;

struct file {
  const char* path;
  const char* text;
};

/// What the demo's repository holds before the run.
constexpr std::array files{
    file{"README.md", "# greet\n\nA greeting for every occasion.\n\n    sh greet.sh NAME\n"},
    file{"greet.sh",
         "#!/bin/sh\n# Greets whoever is named, or the world.\nset -eu\nname=${1:-world}\n"
         "printf 'Hello, %s!\\n' \"$name\"\n"},
    file{"test.sh",
         "#!/bin/sh\nset -eu\n[ \"$(sh greet.sh Ada)\" = 'Hello, Ada!' ]\n"
         "[ \"$(sh greet.sh)\" = 'Hello, world!' ]\necho 'all tests passed'\n"},
};

constexpr const char* requirements =
    "Add an option --shout to greet.sh that prints the greeting in capital letters. "
    "Everything that works today goes on working.";

result<void> git(const std::string& repo, std::vector<std::string> arguments) {
  std::vector<std::string> all{"git",
                               "-C",
                               repo,
                               "-c",
                               "user.name=actor-shell",
                               "-c",
                               "user.email=actor-shell@localhost",
                               "-c",
                               "commit.gpgsign=false"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (auto& each : all)
    words.push_back(each.data());
  words.push_back(nullptr);
  pid_t child = 0;
  const auto number = posix_spawnp(&child, "git", nullptr, nullptr, words.data(), environ);
  if (number != 0)
    return system_error("can't start git", number, errc::git_failed);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (status != 0)
    return refuse(errc::git_failed, "git " + arguments.front() + " failed in " + repo);
  return success();
}

/// Makes the repository, unless an earlier demo did. It comes into being whole: made beside, then
/// renamed.
result<std::string> make_repository(const std::string& data_dir) {
  const auto repo = fs::path{data_dir} / "demo" / "greet";
  std::error_code ec;
  if (fs::exists(repo, ec))
    return repo.string();
  const auto draft = repo.string() + ".new-" + std::to_string(getpid());
  fs::create_directories(draft, ec);
  if (ec)
    return system_error("can't make " + draft, ec.value(), errc::io_failed);
  for (const auto& each : files)
    if (std::ofstream out{draft + "/" + each.path}; !(out << each.text))
      return refuse(errc::io_failed, "can't write " + draft + "/" + each.path);
  TRY(git(draft, {"init", "--quiet", "--initial-branch=main"}));
  TRY(git(draft, {"add", "--all"}));
  TRY(git(draft, {"commit", "--quiet", "--message", "Greet"}));
  fs::rename(draft, repo, ec);
  if (ec)
    return system_error("can't rename " + draft, ec.value(), errc::io_failed);
  return repo.string();
}

run_request request_for(std::string repo) {
  run_request out;
  out.repo = std::move(repo);
  out.workflow = "spec-and-review@1";
  out.base_branch = "main";
  out.requirements = requirements;
  out.overrides = {{"spec-writer", "scripted-spec-writer@1"},
                   {"reviewer", "scripted-code-reviewer@1"},
                   {"verifier", "scripted-verifier@1"}};
  return out;
}

run_result run_demo(const settings& with, output_format format) {
  const auto failed = [&](const error& why) {
    return run_result{{}, static_cast<int>(report(with, why))};
  };
  if (const auto here = check_here(with, "demo"); !here)
    return failed(here.error());
  const auto server = remote::find_worker(with);
  if (!server)
    return failed(server.error());
  if (!server.value())
    return drive(with, format, [&](runtime& work, const std::stop_token&) -> result<run_id> {
      TRY(auto repo, make_repository(work.layout().directory));
      return work.start_run(request_for(std::move(repo)));
    });
  // It holds this data directory, so that the repository is on its machine.
  auto repo = make_repository(with.data_dir);
  if (!repo)
    return failed(repo.error());
  const auto body = body_of(request_for(std::move(repo).value()));
  return drive_remote(with, format, *server.value(), "/runs", body);
}

} // namespace

int demo(const settings& with, output_format format) {
  if (format == output_format::text)
    std::fprintf(
        stderr,
        "%s",
        tr("A workflow of three phases over a small git repository, with a scripted model: no "
           "network, no key, no cost.\nOn the way it meets a busy model (429) and an "
           "artifact that has to be repaired.\n\n"));
  const auto ended = run_demo(with, format);
  if (ended.code != 0 || format != output_format::text)
    return ended.code;
  std::printf("%s", tr("\nlog verify: "));
  std::fflush(stdout);
  return log_verify(with);
}

int list_fail_points(const settings& with) {
  if (with.format == answer_format::json) {
    json::array names;
    for (const auto name : fail_point_names())
      names.push_back(json::string{name});
    print_json(names);
    return 0;
  }
  for (const auto name : fail_point_names())
    std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
  return 0;
}

} // namespace ash::cli
