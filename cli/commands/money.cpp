// `budget`, `costs` and `stats`: what may be spent, what was, and on what.
#include "cli/commands/money.hpp"

#include "actors/shells/budget_caps.hpp"
#include "cli/commands/work.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/read_rows.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ash::cli {
namespace {

using table_rows = std::vector<std::vector<std::string>>;

void print_table(const std::vector<std::string>& header, const table_rows& rows) {
  std::fputs(render_table(header, rows, terminal_width(stream::out)).c_str(), stdout);
}

usd money_in(const json::object& row, std::string_view name) {
  const auto read = parse_usd(text_in(row, name));
  return read ? read.value() : usd{};
}
std::string dollars(const json::object& row, std::string_view name) {
  return "$" + text_in(row, name);
}
std::string number(const json::object& row, std::string_view name) {
  return std::to_string(number_in<std::int64_t>(row, name));
}

/// `SCOPE` as it is; a run's id or the beginning of one means its scope.
result<std::string> scope_named(const row_source& rows, const std::string& text) {
  constexpr std::string_view of_run = "run:";
  if (text.find(':') != std::string::npos && !text.starts_with(of_run))
    return text;
  TRY(const auto run, rows.run_id_of(text.starts_with(of_run) ? text.substr(of_run.size()) : text));
  return std::string{of_run} + run;
}

// -- budget ---------------------------------------------------------------------------------------

/// With what may still be reserved. A day that is over grants nothing, whether or not it has
/// closed.
json::object with_rest(json::object row) {
  const auto scope = text_in(row, "scope");
  const auto kind = text_in(row, "kind");
  const auto daily = kind == "day" || kind == "persona";
  if (daily && scope.substr(scope.rfind(':') + 1) < utc_date(system_now()))
    row["state"] = "closed";
  const auto left =
      money_in(row, "cap_usd") - money_in(row, "settled_usd") - money_in(row, "reserved_usd");
  const auto granted = text_in(row, "state") == "closed" ? usd{} : std::max(left, usd{});
  row["left_usd"] = to_string(granted).substr(1);
  return row;
}

result<json::array> scopes_of(const settings& with, const std::string& asked) {
  TRY(const auto rows, row_source::open(with));
  row_source::filters where;
  if (!asked.empty()) {
    TRY(where["scope"], scope_named(rows, asked));
  }
  TRY(const auto found, rows.all("budget_scopes", where));
  if (found.empty() && !asked.empty())
    return refuse(errc::budget_scope_not_found,
                  "there is no budget scope '" + where["scope"] +
                      "': one begins with the first call that it pays for");
  json::array out;
  for (const auto& each : found)
    out.push_back(with_rest(each.as_object()));
  return out;
}

void print_scopes(const json::array& scopes) {
  table_rows rows;
  for (const auto& each : scopes) {
    const auto& row = each.as_object();
    rows.push_back({text_in(row, "scope"),
                    dollars(row, "cap_usd"),
                    dollars(row, "settled_usd"),
                    dollars(row, "reserved_usd"),
                    dollars(row, "left_usd"),
                    tr_word(text_in(row, "state")),
                    tr_word(text_in(row, "policy"))});
  }
  print_table({tr("SCOPE"),
               tr("CAP"),
               tr("SETTLED"),
               tr("RESERVED"),
               tr("LEFT"),
               tr("STATE"),
               tr("POLICY")},
              rows);
}

struct new_cap {
  std::string scope;
  usd cap;
  std::optional<usd> warn_at;
};

result<new_cap> cap_of(const settings& with, const budget_set_options& asked) {
  new_cap out;
  TRY(out.cap, parse_cap(asked.cap));
  if (!asked.warn_at.empty()) {
    TRY(out.warn_at, parse_cap(asked.warn_at));
  }
  out.scope = asked.scope;
  if (asked.scope.find(':') == std::string::npos || asked.scope.starts_with("run:")) {
    TRY(const auto rows, row_source::open(with));
    TRY(out.scope, scope_named(rows, asked.scope));
  }
  return out;
}

result<void> set_cap(const settings& with, const new_cap& to) {
  TRY(const auto server, remote::find_worker(with));
  if (!server) {
    TRY(const auto work, open_runtime(with));
    return set_budget(*work, to.scope, to.cap, to.warn_at, {"budget set"});
  }
  json::object body{{"cap_usd", to_string(to.cap).substr(1)}};
  if (to.warn_at)
    body["warn_at_usd"] = to_string(*to.warn_at).substr(1);
  TRY(server->post("/budget/scopes/" + url_encoded(to.scope) + "/cap", body));
  return success();
}

/// A session answers under a server alone: a command of one shot would end before it.
result<void> resume_session(const settings& with, const std::string& session) {
  TRY(const auto server, remote::find(with));
  if (!server)
    return refuse(errc::entity_unavailable,
                  "no server holds this data directory, and a session goes on under one alone: "
                  "start it with `actor-shell serve`, and give --resume again");
  TRY(server->post("/sessions/" + url_encoded(session) + "/resume", {}));
  return success();
}

// -- costs ----------------------------------------------------------------------------------------

/// What a group of calls comes to.
struct sums {
  std::int64_t calls = 0;
  std::int64_t input = 0;
  std::int64_t cached = 0;
  std::int64_t output = 0;
  std::int64_t reasoning = 0;
  usd cost;
  bool estimated = false;

