#include "tests/e2e/kill_case.hpp"

#include "events/base/match.hpp"

#include <algorithm>
#include <csignal>

namespace ash::e2e {
namespace {

constexpr std::chrono::seconds run_limit{60};
constexpr int most_resumes = 6;

bool is_over(const inspect::run_summary& run) {
  return run.settled;
}

end_state end_state_of(const std::vector<fact_at>& facts, const inspect::run_summary& run) {
  end_state end;
  for (const auto& closed : only<run::phase_closed>(facts))
    end.phases.push_back(closed.key + ' ' + std::to_string(static_cast<int>(closed.outcome)) + ' ' +
                         closed.sha256);
  for (const auto& valid : only<phase::artifact_validated>(facts))
    end.artifacts[valid.path] = valid.sha256;
  const auto listed =
      run_process({.command = {"git", "-C", run.repo_path, "ls-tree", "-r", run.branch},
                   .environment = {},
                   .directory = {}});
  for (const auto& line : lines_of(listed.out))
    if (const auto tab = line.find('\t');
        tab != std::string::npos && line.substr(tab + 1) != "ledger")
      end.tree[line.substr(tab + 1)] = line.substr(0, tab);
  return end;
}

} // namespace

kill_case::kill_case(const fs::path& template_repo) {
  fs::copy(template_repo, home_ / "repo", fs::copy_options::recursive);
}

ended_process kill_case::start(const std::map<std::string, std::string>& more) {
  auto environment = clean_environment(home_.path());
  environment.insert(more.begin(), more.end());
  return run_process({.command = {ACTOR_SHELL_BINARY,
                                  "run",
                                  "spec-and-review@1",
                                  "--repo",
                                  home_ / "repo",
                                  "--requirements",
                                  "Greet in capitals.",
                                  "--model",
                                  "scripted:" E2E_FIXTURES "/kill_matrix.yaml",
                                  "--output-format",
                                  "json"},
                      .environment = std::move(environment),
                      .directory = home_.path(),
                      .limit = run_limit});
}

ended_process kill_case::resume(const std::string& run,
                                const std::map<std::string, std::string>& more) {
  auto environment = clean_environment(home_.path());
  environment.insert(more.begin(), more.end());
  return run_process(
      {.command = {ACTOR_SHELL_BINARY, "runs", "resume", run, "--output-format", "json"},
       .environment = std::move(environment),
       .directory = home_.path(),
       .limit = run_limit});
}

case_result kill_case::run_unkilled(const fs::path& passages) {
  case_result out;
  const auto ended = start({{"ACTOR_SHELL_FAIL_COUNT", passages}});
  if (ended.exit_code != 0)
    out.faults.push_back("the unkilled run: " + ended.shown());
  else
    examine({}, out);
  return out;
}

case_result kill_case::run_killed(const kill_at& where, const end_state& expected) {
  case_result out;
  const auto died =
      start({{"ACTOR_SHELL_FAIL_AT", where.point + ':' + std::to_string(where.passage)}});
  out.killed = died.signal == SIGKILL && !died.timed_out;
  if (!out.killed && died.exit_code != 0) {
    out.faults.push_back("neither killed nor done: " + died.shown());
    return out;
  }
  const auto death = look(out);
  if (!bring_to_its_end(where, out))
    return out;
  examine(death, out);
  if (out.end.phases != expected.phases || out.end.artifacts != expected.artifacts)
    out.faults.emplace_back("other phases or artifacts than without a kill");
  if (out.end.tree != expected.tree)
    out.faults.emplace_back("another tree on the branch than without a kill");
  return out;
}

kill_case::at_death kill_case::look(case_result& into) const {
  at_death death;
  const left_log log{home_ / "data"};
  if (!log)
    return death;
  const auto facts = log.facts();
  std::map<std::string, effect_class> effect_of;
  for (const auto& each : facts) {
    const auto stream = each.record.stream.text();
    std::visit(match{
                   [&](const tool_call::requested& f) { effect_of[stream] = f.effect; },
                   [&](const tool_call::started&) {
                     if (effect_of[stream] == effect_class::write)
                       death.writes_in_flight.insert(stream);
                   },
                   [&](const tool_call::completed&) { death.writes_in_flight.erase(stream); },
                   [&](const tool_call::failed&) { death.writes_in_flight.erase(stream); },
                   [](const auto&) {},
               },
               each.fact);
  }
  if (const auto damages = log.damages(); !damages.empty())
    into.faults.push_back("the log after the kill: " + damages);
  return death;
}

bool kill_case::bring_to_its_end(const kill_at& where, case_result& into) {
  std::string last = "nothing was tried";
  for (int tried = 0; tried < most_resumes; ++tried) {
    std::vector<inspect::run_summary> runs;
    if (const left_log log{home_ / "data"}; log)
      runs = log.runs();
    if (runs.size() > 1) {
      into.faults.push_back("there are " + std::to_string(runs.size()) + " runs");
      return false;
    }
    if (!runs.empty() && is_over(runs.front()))
      return true;
    std::map<std::string, std::string> more;
    if (tried == 0 && !where.again.empty())
      more["ACTOR_SHELL_FAIL_AT"] = where.again;
    const auto ended = runs.empty() ? start(more) : resume(to_string(runs.front().run), more);
    last = ended.shown();
  }
  into.faults.push_back("the run does not end; the last resume: " + last);
  return false;
}

void kill_case::examine(const at_death& death, case_result& into) const {
  const left_log log{home_ / "data"};
  if (!log) {
    into.faults.emplace_back("there is no log");
    return;
  }
  const auto runs = log.runs();
  if (runs.size() != 1 || runs.front().state != "completed") {
    into.faults.push_back(runs.empty() ? "there is no run"
                                       : "the run ended as " + runs.front().state + ": " +
                                             runs.front().code + ' ' + runs.front().message);
    return;
  }
  const auto facts = log.facts();
  if (const auto damages = log.damages(); !damages.empty())
    into.faults.push_back("log verify: " + damages);
  into.end = end_state_of(facts, runs.front());
  examine_tools(death, facts, log, into);
  examine_calls(facts, into);
  examine_money(facts, runs.front(), into);
  examine_ledger(runs.front(), into);
}

void kill_case::examine_tools(const at_death& death,
                              const std::vector<fact_at>& facts,
                              const left_log& log,
                              case_result& into) const {
  std::set<std::string> in_doubt;
  std::map<std::string, int> ends;
  for (const auto& each : facts) {
    const auto stream = each.record.stream.text();
    std::visit(match{
                   [&](const tool_call::in_doubt&) {
                     in_doubt.insert(stream);
                     ++ends[stream];
                   },
                   [&](const tool_call::completed&) { ++ends[stream]; },
                   [&](const tool_call::failed&) { ++ends[stream]; },
                   [](const auto&) {},
               },
               each.fact);
  }
  into.in_doubt = in_doubt.size();
  for (const auto& stream : death.writes_in_flight)
    if (!in_doubt.contains(stream))
      into.faults.push_back(stream + " was in flight at the kill and is not in doubt");
  for (const auto& [stream, count] : ends)
    if (count != 1)
      into.faults.push_back(stream + " ended " + std::to_string(count) + " times");
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto* answered = std::get_if<turn::tool_answered>(&facts[i].fact);
    if (answered == nullptr || answered->answer != turn::tool_answer::in_doubt)
      continue;
    const auto next = std::find_if(
        facts.begin() + static_cast<std::ptrdiff_t>(i), facts.end(), [](const fact_at& f) {
          return std::holds_alternative<turn::call_requested>(f.fact);
        });
    if (next == facts.end() ||
        log.text_of(std::get<turn::call_requested>(next->fact).request).find("IN DOUBT") ==
            std::string::npos)
      into.faults.push_back("the model was not told that " + to_string(answered->tool_call) +
                            " is in doubt");
  }
}

