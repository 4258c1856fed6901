#include "tests/e2e/gate_case.hpp"

#include "events/base/json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <csignal>

namespace ash::e2e {
namespace {

constexpr std::chrono::seconds process_limit{60};

struct asked_and_decided {
  std::vector<run::approval_requested> asked;
  std::vector<run::approval_decided> decided;
};

asked_and_decided approvals_in(const std::vector<fact_at>& facts) {
  return {only<run::approval_requested>(facts), only<run::approval_decided>(facts)};
}

bool is_decided(const asked_and_decided& all, const approval_id& id) {
  return std::any_of(
      all.decided.begin(), all.decided.end(), [&](const auto& d) { return d.approval == id; });
}

std::set<std::string> listed_in(const std::string& text) {
  std::set<std::string> out;
  const auto parsed = parse_json(text, "approvals list");
  if (parsed && parsed.value().is_array())
    for (const auto& each : parsed.value().get_array())
      out.insert(json::value_to<std::string>(each.at("approval")));
  return out;
}

} // namespace

gate_case::gate_case(const gate& of) : gate_{of} {
  make_repository(home_ / "repo", {{"README.md", "A repository.\n"}, {"effect.txt", "effect\n"}});
  fs::copy(
      fs::path{E2E_FIXTURES} / "definitions", home_ / "definitions", fs::copy_options::recursive);
  write_text(home_ / "definitions/workflows/gated@1.yaml", of.workflow);
  for (const auto& [name, text] : of.personas)
    write_text(home_ / ("definitions/personas/" + name + ".yaml"), text);
  write_text(home_ / "script.yaml", of.script);
  if (!of.config.empty())
    write_text(home_ / "config.yaml", of.config);
}

ended_process gate_case::actor_shell(std::vector<std::string> words, const environment& more) {
  std::vector<std::string> command{ACTOR_SHELL_BINARY, "--definitions", home_ / "definitions"};
  command.insert(command.end(), words.begin(), words.end());
  auto all = clean_environment(home_.path());
  all.insert(more.begin(), more.end());
  return run_process({.command = std::move(command),
                      .environment = std::move(all),
                      .directory = home_.path(),
                      .limit = process_limit});
}

ended_process gate_case::begin(const environment& more, const std::vector<std::string>& options) {
  std::vector<std::string> words{"run",
                                 "gated@1",
                                 "--repo",
                                 home_ / "repo",
                                 "--requirements",
                                 "A note, please.",
                                 "--model",
                                 "scripted:" + (home_ / "script.yaml"),
                                 "--output-format",
                                 "json"};
  words.insert(words.end(), options.begin(), options.end());
  return actor_shell(std::move(words), more);
}

ended_process gate_case::decide(const std::string& approval,
                                const std::string& decision,
                                const environment& more) {
  return actor_shell({"approvals", "decide", approval, decision, "--output-format", "json"}, more);
}

void gate_case::expect_listed(const std::set<std::string>& pending, gate_result& into) {
  const auto shown = actor_shell({"--json", "approvals", "list"});
  if (shown.exit_code != 0 || listed_in(shown.out) != pending)
    into.faults.push_back("not exactly what is pending is listed: " + shown.shown());
}

/// Whoever saw the process die does not know whether the answer was kept, and gives another.
void gate_case::decide_again(const std::string& approval, gate_result& into) {
  if (!tried_again_.insert(approval).second)
    return;
  const auto ended = decide(approval, "reject", {});
  if (ended.out.find("approval_already_decided") == std::string::npos || ended.exit_code != 4)
    into.faults.push_back("a second decision was not refused: " + ended.shown());
  else
    into.refused_twice = true;
}

void gate_case::note_death(const ended_process& ended,
                           const std::optional<gate_kill>& where,
                           gate_result& into) {
  next_.clear();
  if (ended.timed_out)
    into.faults.push_back("a process did not end: " + ended.shown());
  if (ended.signal != SIGKILL || ended.timed_out)
    return;
  if (!into.killed && where && !where->again.empty())
    next_["ACTOR_SHELL_FAIL_AT"] = where->again;
  into.killed = true;
  if (const left_log log{home_ / "data"}; log)
    if (const auto damages = log.damages(); !damages.empty())
      into.faults.push_back("the log after the kill: " + damages);
}

bool gate_case::step(const std::optional<gate_kill>& where, gate_result& into) {
  std::vector<inspect::run_summary> runs;
  asked_and_decided approvals;
  if (const left_log log{home_ / "data"}; log) {
    runs = log.runs();
    approvals = approvals_in(log.facts());
  }
  if (runs.size() > 1)
    into.faults.push_back("there are " + std::to_string(runs.size()) + " runs");
  if (!runs.empty() && runs.front().settled)
    return false;
  if (runs.empty()) {
    if (where && where->stage == gate_stage::asking && !into.killed)
      next_["ACTOR_SHELL_FAIL_AT"] = where->point;
    note_death(begin(next_), where, into);
    return true;
  }
  const auto run = to_string(runs.front().run);
  std::set<std::string> pending;
  for (const auto& each : approvals.asked)
    if (!is_decided(approvals, each.approval))
      pending.insert(to_string(each.approval));
  if (into.killed)
    for (const auto& each : approvals.decided)
      decide_again(to_string(each.approval), into);
  if (pending.empty()) {
    note_death(actor_shell({"runs", "resume", run, "--output-format", "json"}, next_), where, into);
    return true;
  }
  expect_listed(pending, into);
  if (into.killed && !resumed_) { // a start alone decides nothing, and asks nothing twice
    resumed_ = true;
    note_death(actor_shell({"runs", "resume", run, "--output-format", "json"}, next_), where, into);
    return true;
  }
  if (where && where->stage == gate_stage::answering && !answered_)
    next_["ACTOR_SHELL_FAIL_AT"] = where->point;
  answered_ = true;
  note_death(decide(*pending.begin(), "approve", next_), where, into);
  return true;
}

void gate_case::bring_to_its_end(const std::optional<gate_kill>& where, gate_result& into) {
  for (int taken = 0; taken < most_steps; ++taken)
    if (!step(where, into)) {
      examine(into);
      return;
    }
  into.faults.emplace_back("the run does not end");
}

gate_result gate_case::run_unkilled(std::vector<std::string>& asking,
                                    std::vector<std::string>& answering) {
  gate_result out;
  const auto first = begin({{"ACTOR_SHELL_FAIL_COUNT", home_ / "asking"}});
  std::string approval;
  if (const left_log log{home_ / "data"}; log)
    for (const auto& each : approvals_in(log.facts()).asked)
      approval = to_string(each.approval);
  if (first.exit_code != 5 || approval.empty()) {
    out.faults.push_back("nobody is asked: " + first.shown());
    return out;
  }
  const auto second =
      decide(approval, "approve", {{"ACTOR_SHELL_FAIL_COUNT", home_ / "answering"}});
  if (second.exit_code != (gate_.one_question ? 0 : 5))
    out.faults.push_back("the answer leads nowhere: " + second.shown());
  asking = lines_of(read_text(home_ / "asking"));
  answering = lines_of(read_text(home_ / "answering"));
  bring_to_its_end(std::nullopt, out);
  return out;
}

gate_result gate_case::run_killed(const gate_kill& where) {
  gate_result out;
  bring_to_its_end(where, out);
  return out;
}

void gate_case::examine(gate_result& into) const {
  const left_log log{home_ / "data"};
  if (!log) {
    into.faults.emplace_back("there is no log");
    return;
  }
  if (const auto damages = log.damages(); !damages.empty())
    into.faults.push_back("log verify: " + damages);
  const auto runs = log.runs();
  if (runs.size() != 1 || runs.front().state != "completed") {
    into.faults.push_back(runs.empty() ? "there is no run"
                                       : "the run ended as " + runs.front().state + ": " +
                                             runs.front().code + ' ' + runs.front().message);
    return;
  }
  const auto facts = log.facts();
  const auto [asked, decided] = approvals_in(facts);
  std::set<approval_id> ids;
  for (const auto& each : asked) {
    if (each.kind != gate_.kind)
      into.faults.push_back("something else is asked: " + each.subject);
    if (!ids.insert(each.approval).second)
      into.faults.push_back("asked twice: " + to_string(each.approval));
    const auto times = std::count_if(decided.begin(), decided.end(), [&](const auto& d) {
      return d.approval == each.approval && d.decision == run::decision_kind::approve &&
             !d.by.empty();
    });
    if (times != 1)
      into.faults.push_back("approved " + std::to_string(times) + " times, by somebody");
  }
  if (asked.empty() || decided.size() != asked.size() || (gate_.one_question && asked.size() != 1))
    into.faults.push_back(std::to_string(asked.size()) + " questions, " +
                          std::to_string(decided.size()) + " decisions");
  const auto closed = only<run::phase_closed>(facts);
  if (closed.size() != 1)
    into.faults.push_back("the phase was closed " + std::to_string(closed.size()) + " times");
  examine_budget(facts, decided, into);
  if (gate_.kind == run::approval_kind::tool)
    examine_tools(facts, into);
}

/// An approval lets one call go beyond the cap, or its next attempt where that one cost nothing.
void gate_case::examine_budget(const std::vector<fact_at>& facts,
                               const std::vector<run::approval_decided>& decided,
                               gate_result& into) const {
  const auto books = count_money(facts);
  for (const auto& [scope, amount] : books.open)
    if (amount != usd{})
      into.faults.push_back(scope + " still has a reservation of " + to_string(amount));
  for (const auto& [scope, amount] : books.settled)
    if (const auto spent = books.spent_in.find(scope);
        spent == books.spent_in.end() || amount != spent->second)
      into.faults.push_back(scope + " has settled " + to_string(amount) +
                            ", which is not what its calls cost");
  if (gate_.kind != run::approval_kind::budget)
    return;
  const auto reserved = only<budget::reserved>(facts);
  const auto released = only<budget::released>(facts);
  for (const auto& each : decided) {
    const auto paid = std::count_if(reserved.begin(), reserved.end(), [&](const auto& r) {
      return r.approval == each.approval &&
             std::none_of(released.begin(), released.end(), [&](const auto& back) {
               return back.call == r.call;
             });
    });
    if (paid != 1)
      into.faults.push_back("an approval paid for " + std::to_string(paid) + " calls");
  }
}

void gate_case::examine_tools(const std::vector<fact_at>& facts, gate_result& into) const {
  std::set<std::string> asked;
  std::map<std::string, int> started;
  for (const auto& each : facts) {
    if (std::holds_alternative<tool_call::review_awaited>(each.fact))
      asked.insert(each.record.stream.text());
    if (std::holds_alternative<tool_call::started>(each.fact))
      ++started[each.record.stream.text()];
  }
  if (asked.size() != 1 || started[*asked.begin()] != 1)
    into.faults.emplace_back("the call that was asked about did not start exactly once");
  const auto runs = left_log{home_ / "data"}.runs();
  const auto shown = run_process(
      {.command = {"git", "-C", runs.front().repo_path, "show", runs.front().branch + ":ledger"},
       .environment = {},
       .directory = {}});
  // What a kill left in doubt, the model looks at and makes up for where it did not happen.
  const auto lines = lines_of(shown.out);
  if (lines.size() != 1)
    into.faults.push_back("the effect is in the ledger " + std::to_string(lines.size()) +
                          " times: " + shown.shown());
}

} // namespace ash::e2e
