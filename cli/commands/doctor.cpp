#include "actors/shells/audit_trail.hpp"
#include "actors/shells/run_plan.hpp"
#include "actors/tokens/tokens.hpp"
#include "actors/tools/tool.hpp"
#include "cli/commands/doctor_outside.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"

#include <boost/json/array.hpp>
#include <cstdio>
#include <filesystem>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

extern char** environ;

namespace ash::cli {
namespace {

constexpr std::uint64_t wanted_disk_bytes = std::uint64_t{1} << 30;
/// Up to this size verifying takes seconds.
constexpr std::uint64_t quickly_verified_bytes = std::uint64_t{512} << 20;
constexpr rlim_t wanted_files = 4'096;
/// 2024-01-01: a clock before that is wrong.
constexpr std::int64_t plausible_from_s = 1'704'067'200;

finding from(std::string what, const result<void>& outcome, std::string good, std::string advice) {
  if (outcome)
    return {std::move(what), verdict::good, std::move(good), {}};
  return {std::move(what), verdict::bad, outcome.error().message, std::move(advice)};
}

finding check_data_dir(const settings& with) {
  const auto made = data_layout::make(with.data_dir);
  if (!made)
    return {tr("data directory"),
            verdict::bad,
            made.error().message,
            tr("choose another with --data-dir")};
  return {tr("data directory"), verdict::good, made.value().directory, {}};
}

finding check_disk(const settings& with) {
  struct statvfs space {};
  if (statvfs(with.data_dir.c_str(), &space) != 0)
    return {
        tr("disk space"), verdict::warning, tr("can't be read"), tr("look at the data directory")};
  const auto left = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  const auto size = with.format == answer_format::json ? tr("{} bytes", left) : show_bytes(left);
  const auto shown = tr("{} free", size);
  if (left < wanted_disk_bytes)
    return {tr("disk space"),
            verdict::warning,
            shown,
            tr("free some, or move the data with --data-dir")};
  return {tr("disk space"), verdict::good, shown, {}};
}

finding check_log(const settings& with) {
  const auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found)
    return {tr("log"), verdict::good, tr("none yet: the first run makes it"), {}};
  const auto* advice = tr("run `actor-shell log verify`, or restore a backup");
  if (!opened)
    return {tr("log"), verdict::bad, opened.error().message, advice};
  const auto head = opened.value()->head();
  const auto stats = opened.value()->stats();
  if (stats && stats.value().disk_bytes > quickly_verified_bytes)
    return {
        tr("log"), verdict::good, tr("opens, head {}; large: `actor-shell log verify`", head), {}};
  const auto verified = opened.value()->verify();
  if (!verified)
    return {tr("log"), verdict::bad, verified.error().message, advice};
  if (verified.value().damage_count != 0)
    return {tr("log"),
            verdict::bad,
            tr("{} damages, the first: {}",
               verified.value().damage_count,
               verified.value().damages.front().what),
            advice};
  return {tr("log"), verdict::good, tr("clean, head {}", head), {}};
}

finding check_audit(const settings& with) {
  const auto opened = open_reader(with);
  if (!opened)
    return {tr("audit trail"), verdict::good, tr("none yet"), {}};
  const auto found = audit::verify(audit::file_in(with.data_dir), *opened.value());
  if (!found)
    return {tr("audit trail"),
            verdict::bad,
            found.error().message,
            tr("look at that line; moved away, the trail is written anew from the log")};
  return {tr("audit trail"), verdict::good, tr("{} lines, chained", found.value().lines), {}};
}

/// What other commands would talk to.
finding check_server(const settings& with) {
  const auto* advice = tr("look at the server, its URL and its token (--server, --token-file)");
  const auto server = remote::find(with);
  if (!server)
    return {tr("server"), verdict::bad, server.error().message, advice};
  if (!server.value())
    return {tr("server"), verdict::good, tr("none: commands do their work themselves"), {}};
  const auto& url = server.value()->url();
  const auto answer = server.value()->get("/log");
  if (!answer)
    return {tr("server"), verdict::bad, url + ": " + answer.error().message, advice};
  const auto head = number_in<std::uint64_t>(answer.value(), "head");
  return {tr("server"), verdict::good, tr("{} answers, head {}", url, head), {}};
}

finding check_git() {
  // Its version goes to our own output, which is not wanted: only whether it runs.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
  std::string name = "git";
  std::string argument = "--version";
  char* words[] = {name.data(), argument.data(), nullptr};
  pid_t child = 0;
  int status = -1;
  const auto started = posix_spawnp(&child, "git", &actions, nullptr, words, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  if (started)
    waitpid(child, &status, 0);
  if (!started || status != 0)
    return {"git", verdict::bad, tr("does not run"), tr("install git")};
  return {"git", verdict::good, tr("runs"), {}};
}

finding check_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto shown = tr("{} open files allowed", limit.rlim_cur);
  if (limit.rlim_cur < wanted_files)
    return {tr("file limit"), verdict::warning, shown, tr("raise it with `ulimit -n 65536`")};
  return {tr("file limit"), verdict::good, shown, {}};
}

finding check_clock() {
  const auto now = system_now();
  if (now.us / us_per_s < plausible_from_s)
    return {tr("clock"),
            verdict::bad,
            to_iso(now),
            tr("set the clock: daily budgets and records go by it")};
  return {tr("clock"), verdict::good, to_iso(now), {}};
}

finding check_tokens() {
  if (!are_token_counts_exact())
    return {tr("tokens"),
            verdict::warning,
            tr("estimated by their characters: this binary was built without ranks"),
            tr("build it again with ./dev build, with a network")};
  return {tr("tokens"), verdict::good, tr("counted by cl100k_base"), {}};
}

std::vector<finding> examine(const settings& with, const doctor_options& asked) {
  std::vector<finding> found{check_data_dir(with),
                             check_disk(with),
                             check_log(with),
                             check_audit(with),
                             check_server(with),
                             check_git()};
  found.push_back(
      from(tr("sandbox"),
           tool::sandbox_probe(),
           tr("bubblewrap works"),
           tr("install bubblewrap, or set tools.sandbox: unsandboxed in the configuration")));
  const auto config = read_config(with);
  if (config) {
    std::error_code ec;
    const auto there = std::filesystem::exists(with.config_file, ec);
    found.push_back({tr("configuration"),
                     verdict::good,
                     there ? with.config_file
                           : tr("none in {}: every setting has its default", with.config_file),
                     {}});
    for (auto& each : check_outside(with, config.value(), asked))
      found.push_back(std::move(each));
  } else {
    found.push_back({tr("configuration"),
                     verdict::bad,
                     config.error().message,
                     tr("mend {}", with.config_file)});
  }
  found.push_back(check_tokens());
  found.push_back(check_files());
  found.push_back(check_clock());
  return found;
}

const char* word_of(verdict how) {
  return how == verdict::good ? msg("ok") : how == verdict::warning ? msg("warn") : msg("fail");
}

} // namespace

