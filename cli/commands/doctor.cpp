#include "actors/shells/audit_trail.hpp"
#include "actors/shells/run_plan.hpp"
#include "actors/tokens/tokens.hpp"
#include "actors/tools/tool.hpp"
#include "cli/commands/doctor_outside.hpp"
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
    return {"data directory", verdict::bad, made.error().message, "choose another with --data-dir"};
  return {"data directory", verdict::good, made.value().directory, {}};
}

finding check_disk(const settings& with) {
  struct statvfs space {};
  if (statvfs(with.data_dir.c_str(), &space) != 0)
    return {"disk space", verdict::warning, "can't be read", "look at the data directory"};
  const auto left = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  const auto shown = show_count(static_cast<std::int64_t>(left)) + " bytes free";
  if (left < wanted_disk_bytes)
    return {"disk space", verdict::warning, shown, "free some, or move the data with --data-dir"};
  return {"disk space", verdict::good, shown, {}};
}

finding check_log(const settings& with) {
  const auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found)
    return {"log", verdict::good, "none yet: the first run makes it", {}};
  const auto* advice = "run `actor-shell log verify`, or restore a backup";
  if (!opened)
    return {"log", verdict::bad, opened.error().message, advice};
  const auto head = "head " + std::to_string(opened.value()->head());
  const auto stats = opened.value()->stats();
  if (stats && stats.value().disk_bytes > quickly_verified_bytes)
    return {"log", verdict::good, "opens, " + head + "; large: `actor-shell log verify`", {}};
  const auto verified = opened.value()->verify();
  if (!verified)
    return {"log", verdict::bad, verified.error().message, advice};
  if (verified.value().damage_count != 0)
    return {"log",
            verdict::bad,
            std::to_string(verified.value().damage_count) +
                " damages, the first: " + verified.value().damages.front().what,
            advice};
  return {"log", verdict::good, "clean, " + head, {}};
}

finding check_audit(const settings& with) {
  const auto opened = open_reader(with);
  if (!opened)
    return {"audit trail", verdict::good, "none yet", {}};
  const auto found = audit::verify(audit::file_in(with.data_dir), *opened.value());
  if (!found)
    return {"audit trail",
            verdict::bad,
            found.error().message,
            "look at that line; moved away, the trail is written anew from the log"};
  return {
      "audit trail", verdict::good, std::to_string(found.value().lines) + " lines, chained", {}};
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
    return {"git", verdict::bad, "does not run", "install git"};
  return {"git", verdict::good, "runs", {}};
}

finding check_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto shown = std::to_string(limit.rlim_cur) + " open files allowed";
  if (limit.rlim_cur < wanted_files)
    return {"file limit", verdict::warning, shown, "raise it with `ulimit -n 65536`"};
  return {"file limit", verdict::good, shown, {}};
}

finding check_clock() {
  const auto now = system_now();
  if (now.us / us_per_s < plausible_from_s)
    return {
        "clock", verdict::bad, to_iso(now), "set the clock: daily budgets and records go by it"};
  return {"clock", verdict::good, to_iso(now), {}};
}

finding check_tokens() {
  if (!are_token_counts_exact())
    return {"tokens",
            verdict::warning,
            "estimated by their characters: this binary was built without ranks",
            "build it again with ./dev build, with a network"};
  return {"tokens", verdict::good, "counted by cl100k_base", {}};
}

std::vector<finding> examine(const settings& with, const doctor_options& asked) {
  std::vector<finding> found{
      check_data_dir(with), check_disk(with), check_log(with), check_audit(with), check_git()};
  found.push_back(
      from("sandbox",
           tool::sandbox_probe(),
           "bubblewrap works",
           "install bubblewrap, or set tools.sandbox: unsandboxed in the configuration"));
  const auto config = read_config(with);
  if (config) {
    found.push_back({"configuration", verdict::good, with.config_file, {}});
    for (auto& each : check_outside(with, config.value(), asked))
      found.push_back(std::move(each));
  } else {
    found.push_back(
        {"configuration", verdict::bad, config.error().message, "mend " + with.config_file});
  }
  found.push_back(check_tokens());
  found.push_back(check_files());
  found.push_back(check_clock());
  return found;
}

const char* word_of(verdict how) {
  return how == verdict::good ? "ok" : how == verdict::warning ? "warn" : "fail";
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
    std::printf("%s%-8s%s %-22s %s\n",
                colour,
                word_of(each.how),
                style.plain,
                each.what.c_str(),
                each.detail.c_str());
    if (!each.advice.empty())
      std::printf("%31s → %s\n", "", each.advice.c_str());
  }
  if (with.format == answer_format::json)
    print_json(json::object{{"healthy", !any_bad}, {"checks", std::move(shown)}});
  return any_bad ? static_cast<int>(exit_code::failed) : 0;
}

} // namespace ash::cli
