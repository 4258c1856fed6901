#include "actors/shells/run_plan.hpp"
#include "cli/commands/remote_work.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/log/log_directory.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

/// `11-21 03:34`, UTC.
std::string short_time(const std::string& iso) {
  constexpr std::size_t to_the_minute = 16;
  return iso.size() < to_the_minute ? iso : iso.substr(5, 5) + ' ' + iso.substr(11, 5);
}

std::string short_id(const run_id& id) {
  return to_string(id).substr(0, 8);
}

/// A run that is said to be executing, and whose process has ended without a word.
struct listed_run {
  inspect::run_summary run;
  bool process_ended = false;

  [[nodiscard]] std::string state() const { return process_ended ? "interrupted" : run.state; }
};
using summaries = std::vector<listed_run>;

/// How many are done of those that are not left out.
std::string phases_of(const inspect::run_summary& run) {
  return std::to_string(run.phases_done) + "/" + std::to_string(run.phases - run.phases_omitted);
}

/// A narrow terminal has no room for a path that says anything: it has the repository's name, and
/// leaves out what `runs show` has.
void print_table(const summaries& runs) {
  constexpr std::size_t roomy = 100;
  const auto width = terminal_width(stream::out);
  const auto is_narrow = width < roomy;
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : runs) {
    const auto& run = each.run;
    std::vector<std::string> row{
        short_id(run.run), tr_word(each.state()), phases_of(run), to_string(run.cost)};
    if (!is_narrow)
      row.push_back(short_time(to_iso(run.started)));
    row.push_back(run.workflow);
    if (!is_narrow)
      row.push_back(run.base_branch);
    row.push_back(is_narrow ? run.repo_path.substr(run.repo_path.rfind('/') + 1) : run.repo_path);
    rows.push_back(std::move(row));
  }
  std::vector<std::string> header{tr("RUN"), tr("STATE"), tr("PHASES"), tr("COST")};
  if (!is_narrow)
    header.emplace_back(tr("STARTED"));
  header.emplace_back(tr("WORKFLOW"));
  if (!is_narrow)
    header.emplace_back(tr("BASE"));
  header.emplace_back(tr("REPOSITORY"));
  std::fputs(render_table(header, rows, width).c_str(), stdout);
}

/// As people read it; `idle`: nobody works on the run.
std::string state_of(const json::object& phase, bool idle) {
  const auto state = text_in(phase, "state");
  if (state == "omitted")
    return "left out";
  return idle && state == "running" ? "interrupted" : state;
}

/// Where what it made lies; empty while it has made nothing.
std::string artifact_of(const json::object& phase) {
  const auto artifact = object_in(phase, "artifact");
  return text_in(artifact, "sha256").empty() ? "" : text_in(artifact, "path");
}

void print_phases(const json::array& phases, bool idle) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : phases) {
    const auto& phase = each.as_object();
    std::int64_t tools = 0;
    for (const auto& [how, count] : object_in(phase, "tool_calls"))
      tools += count.to_number<std::int64_t>();
    rows.push_back({text_in(phase, "key"),
                    tr_word(state_of(phase, idle)),
                    text_in(phase, "persona"),
                    std::to_string(array_in(phase, "model_calls").size()),
                    std::to_string(tools),
                    "$" + text_in(phase, "cost_usd"),
                    artifact_of(phase)});
  }
  const auto table = render_table({tr("PHASE"),
                                   tr("STATE"),
                                   tr("PERSONA"),
                                   tr("CALLS"),
                                   tr("TOOLS"),
                                   tr("COST"),
                                   tr("ARTIFACT")},
                                  rows,
                                  terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
}

/// Why a phase stands where it does, where there is more to say than its state; a table would cut
/// it.
void print_reasons(const json::array& phases) {
  constexpr std::size_t longest = 300;
  const auto say = [](const json::object& phase, const std::string& why) {
    std::printf("%s: %s\n", text_in(phase, "key").c_str(), fit(why, longest).c_str());
  };
  for (const auto& each : phases) {
    const auto& phase = each.as_object();
    const auto failure = object_in(phase, "error");
    if (!failure.empty())
      say(phase, text_in(failure, "code") + ": " + text_in(failure, "message"));
    if (const auto why = text_in(phase, "omitted_because"); !why.empty())
      say(phase, tr("left out: {}", why));
    for (const auto& approval : array_in(phase, "awaits")) {
      const auto id = std::string{approval.as_string()}.substr(0, 8);
      say(phase, tr("waits for a person: actor-shell approvals show {}", id));
    }
  }
}