  void add(const json::object& call) {
    calls += text_in(call, "state") == "refused" ? 0 : 1; // it was never made
    input += number_in<std::int64_t>(call, "input_tokens");
    cached += number_in<std::int64_t>(call, "cached_tokens");
    output += number_in<std::int64_t>(call, "output_tokens");
    reasoning += number_in<std::int64_t>(call, "reasoning_tokens");
    cost += money_in(call, "cost_usd");
    const auto* flag = call.if_contains("estimated");
    estimated = estimated || (flag != nullptr && *flag == true);
  }
  [[nodiscard]] json::object to_json() const {
    return {{"calls", calls},
            {"input_tokens", input},
            {"cached_tokens", cached},
            {"output_tokens", output},
            {"reasoning_tokens", reasoning},
            {"cost_usd", to_string(cost).substr(1)},
            {"estimated", estimated}};
  }
};

struct phase_costs {
  std::string key;
  sums whole;
  json::array calls;
};

/// A run's calls by phase, in the order in which they were made.
result<json::object> costs_of(const settings& with, const std::string& asked) {
  TRY(const auto rows, row_source::open(with));
  TRY(const auto run, rows.run_id_of(asked));
  TRY(const auto calls, rows.all("model_calls", {{"run", run}}));
  sums whole;
  std::vector<phase_costs> phases;
  for (const auto& each : calls) {
    const auto& call = each.as_object();
    const auto key = text_in(call, "phase_key");
    auto at = std::find_if(
        phases.begin(), phases.end(), [&](const phase_costs& one) { return one.key == key; });
    if (at == phases.end())
      at = phases.insert(phases.end(), phase_costs{key, {}, {}});
    at->whole.add(call);
    at->calls.push_back(call);
    whole.add(call);
  }
  json::array out;
  for (auto& phase : phases) {
    auto one = phase.whole.to_json();
    one["phase_key"] = phase.key;
    one["model_calls"] = std::move(phase.calls);
    out.push_back(std::move(one));
  }
  return json::object{{"run", run}, {"phases", std::move(out)}, {"total", whole.to_json()}};
}

bool is_set(const json::object& of, std::string_view name) {
  const auto* flag = of.if_contains(json::string_view{name.data(), name.size()});
  return flag != nullptr && *flag == true;
}

/// The columns of costs that only some runs fill.
struct cost_columns {
  bool cached = false;
  bool reasoning = false;
  bool state = false; ///< some call did not simply complete
  bool estimated = false;
};

cost_columns columns_for(const json::object& of) {
  const auto total = object_in(of, "total");
  cost_columns out;
  out.cached = number_in<std::int64_t>(total, "cached_tokens") != 0;
  out.reasoning = number_in<std::int64_t>(total, "reasoning_tokens") != 0;
  out.estimated = is_set(total, "estimated");
  for (const auto& each : array_in(of, "phases"))
    for (const auto& call : array_in(each.as_object(), "model_calls"))
      out.state = out.state || text_in(call.as_object(), "state") != "completed";
  return out;
}

/// What a line is about: a phase, a call, or all of it.
struct cost_subject {
  std::string who;
  std::string turn;
  std::string step;
  std::string state;
  std::string model; ///< or how many calls
};

std::vector<std::string>
cost_line(const cost_columns& columns, cost_subject about, const json::object& of) {
  std::vector<std::string> out{std::move(about.who), std::move(about.turn), std::move(about.step)};
  out.push_back(number(of, "input_tokens"));
  if (columns.cached)
    out.push_back(number(of, "cached_tokens"));
  out.push_back(number(of, "output_tokens"));
  if (columns.reasoning)
    out.push_back(number(of, "reasoning_tokens"));
  out.push_back(dollars(of, "cost_usd"));
  if (columns.estimated)
    out.push_back(is_set(of, "estimated") ? tr("estimated") : "");
  if (columns.state)
    out.push_back(std::move(about.state));
  out.push_back(std::move(about.model));
  return out;
}

/// The beginning of the id of the sub-agent that made a call; empty where none did.
std::string subagent_of(const json::object& call) {
  constexpr std::string_view of_session = "session/";
  constexpr std::size_t short_id = 8;
  const auto owner = text_in(call, "owner");
  return owner.starts_with(of_session) ? owner.substr(of_session.size(), short_id) : "";
}

/// Who made a call: the phase's own persona, or that of a sub-agent and which one it is.
std::string caller_of(const json::object& call) {
  const auto who = text_in(call, "persona");
  if (text_in(call, "purpose") == "review")
    return tr("{}, a review", who);
  const auto subagent = subagent_of(call);
  return subagent.empty() ? who : who + ' ' + subagent;
}

std::string step_of(const json::object& call) {
  const auto attempt = number(call, "attempt");
  return attempt == "1" ? number(call, "step") : tr("{}, try {}", number(call, "step"), attempt);
}

std::vector<std::string> cost_header(const cost_columns& columns) {
  std::vector<std::string> out{tr("PHASE"), tr("TURN"), tr("STEP"), tr("INPUT")};
  if (columns.cached)
    out.emplace_back(tr("CACHED"));
  out.emplace_back(tr("OUTPUT"));
  if (columns.reasoning)
    out.emplace_back(tr("REASONING"));
  out.emplace_back(tr("COST"));
  if (columns.estimated)
    out.emplace_back("");
  if (columns.state)
    out.emplace_back(tr("STATE"));
  out.emplace_back(tr("MODEL")); // last: a long name gives way before a figure does
  return out;
}

void print_costs(const json::object& of) {
  const auto columns = columns_for(of);
  table_rows rows;
  std::string subagent;
  for (const auto& each : array_in(of, "phases")) {
    const auto& phase = each.as_object();
    const auto calls = tr("{} calls", number(phase, "calls"));
    rows.push_back(cost_line(columns, {text_in(phase, "phase_key"), {}, {}, {}, calls}, phase));
    for (const auto& one : array_in(phase, "model_calls")) {
      const auto& call = one.as_object();
      subagent = subagent.empty() ? subagent_of(call) : subagent;
      rows.push_back(cost_line(columns,
                               {"  " + caller_of(call),
                                number(call, "turn_number"),
                                step_of(call),
                                tr_word(text_in(call, "state")),
                                text_in(call, "model")},
                               call));
    }
  }
  const auto total = object_in(of, "total");
  const auto calls = tr("{} calls", number(total, "calls"));
  rows.push_back(cost_line(columns, {tr("total"), {}, {}, {}, calls}, total));
  print_table(cost_header(columns), rows);
  if (!subagent.empty())
    std::printf(
        tr("behind a persona stands which sub-agent it was: actor-shell events session/%s\n"),
        subagent.c_str());
}

/// What sums are of, over its column.
std::string header_of(std::string_view by) {
  constexpr std::array known{std::pair{"model", msg("MODEL")},
                             std::pair{"provider", msg("PROVIDER")},
                             std::pair{"persona", msg("PERSONA")},
                             std::pair{"purpose", msg("PURPOSE")},
                             std::pair{"day", msg("DAY")},
                             std::pair{"workflow", msg("WORKFLOW")},
                             std::pair{"run", msg("RUN")},
                             std::pair{"session", msg("SESSION")}};
  for (const auto& [name, header] : known)
    if (by == name)
      return tr(header);
  return std::string{by};
}

void print_stats(const json::object& of) {
  table_rows rows;
  const auto line = [&](std::string key, const json::object& row) {
    rows.push_back({std::move(key),
                    number(row, "calls"),
                    number(row, "failed_calls"),
                    number(row, "input_tokens"),
                    number(row, "cached_tokens"),
                    number(row, "output_tokens"),
                    number(row, "estimated_calls"),
                    dollars(row, "cost_usd")});
  };
  for (const auto& each : array_in(of, "rows"))
    line(text_in(each.as_object(), "key"), each.as_object());
  line(tr("total"), object_in(of, "total"));
  print_table({header_of(text_in(of, "by")),
               tr("CALLS"),
               tr("FAILED"),
               tr("INPUT"),
               tr("CACHED"),
               tr("OUTPUT"),
               tr("ESTIMATED"),
               tr("COST")},
              rows);
}

template <class Print>
int answer(const settings& with, const result<json::object>& read, const Print& print) {
  if (!read)
    return static_cast<int>(report(with, read.error()));
  if (with.format == answer_format::json)
    print_json(read.value());
  else
    print(read.value());
  return 0;
}

} // namespace

