// `attach` and `approvals`: following a run under a server, and answering what it asks.
#include "cli/commands/gate_prompt.hpp"
#include "cli/commands/remote_work.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <unistd.h>

namespace ash::cli {
namespace {

constexpr std::size_t most_content_shown = 64 * 1024;

error no_server() {
  return refuse(errc::entity_unavailable,
                "no server holds this data directory: start one with `actor-shell serve`, or name "
                "it with --server");
}

bool may_ask(std::string_view state) {
  return state == "awaiting_approval" || state == "executing" || state == "interrupted";
}

/// Those that nobody has decided yet.
void add_open(json::array asked, const std::string& run, json::array& to) {
  for (auto& each : asked) {
    auto* row = each.if_object();
    const auto* decision = row != nullptr ? row->if_contains("decision") : nullptr;
    if (decision == nullptr || !decision->is_null())
      continue;
    (*row)["run"] = run;
    to.push_back(std::move(each));
  }
}

/// What is asked in runs and sessions that are not over, from the log itself. Errors: those of
/// resolving `run`: nothing is asked by one that there is not.
result<json::array> open_in(const log::event_log& log, const std::string& run) {
  json::array out;
  std::string wanted;
  if (!run.empty()) {
    TRY(const auto named, resolve_run(log, run));
    wanted = to_string(named);
  }
  TRY(const auto runs, inspect::list_runs(log));
  for (const auto& one : runs) {
    const auto id = to_string(one.run);
    if (!may_ask(one.state) || (!wanted.empty() && id != wanted))
      continue;
    TRY(auto asked, inspect::list_approvals(log, one.run));
    add_open(std::move(asked), id, out);
  }
  if (!run.empty())
    return out;
  TRY(auto of_sessions, inspect::list_open_session_approvals(log));
  for (auto& each : of_sessions)
    out.push_back(std::move(each));
  return out;
}

/// What the read models' rows and the log's own approvals call by the same name.
void copy_shared(const json::object& from, json::object& to) {
  for (const auto* name : {"approval",
                           "kind",
                           "subject",
                           "round",
                           "asker",
                           "question",
                           "content",
                           "content_sha256",
                           "content_bytes",
                           "amount_usd",
                           "expires_at",
                           "comment"})
    if (const auto* value = from.if_contains(name); value != nullptr)
      to[name] = *value;
}

/// A row of the read models, with the names that the log's own approvals have.
json::object listed_as(const json::object& row) {
  json::object out{{"phase", text_in(row, "phase_key")}, {"decision", nullptr}, {"by", ""}};
  copy_shared(row, out);
  out["session"] = text_in(row, "session");
  return out;
}

struct who_asks {
  std::set<std::string> runs;
  json::array of_sessions;
};

/// As the read models have it once they stand for all that is in the log.
result<who_asks> who_asks_at(const remote& at) {
  TRY(const auto log, at.get("/log"));
  const auto head = std::to_string(number_in<std::uint64_t>(log, "head"));
  who_asks out;
  for (std::string after;;) {
    auto path = "/approvals?state=pending&limit=500&min_position=" + head;
    if (!after.empty())
      path += "&after=" + url_encoded(after);
    TRY(const auto page, at.get(path));
    for (const auto& each : array_in(page, "items")) {
      const auto& row = each.as_object();
      if (auto run = text_in(row, "run"); !run.empty())
        out.runs.insert(std::move(run));
      else
        out.of_sessions.push_back(listed_as(row));
    }
    after = text_in(page, "next");
    if (after.empty())
      return out;
  }
}

/// The same from a server, in the same order: the newest run first.
result<json::array> open_at(const remote& at, const std::string& run) {
  std::map<std::pair<std::string, std::string>, json::array, std::greater<>> found;
  std::string wanted;
  if (!run.empty()) {
    TRY(const auto named, at.get(run_path(run)));
    wanted = text_in(named, "run");
  }
  TRY(const auto asking, who_asks_at(at));
  for (const auto& id : asking.runs) {
    if (!wanted.empty() && id != wanted)
      continue;
    TRY(const auto shown, at.get(run_path(id)));
    if (may_ask(text_in(shown, "state")))
      add_open(array_in(shown, "approvals"), id, found[{text_in(shown, "started_at"), id}]);
  }
  json::array out;
  for (auto& [when, asked] : found)
    out.insert(out.end(), asked.begin(), asked.end());
  if (run.empty())
    out.insert(out.end(), asking.of_sessions.begin(), asking.of_sessions.end());
  return out;
}

/// `$0.25`; empty for nothing.
std::string amount_of(const json::object& row) {
  const auto amount = parse_usd(shown_in(row, "amount_usd"));
  return amount && amount.value() != usd{} ? to_string(amount.value()) : std::string{};
}

void print_table(const json::array& all) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : all) {
    const auto& row = each.as_object();
    const auto run = text_in(row, "run");
    rows.push_back({shown_in(row, "approval").substr(0, 8), // enough to name it by
                    (run.empty() ? text_in(row, "session") : run).substr(0, 8),
                    tr_word(shown_in(row, "kind")),
                    shown_in(row, "phase"),
                    shown_in(row, "round"),
                    amount_of(row),
                    shown_in(row, "subject")});
  }
  const auto table = render_table({tr("APPROVAL"),
                                   tr("ROOT"),
                                   tr("KIND"),
                                   tr("PHASE"),
                                   tr("ROUND"),
                                   tr("AMOUNT"),
                                   tr("SUBJECT")},
                                  rows,
                                  terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
}

result<json::array> open_approvals(const settings& with, const std::string& run) {
  TRY(const auto server, remote::find(with));
  if (server)
    return open_at(*server, run);
  const auto log = open_reader(with);
  if (!log && log.error().code == errc::file_not_found && run.empty())
    return json::array{}; // no log yet: nobody was asked
  if (!log)
    return log.error();
  return open_in(*log.value(), run);
}

/// The whole id that `text` is, or that it begins among those which nobody has decided yet.
result<std::string> whole_id(const settings& with, const std::string& text) {
  constexpr std::size_t shortest_prefix = 6;
  if (parse_uuid(text))
    return text;
  const auto shown = "'" + printable(text) + "'";
  if (text.size() < shortest_prefix)
    return refuse(errc::id_prefix_too_short,
                  shown + " is too short for an id: give 6 characters or more");
  TRY(const auto open, open_approvals(with, {}));
  std::set<std::string> matches;
  for (const auto& each : open)
    if (auto id = text_in(each.as_object(), "approval"); id.starts_with(text))
      matches.insert(std::move(id));
  if (matches.empty())
    return refuse(errc::approval_not_found,
                  "no open approval's id begins with " + shown +
                      ": see `actor-shell approvals list`; give a decided one's whole id");
  if (matches.size() > 1)
    return refuse(errc::id_ambiguous,
                  shown + " is the beginning of " + std::to_string(matches.size()) +
                      " open approvals' ids, such as " + *matches.begin() + " and " +
                      *matches.rbegin() + ": give more characters");
  return *matches.begin();
}

/// What became of an approval, as the API's rows name it.
std::string state_of(const json::object& listed) {
  const auto decision = text_in(listed, "decision");
  if (decision.empty())
    return "pending";
  if (decision == "request_changes")
    return "changes_requested";
  if (decision == "cancel")
    return "cancelled";
  return decision + (decision.ends_with('e') ? "d" : "ed");
}

/// The log's own approval, with the names of the API's rows.
json::object row_of(const json::object& listed, const run_id& run) {
  json::object out{{"run", to_string(run)},
                   {"session", ""},
                   {"state", state_of(listed)},
                   {"phase_key", text_in(listed, "phase")},
                   {"decided_by", text_in(listed, "by")}};
  copy_shared(listed, out);
  return out;
}

result<json::object> approval_in(const log::event_log& log, const std::string& id) {
  TRY(const auto runs, inspect::list_runs(log));
  for (const auto& one : runs) {
    if (one.state == "unreadable")
      continue;
    TRY(const auto asked, inspect::list_approvals(log, one.run));
    for (const auto& each : asked)
      if (text_in(each.as_object(), "approval") == id)
        return row_of(each.as_object(), one.run);
  }
  return refuse(errc::approval_not_found, "no run has the approval '" + printable(id) + "'");
}

/// With what is to be approved under `content`, at most 64 KiB of it, as far as it is there.
void add_content(json::object& of, const document_reader& read) {
  const auto bytes = number_in<std::size_t>(of, "content_bytes");
  auto text = text_in(of, "content");
  if (bytes > 0 && text.empty())
    if (const auto whole = read(text_in(of, "content_sha256")))
      text = utf8_prefix(whole.value(), most_content_shown);
  of["content"] = std::move(text);
}

result<json::object> approval_of(const settings& with, const std::string& text) {
  TRY(const auto id, whole_id(with, text));
  TRY(const auto server, remote::find(with));
  if (server) {
    TRY(auto found, server->get("/approvals/" + url_encoded(id)));
    add_content(found, documents_at(*server));
    return found;
  }
  TRY(const auto log, open_reader(with));
  TRY(auto found, approval_in(*log, id));
  add_content(found, documents_in(*log));
  return found;
}

/// How much of what is to be approved stands beneath, and where the rest is.
std::string content_heading(const json::object& of) {
  const auto bytes = number_in<std::size_t>(of, "content_bytes");
  const auto shown = text_in(of, "content").size();
  if (shown == bytes)
    return tr("{} bytes:", bytes);
  return tr("the first {} of {} bytes; all of it: actor-shell log blob {}",
            shown,
            bytes,
            text_in(of, "content_sha256"));
}

void print_approval(const json::object& of) {
  std::printf(
      "%s\n",
      tr("approval {} {}", shown_in(of, "approval"), tr_word(shown_in(of, "state"))).c_str());
  constexpr std::size_t names = 9;
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty())
      std::printf("  %s %s\n", padded(name, names).c_str(), printable(value).c_str());
  };
  line(tr("kind"), tr_word(text_in(of, "kind")));
  line(tr("run"), text_in(of, "run"));
  line(tr("session"), text_in(of, "session"));
  line(tr("phase"), text_in(of, "phase_key"));
  line(tr("asker"), text_in(of, "asker"));
  line(tr("subject"), text_in(of, "subject"));
  line(tr("round"), shown_in(of, "round"));
  line(tr("amount"), amount_of(of));
  line(tr("question"), text_in(of, "question"));
  line(tr("until"), text_in(of, "expires_at"));
  line(tr("by"), text_in(of, "decided_by"));
  line(tr("comment"), text_in(of, "comment"));
  if (text_in(of, "state") == "pending")
    line(tr("next"),
         "actor-shell approvals decide " + shown_in(of, "approval").substr(0, 8) +
             " approve|reject|request-changes|abort");
  const auto bytes = number_in<std::size_t>(of, "content_bytes");
  if (bytes == 0)
    return;
  const auto content = text_in(of, "content");
  line(tr("content"), content_heading(of));
  for (auto rest = std::string_view{content}; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::printf("    %s\n", printable(rest.substr(0, end)).c_str());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

int decide_at(const settings& with,
              const remote& at,
              const decide_options& asked,
              run::decision_kind decision) {
  json::object body{{"decision", api_name(decision)}};
  if (!asked.comment.empty())
    body["comment"] = asked.comment;
  const auto told = at.post("/approvals/" + url_encoded(asked.id) + "/decision", body);
  if (!told)
    return static_cast<int>(report(with, told.error()));
  if (with.format == answer_format::json)
    print_json(told.value());
  else
    std::printf("%s: %s\n", asked.id.c_str(), asked.decision.c_str());
  return 0;
}

} // namespace