int doctor(const settings& with, const doctor_options& asked) {
  const auto found = examine(with, asked);
  bool any_bad = false;
  json::array shown;
  const auto style = style_of(stream::out);
  for (const auto& each : found) {
    any_bad = any_bad || each.how == verdict::bad;
    if (with.format == answer_format::json) {
      shown.push_back(json::object{{"check", each.what},
                                   {"verdict", word_of(each.how)},
                                   {"detail", each.detail},
                                   {"advice", each.advice}});
      continue;
    }
    const auto* colour = each.how == verdict::good  ? style.good
                         : each.how == verdict::bad ? style.bad
                                                    : style.busy;
    constexpr std::size_t verdicts = 8;
    constexpr std::size_t names = 22;
    std::printf("%s%s%s %s %s\n",
                colour,
                padded(tr(word_of(each.how)), verdicts).c_str(),
                style.plain,
                padded(each.what, names).c_str(),
                each.detail.c_str());
    if (!each.advice.empty())
      std::printf("%31s → %s\n", "", each.advice.c_str());
  }
  if (with.format == answer_format::json)
    print_json(json::object{{"healthy", !any_bad}, {"checks", std::move(shown)}});
  return any_bad ? static_cast<int>(exit_code::failed) : 0;
}

} // namespace ash::cli
