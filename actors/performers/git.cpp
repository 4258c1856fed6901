#include "actors/performers/git.hpp"

#include "actors/tools/process.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace ash::performers {
namespace {

constexpr std::int64_t time_limit_ms = 120'000;
constexpr std::size_t max_output = std::size_t{1} << 20;
constexpr std::size_t shown_output = 2'000;

std::vector<std::string> environment() {
  std::vector<std::string> out{"LC_ALL=C",
                               "GIT_TERMINAL_PROMPT=0",
                               "GIT_OPTIONAL_LOCKS=0",
                               "GIT_PAGER=cat",
                               "GIT_EDITOR=true"};
  for (const auto* name : {"PATH", "HOME", "XDG_CONFIG_HOME"})
    if (const auto* value = std::getenv(name))
      out.push_back(std::string{name} + "=" + value);
  return out;
}

std::vector<std::string> command_line(const git_place& where, std::vector<std::string> arguments) {
  // The person who starts a run names the repository: another owner is no reason to refuse it.
  std::vector<std::string> out{"git",
                               "-c",
                               "safe.directory=*",
                               "-c",
                               "core.hooksPath=/dev/null",
                               "-c",
                               "core.fsmonitor=false",
                               "-c",
                               "commit.gpgSign=false",
                               "-c",
                               "user.name=actor-shell",
                               "-c",
                               "user.email=actor-shell@localhost",
                               "-c",
                               "gc.auto=0",
                               "-c",
                               "submodule.recurse=false"};
  if (where.git_dir) {
    out.push_back("--git-dir=" + *where.git_dir);
    out.push_back("--work-tree=" + where.directory);
  }
  out.insert(out.end(),
             std::make_move_iterator(arguments.begin()),
             std::make_move_iterator(arguments.end()));
  return out;
}

std::string message_in(std::string_view output) {
  auto text = to_valid_utf8(output);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return printable(utf8_prefix(text, shown_output));
}

} // namespace

result<git_answer>
try_git(const git_place& where, std::vector<std::string> arguments, std::stop_token stop) {
  const auto verb = arguments.empty() ? std::string{} : arguments.front();
  tool::process_request request;
  request.arguments = command_line(where, std::move(arguments));
  request.environment = environment();
  request.directory = where.directory;
  request.time_limit_ms = time_limit_ms;
  request.max_output_bytes = max_output;
  auto end = tool::run_process(request, std::move(stop));
  if (!end)
    return refuse(errc::git_failed,
                  "git " + verb + " could not be run in '" + printable(where.directory) +
                      "': " + end.error().message);
  if (end.value().ending == tool::process_ending::stopped)
    return refuse(errc::cancelled, "git " + verb + " was stopped");
  if (end.value().ending == tool::process_ending::timed_out)
    return refuse(errc::git_failed, "git " + verb + " took longer than two minutes");
  return git_answer{end.value().exit_code, std::move(end.value().output)};
}

result<std::string>
run_git(const git_place& where, std::vector<std::string> arguments, std::stop_token stop) {
  const auto verb = arguments.empty() ? std::string{} : arguments.front();
  TRY(auto answer, try_git(where, std::move(arguments), std::move(stop)));
  if (answer.exit_code != 0)
    return refuse(errc::git_failed,
                  "git " + verb + " failed (exit code " + std::to_string(answer.exit_code) +
                      ") in '" + printable(where.directory) + "': " + message_in(answer.output))
        .with("directory", where.directory);
  return std::move(answer.output);
}

result<std::string> object_id_in(std::string_view output) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  while (!output.empty()) {
    const auto line = output.substr(0, output.find('\n'));
    if ((line.size() == 40 || line.size() == 64) && std::all_of(line.begin(), line.end(), is_hex))
      return std::string{line};
    output.remove_prefix(std::min(line.size() + 1, output.size()));
  }
  return refuse(errc::git_failed, "git named no commit where it should have");
}

result<std::string> common_dir_of(const std::string& repo, std::stop_token stop) {
  TRY(auto answer,
      try_git({repo}, {"rev-parse", "--path-format=absolute", "--git-common-dir"}, stop));
  if (answer.exit_code != 0)
    return refuse(errc::repo_path_invalid,
                  "'" + printable(repo) +
                      "' is not a git repository: " + message_in(answer.output));
  auto& text = answer.output;
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  // A warning of git's would come before its answer.
  return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

std::unique_lock<std::mutex> lock_repository(const std::string& repo) {
  static std::mutex guard;
  static std::map<std::string, std::mutex> locks; // one a repository: they are few
  std::mutex* found = nullptr;
  {
    const std::lock_guard lock{guard};
    found = &locks[repo];
  }
  return std::unique_lock{*found};
}

} // namespace ash::performers