void kill_case::examine_calls(const std::vector<fact_at>& facts, case_result& into) const {
  std::map<std::string, std::string> request_of;
  std::map<std::string, int> answers;
  for (const auto& each : facts)
    std::visit(match{
                   [&](const turn::call_requested& f) {
                     request_of[to_string(f.call)] = f.request.sha256;
                   },
                   [&](const turn::call_completed& f) { ++answers[request_of[to_string(f.call)]]; },
                   [&](const turn::call_lost&) { ++into.lost_calls; },
                   [](const auto&) {},
               },
               each.fact);
  for (const auto& [request, count] : answers)
    if (count != 1)
      into.faults.push_back("the model was asked " + std::to_string(count) +
                            " times what it had answered: " + request);
}

void kill_case::examine_money(const std::vector<fact_at>& facts,
                              const inspect::run_summary& run,
                              case_result& into) const {
  const auto books = count_money(facts);
  for (const auto& [scope, amount] : books.open)
    if (amount != usd{})
      into.faults.push_back(scope + " still has a reservation of " + to_string(amount));
  if (books.settled.size() < 2)
    into.faults.push_back("money was settled in " + std::to_string(books.settled.size()) +
                          " scopes, expected the run's and the day's");
  for (const auto& [scope, amount] : books.settled)
    if (const auto spent = books.spent_in.find(scope);
        spent == books.spent_in.end() || amount != spent->second)
      into.faults.push_back(scope + " has settled " + to_string(amount) +
                            ", which is not what its calls cost");
  if (books.spent_by_calls == usd{})
    into.faults.emplace_back("no call cost anything: nothing is tested");
  if (run.cost != books.spent_by_calls)
    into.faults.push_back("the report says " + to_string(run.cost) + ", the calls cost " +
                          to_string(books.spent_by_calls));
}

void kill_case::examine_ledger(const inspect::run_summary& run, case_result& into) const {
  const auto shown =
      run_process({.command = {"git", "-C", run.repo_path, "show", run.branch + ":ledger"},
                   .environment = {},
                   .directory = {}});
  std::map<std::string, int> count;
  for (const auto& line : lines_of(shown.out))
    ++count[line];
  for (const auto& [line, times] : count)
    if (times > 1)
      into.faults.push_back("a command ran " + std::to_string(times) + " times: " + line);
  for (const std::string effect : {"spec", "verify"})
    if (count[effect] + count[effect + " again"] != 1)
      into.faults.push_back("the effect '" + effect + "' is in the ledger " +
                            std::to_string(count[effect] + count[effect + " again"]) + " times");
}

} // namespace ash::e2e