void print_state(const std::string& run, const std::string& state) {
  std::printf("%s\n", tr("run {} {}", run, tr_word(state)).c_str());
}

/// A run's history as its report has it.
void print_history(const json::object& of) {
  const auto run = text_in(of, "run");
  const auto process_ended = of.contains("process_ended");
  const auto state = process_ended ? std::string{"interrupted"} : text_in(of, "state");
  print_state(run, state);
  const auto line = [](const char* name, const std::string& value) {
    constexpr std::size_t names = 11;
    std::printf("  %s %s\n", padded(name, names).c_str(), value.c_str());
  };
  line(tr("workflow"), text_in(of, "workflow"));
  line(tr("repository"), text_in(of, "repository") + " (" + text_in(of, "base_branch") + ")");
  line(tr("branch"), text_in(of, "branch"));
  line(tr("started"), short_time(text_in(of, "started_at")));
  if (const auto report = text_in(of, "report"); !report.empty())
    line(tr("report"), report);
  const auto reason = object_in(of, "error");
  const auto message = text_in(reason, "message");
  if (process_ended) {
    line(tr("reason"), tr("its process ended while it was executing"));
  } else if (!message.empty()) {
    const auto code = text_in(reason, "code");
    line(tr("reason"), fit(code.empty() ? message : code + ": " + message, 200));
  }
  if (state == "interrupted")
    line(tr("next"), how_to_resume(run, process_ended ? std::string{} : message));
  line(tr("money"), "$" + text_in(of, "cost_usd"));
  std::printf("\n");
  const auto phases = array_in(of, "phases");
  print_phases(phases, process_ended);
  print_reasons(phases);
}

result<void> check_state(const std::string& wanted) {
  constexpr std::array known{"executing",
                             "awaiting_approval",
                             "interrupted",
                             "completed",
                             "failed",
                             "aborted",
                             "unreadable"};
  if (wanted.empty() || std::find(known.begin(), known.end(), wanted) != known.end())
    return success();
  std::string names;
  for (const auto* each : known)
    names += (names.empty() ? "" : ", ") + std::string{each};
  return refuse(errc::argument_invalid,
                "no run is ever '" + printable(wanted) + "': give --state one of " + names);
}

/// From the read models, a page at a time.
result<summaries> runs_at(const remote& at, const runs_list_options& asked) {
  constexpr std::int64_t most_rows = 500;
  summaries out;
  for (std::string after;;) {
    const auto left = asked.limit - static_cast<std::int64_t>(out.size());
    auto path = "/runs?limit=" + std::to_string(std::min(left, most_rows));
    if (!asked.state.empty())
      path += "&state=" + url_encoded(asked.state);
    if (!after.empty())
      path += "&after=" + url_encoded(after);
    TRY(const auto page, at.get(path));
    for (const auto& row : array_in(page, "items")) {
      TRY(auto run, summary_from(row.as_object()));
      out.push_back({std::move(run)});
    }
    after = text_in(page, "next");
    if (after.empty() || static_cast<std::int64_t>(out.size()) >= asked.limit)
      return out;
  }
}

/// Whether anybody may work on what was read of the log while it stood at `head`. Nobody does where
/// no process holds the log, and nothing was written since: a process that begins holds it before
/// it writes, and one that ends writes before it lets go.
bool may_be_worked_on(const settings& with, const log::event_log& log, std::uint64_t head) {
  return log::is_locked(data_layout{with.data_dir}.log()) || log.head() != head;
}

result<summaries> runs_here(const settings& with, const runs_list_options& asked) {
  const auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found) // no log yet: no runs
    return summaries{};
  if (!opened)
    return opened.error();
  const auto& log = *opened.value();
  const auto head = log.head();
  TRY(auto found, inspect::list_runs(log));
  const auto idle = !may_be_worked_on(with, log, head);
  summaries listed;
  for (auto& run : found) {
    const auto process_ended = idle && run.state == "executing";
    listed.push_back({std::move(run), process_ended});
  }
  std::erase_if(listed, [&](const auto& each) {
    return !asked.state.empty() && each.state() != asked.state;
  });
  if (static_cast<std::int64_t>(listed.size()) > asked.limit)
    listed.resize(static_cast<std::size_t>(asked.limit));
  return listed;
}