int budget_show(const settings& with, const std::string& scope) {
  const auto scopes = scopes_of(with, scope);
  if (!scopes)
    return static_cast<int>(report(with, scopes.error()));
  if (with.format == answer_format::json)
    print_json(scopes.value());
  else if (scopes.value().empty())
    std::fprintf(stderr, "%s", tr("nothing has been spent yet\n"));
  else
    print_scopes(scopes.value());
  return 0;
}

int budget_set(const settings& with, const budget_set_options& asked) {
  const auto wanted = cap_of(with, asked);
  if (!wanted)
    return static_cast<int>(report(with, wanted.error()));
  const auto& to = wanted.value();
  const auto key_after = [&](std::string_view kind) {
    return to.scope.starts_with(kind) ? to.scope.substr(kind.size()) : std::string{};
  };
  const auto run = key_after("run:");
  const auto session = key_after("session:");
  if (asked.resume && run.empty() && session.empty())
    return static_cast<int>(report(
        with,
        refuse(errc::argument_invalid,
               "--resume goes with the scope of a run or a session: what another scope blocks "
               "is resumed one by one, runs with `runs resume RUN`")));
  if (const auto set = set_cap(with, to); !set)
    return static_cast<int>(report(with, set.error()));
  if (asked.resume && !run.empty())
    return runs_resume(with, {run, {}, asked.format});
  if (asked.resume)
    if (const auto resumed = resume_session(with, session); !resumed)
      return static_cast<int>(report(with, resumed.error()));
  if (with.format == answer_format::json)
    print_json(json::object{{"scope", to.scope}, {"cap_usd", to_string(to.cap).substr(1)}});
  else
    std::printf(tr("%s: cap %s\n"), to.scope.c_str(), to_string(to.cap).c_str());
  if (!session.empty() && !asked.resume)
    std::fprintf(
        stderr, "%s", tr("what it blocked goes on with: the same command with --resume\n"));
  else if (session.empty())
    std::fprintf(stderr,
                 tr("what it blocked goes on with: actor-shell runs resume %s\n"),
                 run.empty() ? "RUN" : run.c_str());
  return 0;
}

int costs(const settings& with, const std::string& run) {
  return answer(with, costs_of(with, run), print_costs);
}

int stats(const settings& with, const std::string& by) {
  const auto read = [&]() -> result<json::object> {
    TRY(const auto rows, row_source::open(with));
    return rows.stats(by);
  }();
  return answer(with, read, print_stats);
}

} // namespace ash::cli