int attach(const settings& with, const attach_options& asked) {
  auto found = remote::find(with);
  if (found && !found.value())
    found = no_server();
  if (!found)
    return static_cast<int>(report(with, found.error()));
  return watch_remote(
      with, asked.format, *found.value(), asked.id, can_ask() ? at_a_gate::ask : at_a_gate::wait);
}

int approvals_list(const settings& with, const std::string& run) {
  const auto open = open_approvals(with, run);
  if (!open)
    return static_cast<int>(report(with, open.error()));
  if (with.format == answer_format::json)
    print_json(open.value());
  else if (open.value().empty())
    std::fprintf(stderr, "%s", tr("nobody has to decide anything\n"));
  else
    print_table(open.value());
  return 0;
}

int approvals_show(const settings& with, const std::string& id) {
  const auto found = approval_of(with, id);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json)
    print_json(found.value());
  else
    print_approval(found.value());
  return 0;
}

int approvals_decide(const settings& with, const decide_options& typed) {
  auto asked = typed;
  const auto decision = decision_named(asked.decision);
  if (!decision)
    return static_cast<int>(
        report(with,
               refuse(errc::argument_invalid,
                      "a decision is approve, reject, request-changes or abort, not '" +
                          printable(asked.decision) + "'")));
  auto whole = whole_id(with, typed.id);
  if (!whole)
    return static_cast<int>(report(with, whole.error()));
  asked.id = std::move(whole).value();
  const auto found = remote::find_worker(with);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (found.value())
    return decide_at(with, *found.value(), asked, *decision);
  // Without a server the run goes on here, to its end or to the next gate.
  return drive(with,
               asked.format,
               [&](runtime& work, const std::stop_token&) -> result<run_id> {
                 TRY(const auto id, parse_uuid(asked.id));
                 TRY(const auto run, work.run_of_approval({id}));
                 TRY(work.decide_approval(run, {id}, *decision, asked.comment, {user_name()}));
                 return run;
               })
      .code;
}

} // namespace ash::cli