result<json::object> history_of(const settings& with, const std::string& id) {
  TRY(const auto server, remote::find(with));
  if (server)
    return server->get(run_path(id) + "/report?format=json");
  TRY(const auto log, open_reader(with));
  TRY(const auto run, resolve_run(*log, id));
  const auto head = log->head();
  TRY(const auto history, inspect::show_run(*log, run));
  auto out = inspect::to_json(history);
  if (history.state == "executing" && !may_be_worked_on(with, *log, head))
    out["process_ended"] = true;
  return out;
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
  const auto told = at.post(run_path(id) + "/abort", {{"reason", reason}});
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
    print_state(run, text_in(ended.value(), "state"));
  return 0;
}

} // namespace

int runs_list(const settings& with, const runs_list_options& asked) {
  const auto listed = [&]() -> result<summaries> {
    TRY(check_state(asked.state));
    TRY(const auto server, remote::find(with));
    return server ? runs_at(*server, asked) : runs_here(with, asked);
  }();
  if (!listed)
    return static_cast<int>(report(with, listed.error()));
  if (with.format == answer_format::json) {
    json::array all;
    for (const auto& each : listed.value()) {
      auto one = inspect::to_json(each.run);
      if (each.process_ended)
        one["process_ended"] = true;
      all.push_back(std::move(one));
    }
    print_json(all);
  } else if (listed.value().empty() && !asked.state.empty()) {
    std::fprintf(stderr, tr("no run is %s\n"), tr_word(asked.state).c_str());
  } else if (listed.value().empty()) {
    std::fprintf(
        stderr,
        "%s",
        tr("no runs; start one: actor-shell run WORKFLOW --repo DIR --requirements TEXT\n"));
  } else {
    print_table(listed.value());
  }
  return 0;
}

int runs_show(const settings& with, const std::string& id) {
  const auto history = history_of(with, id);
  if (!history)
    return static_cast<int>(report(with, history.error()));
  if (with.format == answer_format::json)
    print_json(history.value());
  else
    print_history(history.value());
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
  const auto server = remote::find_worker(with);
  if (!server)
    return static_cast<int>(report(with, server.error()));
  if (server.value()) {
    json::object body;
    if (cap)
      body["budget_usd"] = to_string(*cap).substr(1); // without its `$`
    const auto path = run_path(asked.id) + "/resume";
    return drive_remote(with, asked.format, *server.value(), path, body).code;
  }
  return drive(with,
               asked.format,
               [&](runtime& work, const std::stop_token&) -> result<run_id> {
                 TRY(const auto run, resolve_run(work.log(), asked.id));
                 TRY(work.resume_run(run, {"runs resume"}, cap));
                 return run;
               })
      .code;
}

int runs_abort(const settings& with, const std::string& id, const std::string& reason) {
  const auto server = remote::find_worker(with);
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
      print_state(to_string(run), ended.value().state);
    return 0;
  });
}

namespace {

enum class path_right : std::uint8_t { granted, revoked };

int change_path(const settings& with,
                const std::string& id,
                const std::string& path,
                path_right what) {
  const auto grants = what == path_right::granted;
  const auto server = remote::find(with);
  if (!server)
    return static_cast<int>(report(with, server.error()));
  const auto tell = [&] {
    if (with.format == answer_format::json)
      print_json(json::object{{"run", id}, {"path", path}, {"granted", grants}});
    else
      std::printf(
          "%s\n",
          (grants ? tr("granted {}", printable(path)) : tr("revoked {}", printable(path))).c_str());
    return 0;
  };
  if (server.value()) {
    const auto verb = std::string{grants ? "/permissions/grant" : "/permissions/revoke"};
    const auto told = server.value()->post(run_path(id) + verb, json::object{{"path", path}});
    return told ? tell() : static_cast<int>(report(with, told.error()));
  }
  return with_run(with, id, [&](runtime& work, const run_id& run) {
    const command_source by{grants ? "permissions grant" : "permissions revoke"};
    const auto done = grants ? work.grant_path(run, path, by) : work.revoke_path(run, path, by);
    return done ? tell() : static_cast<int>(report(with, done.error()));
  });
}

} // namespace

int permissions_grant(const settings& with, const std::string& run, const std::string& path) {
  return change_path(with, run, path, path_right::granted);
}

int permissions_revoke(const settings& with, const std::string& run, const std::string& path) {
  return change_path(with, run, path, path_right::revoked);
}

} // namespace ash::cli
