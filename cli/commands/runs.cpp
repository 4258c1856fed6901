#include "cli/commands/remote_work.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"

#include <boost/json/array.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

/// `11-21 03:34`, UTC.
std::string short_time(instant at) {
  const auto iso = to_iso(at);
  return iso.substr(5, 5) + ' ' + iso.substr(11, 5);
}

std::string short_id(const run_id& id) {
  return to_string(id).substr(0, 8);
}

void print_table(const std::vector<inspect::run_summary>& runs) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : runs)
    rows.push_back({short_id(run.run),
                    run.state,
                    std::to_string(run.phases_done) + "/" + std::to_string(run.phases),
                    to_string(run.cost),
                    short_time(run.started),
                    run.workflow,
                    run.base_branch,
                    run.repo_path});
  const auto table =
      render_table({"RUN", "STATE", "PHASES", "COST", "STARTED", "WORKFLOW", "BASE", "REPOSITORY"},
                   rows,
                   terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
}

void print_phases(const performers::run_history& of) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& phase : of.phases) {
    usd cost;
    for (const auto& call : phase.calls)
      cost += call.cost;
    std::int64_t tools = 0;
    for (const auto& [how, count] : phase.tool_calls)
      tools += count;
    rows.push_back({phase.key,
                    phase.state,
                    phase.persona,
                    std::to_string(phase.calls.size()),
                    std::to_string(tools),
                    to_string(cost),
                    phase.artifact_path,
                    phase.message});
  }
  const auto table =
      render_table({"PHASE", "STATE", "PERSONA", "CALLS", "TOOLS", "COST", "ARTIFACT", "REASON"},
                   rows,
                   terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
}

/// Calls `act` on the run that `id` names, in an opened data directory.
template <class Act> int with_run(const settings& with, const std::string& id, const Act& act) {
  auto opened = open_runtime(with);
  if (!opened)
    return static_cast<int>(report(with, opened.error()));
  const auto run = resolve_run(opened.value()->log(), id);
  if (!run)
    return static_cast<int>(report(with, run.error()));
  return act(*opened.value(), run.value());
}

int abort_at(const settings& with,
             const remote& at,
             const std::string& id,
             const std::string& reason) {
  const auto told = at.post("/runs/" + url_encoded(id) + "/abort", {{"reason", reason}});
  if (!told)
    return static_cast<int>(report(with, told.error()));
  const auto run = std::string{told.value().at("run").as_string()};
  stop_signals signals; // until its report is written and all beneath it is settled
  const auto over = at.follow(
      "run/" + run, 0, [](const json::object&) { return after_event::go_on; }, signals.token());
  if (!over)
    return static_cast<int>(report(with, over.error()));
  const auto ended = at.get("/runs/" + run);
  if (!ended)
    return static_cast<int>(report(with, ended.error()));
  if (with.format == answer_format::json)
    print_json(ended.value());
  else
    std::printf("run %s %s\n", run.c_str(), ended.value().at("state").as_string().c_str());
  return 0;
}

} // namespace

int runs_list(const settings& with, const runs_list_options& asked) {
  auto opened = open_reader(with);
  std::vector<inspect::run_summary> shown;
  if (opened) {
    auto listed = inspect::list_runs(*opened.value());
    if (!listed)
      return static_cast<int>(report(with, listed.error()));
    for (auto& run : listed.value())
      if ((asked.state.empty() || run.state == asked.state) &&
          static_cast<std::int64_t>(shown.size()) < asked.limit)
        shown.push_back(std::move(run));
  } else if (opened.error().code != errc::file_not_found) { // no log yet: no runs
    return static_cast<int>(report(with, opened.error()));
  }
  if (with.format == answer_format::json) {
    json::array all;
    for (const auto& run : shown)
      all.push_back(inspect::to_json(run));
    print_json(all);
  } else if (shown.empty()) {
    std::fprintf(stderr,
                 "no runs; start one: actor-shell run WORKFLOW --repo DIR --requirements TEXT\n");
  } else {
    print_table(shown);
  }
  return 0;
}

int runs_show(const settings& with, const std::string& id) {
  auto opened = open_reader(with);
  if (!opened)
    return static_cast<int>(report(with, opened.error()));
  const auto run = resolve_run(*opened.value(), id);
  if (!run)
    return static_cast<int>(report(with, run.error()));
  const auto history = inspect::show_run(*opened.value(), run.value());
  if (!history)
    return static_cast<int>(report(with, history.error()));
  const auto& of = history.value();
  if (with.format == answer_format::json) {
    print_json(inspect::to_json(of));
    return 0;
  }
  std::printf("run %s %s\n", to_string(run.value()).c_str(), of.state.c_str());
  std::printf("  workflow    %s\n  repository  %s (%s)\n  branch      %s\n",
              of.plan.workflow.c_str(),
              of.plan.repo_path.c_str(),
              of.plan.base_branch.c_str(),
              of.plan.branch.c_str());
  if (of.report)
    std::printf("  report      %s\n", of.report->markdown_path.c_str());
  if (!of.message.empty())
    std::printf("  reason      %s\n", fit(of.code + " " + of.message, 200).c_str());
  std::printf("  money       %s\n\n", to_string(of.cost()).c_str());
  print_phases(of);
  return 0;
}

int runs_resume(const settings& with, const resume_options& asked) {
  std::optional<usd> cap;
  if (!asked.budget.empty()) {
    const auto read = parse_cap(asked.budget);
    if (!read)
      return static_cast<int>(report(with, read.error()));
    cap = read.value();
  }
  const auto server = remote::find(with);
  if (!server)
    return static_cast<int>(report(with, server.error()));
  if (server.value()) {
    json::object body;
    if (cap)
      body["budget_usd"] = to_string(*cap).substr(1); // without its `$`
    const auto path = "/runs/" + url_encoded(asked.id) + "/resume";
    return drive_remote(with, asked.format, *server.value(), path, body).code;
  }
  return drive(with,
               asked.format,
               [&](runtime& work) -> result<run_id> {
                 TRY(const auto run, resolve_run(work.log(), asked.id));
                 TRY(work.resume_run(run, {"runs resume"}, cap));
                 return run;
               })
      .code;
}

int runs_abort(const settings& with, const std::string& id, const std::string& reason) {
  const auto server = remote::find(with);
  if (!server)
    return static_cast<int>(report(with, server.error()));
  if (server.value())
    return abort_at(with, *server.value(), id, reason);
  stop_signals signals;
  return with_run(with, id, [&](runtime& work, const run_id& run) {
    if (const auto aborted = work.abort_run(run, reason, {"runs abort"}); !aborted)
      return static_cast<int>(report(with, aborted.error()));
    const auto ended = work.wait(run, signals.token());
    if (!ended)
      return static_cast<int>(report(with, ended.error()));
    if (with.format == answer_format::json)
      print_json(inspect::to_json(ended.value()));
    else
      std::printf("run %s %s\n", to_string(run).c_str(), ended.value().state.c_str());
    return 0;
  });
}

} // namespace ash::cli
