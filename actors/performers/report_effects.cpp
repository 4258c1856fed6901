#include "actors/performers/report_effects.hpp"

#include "actors/performers/report_text.hpp"
#include "actors/performers/workspace.hpp"
#include "actors/tools/beneath.hpp"
#include "actors/tools/file_bytes.hpp"
#include "events/base/fail_point.hpp"
#include "events/base/text.hpp"

#include <filesystem>

namespace ash::performers {
namespace {

namespace fs = std::filesystem;

error unwritten(const error& why, const std::string& where) {
  return refuse(errc::report_write_failed,
                "the report could not be written to '" + printable(where) + "': " + why.message)
      .with("directory", where);
}

result<void> write_files(const std::string& directory,
                         const std::string& json_text,
                         const std::string& markdown) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed)
    return system_error("making the directory", failed.value());
  TRY(auto beneath, tool::worktree::open(directory));
  TRY(auto json_place, beneath.place_for_writing("report.json"));
  TRY(tool::write_all(json_place, json_text));
  TRY(auto markdown_place, beneath.place_for_writing("report.md"));
  TRY(tool::write_all(markdown_place, markdown));
  return success();
}

save_request save_of(const run_history& of, const std::string& outcome) {
  save_request out{of.plan.repo_path, of.plan.worktree, of.plan.branch, {}, {}};
  for (const auto& phase : of.phases)
    if (!phase.sha256.empty())
      out.artifacts.push_back(phase.artifact_path);
  out.message = "actor-shell: " + of.plan.workflow + " (" + outcome +
                ")\n\nRun: " + to_string(of.plan.run) + "\n";
  return out;
}

} // namespace

result<run::report_composed> compose_report(const effect::compose_report& what,
                                            const log::event_log& log,
                                            std::stop_token stop) {
  TRY(auto history, read_run_history(log, what.run));
  report_frame frame{what.outcome, {}};
  if (!history.base_commit.empty()) {
    auto commit = save_workspace(save_of(history, what.outcome), stop);
    if (commit)
      frame.commit = std::move(commit).value();
    else if (what.outcome == "completed" || commit.error().code == errc::cancelled)
      return std::move(commit).error();
  }
  const auto& directory = history.plan.report_dir;
  auto written = write_files(
      directory, to_json_text(report_json(history, frame)) + "\n", report_markdown(history, frame));
  if (!written)
    return unwritten(written.error(), directory);
  // The work is on the branch; a worktree that can't be removed costs disk space and nothing else.
  if (what.outcome == "completed" && !frame.commit.empty()) {
    static_cast<void>(remove_workspace(history.plan.repo_path, history.plan.worktree, stop));
    static_cast<void>(remove_phase_branches(history.plan.repo_path, history.plan.branch, stop));
  }
  return run::report_composed{directory + "/report.json",
                              directory + "/report.md",
                              frame.commit.empty() ? std::string{} : history.plan.branch,
                              frame.commit,
                              history.cost()};
}

void perform_compose_report(running_effect& effect,
                            const effect::compose_report& what,
                            const performer_options& options) {
  pass(fail_point::report_before);
  auto report = compose_report(what, *options.log, effect.stop_token());
  pass(fail_point::report_after);
  if (report)
    effect.end(run::report_ready{std::move(report).value(), what.outcome});
  else if (report.error().code == errc::cancelled)
    effect.drop();
  else
    effect.end(run::report_lost{std::move(report).error(), what.outcome});
}

} // namespace ash::performers
