#include "actors/shells/inspect.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/performers/documents.hpp"
#include "actors/performers/report_text.hpp"
#include "actors/shells/each_stream.hpp"
#include "actors/shells/fold_json.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"
#include "events/codec/describe_json.hpp"

#include <algorithm>

namespace ash::inspect {
namespace {

constexpr std::size_t shortest_prefix = 6;
constexpr std::size_t most_matches = 10;

std::string decimal(usd amount) {
  auto text = to_string(amount);
  if (const auto sign = text.find('$'); sign != std::string::npos)
    text.erase(sign, 1);
  return text;
}

json::value iso_or_null(instant at) {
  if (at.us == 0)
    return nullptr;
  return json::value(to_iso(at));
}

/// What the run's own budget scope has paid by now.
result<usd> settled_by(const log::event_log& log, const run_id& run) {
  TRY(auto scope, fold::whole<budget_aggregate>(log, stream_of_budget("run:" + to_string(run))));
  return scope.state.settled;
}

result<run_summary> summary_of(const log::event_log& log, const log::stream_head& head) {
  TRY(auto id, parse_uuid(head.stream.key()));
  TRY(auto history, performers::read_run_history(log, {id}, performers::history_depth::run_only));
  run_summary out;
  out.run = history.plan.run;
  out.workflow = history.plan.workflow;
  out.state = history.state;
  out.repo_path = history.plan.repo_path;
  out.base_branch = history.plan.base_branch;
  out.branch = history.plan.branch;
  out.code = history.code;
  out.message = history.message;
  out.started = history.started;
  out.ended = history.ended;
  out.phases_done = history.phases_done();
  out.phases_omitted = history.omitted.size();
  out.phases = history.plan.phases.size();
  if (history.report) {
    out.commit = history.report->commit;
    out.report_path = history.report->markdown_path;
    out.cost = history.report->cost;
  } else {
    TRY(out.cost, settled_by(log, out.run));
  }
  out.settled = head.status == log::stream_status::closed;
  for (const auto& phase : history.phases) {
    TRY(auto beneath, log.find_stream(stream_of(phase.phase)));
    if (beneath && beneath->status != log::stream_status::closed)
      out.settled = false;
  }
  return out;
}

using listing = log::event_log::listing;

error not_found(entity_kind kind, std::string_view text) {
  const auto code = kind == entity_kind::run       ? errc::run_not_found
                    : kind == entity_kind::session ? errc::session_not_found
                                                   : errc::feed_not_found;
  return refuse(code,
                "there is no " + std::string{to_string(kind)} + " '" + printable(text) +
                    "' in this data directory");
}

performers::report_frame frame_of(const performers::run_history& of) {
  return {of.state, of.report ? of.report->commit : std::string{}};
}

json::object approval_json(const run::approval& of) {
  json::value decision;
  if (of.decision)
    decision = codec::describe_json(of.decision->decision);
  return {{"approval", to_string(of.what.approval)},
          {"kind", codec::describe_json(of.what.kind)},
          {"phase", of.what.phase_key},
          {"subject", of.what.subject},
          {"round", of.what.round},
          {"asker", of.what.asker.text()},
          {"question", of.what.question},
          {"content", of.what.content.text},
          {"content_sha256", of.what.content.sha256},
          {"content_bytes", of.what.content.size},
          {"amount_usd", decimal(of.what.amount)},
          {"expires_at", iso_or_null(of.what.expires)},
          {"decision", std::move(decision)},
          {"by", of.decision ? of.decision->by : std::string{}},
          {"comment", of.decision ? of.decision->comment : std::string{}}};
}

template <class A>
result<json::object>
folded_json(const log::event_log& log, const stream_id& stream, const fold_limit& limit) {
  TRY(const auto folded, fold::up_to<A>(log, stream, limit.version, limit.position));
  return fold::to_json<A>(log, stream, folded);
}

} // namespace

json::object to_json(const run_summary& of) {
  return {{"run", to_string(of.run)},
          {"workflow", of.workflow},
          {"state", of.state},
          {"repository", of.repo_path},
          {"base_branch", of.base_branch},
          {"branch", of.branch},
          {"commit", of.commit},
          {"report", of.report_path},
          {"code", of.code},
          {"message", of.message},
          {"started_at", to_iso(of.started)},
          {"ended_at", iso_or_null(of.ended)},
          {"cost_usd", decimal(of.cost)},
          {"phases_done", of.phases_done},
          {"phases_omitted", of.phases_omitted},
          {"phases", of.phases}};
}

result<std::vector<run_summary>> list_runs(const log::event_log& log, std::size_t max) {
  std::vector<run_summary> out;
  TRY(each_stream(
      log, entity_kind::run, listing::all, [&](const log::stream_head& head) -> result<void> {
        auto one = summary_of(log, head);
        if (one) {
          out.push_back(std::move(one).value());
          return success();
        }
        // One that can't be folded must not hide the others.
        TRY(const auto id, parse_uuid(head.stream.key()));
        run_summary damaged;
        damaged.run = {id};
        damaged.state = "unreadable";
        damaged.code = to_string(one.error().code);
        damaged.message = one.error().message;
        out.push_back(std::move(damaged));
        return success();
      }));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.started != b.started ? a.started > b.started : a.run > b.run;
  });
  if (out.size() > max)
    out.resize(max);
  return out;
}

result<run_summary> summarise_run(const log::event_log& log, const run_id& run) {
  TRY(auto head, log.find_stream(stream_of(run)));
  if (!head)
    return not_found(entity_kind::run, to_string(run));
  return summary_of(log, *head);
}

result<performers::run_history> show_run(const log::event_log& log, const run_id& run) {
  return performers::read_run_history(log, run);
}

std::string to_markdown(const performers::run_history& of) {
  return report_markdown(of, frame_of(of));
}

json::object to_json(const performers::run_history& of) {
  auto out = report_json(of, frame_of(of));
  out["state"] = of.state;
  if (of.report)
    out["report"] = of.report->markdown_path;
  return out;
}

result<std::string> read_document(const log::event_log& log, const std::string& sha256) {
  TRY(const auto digest, performers::parse_sha256(sha256));
  return log.read_blob(digest);
}

result<json::array> list_approvals(const log::event_log& log, const run_id& run) {
  TRY(auto folded, fold::whole<run_aggregate>(log, stream_of(run)));
  json::array out;
  const auto* live = std::get_if<run::live>(&folded.state);
  if (live == nullptr)
    return out;
  for (const auto& each : live->approvals)
    out.push_back(approval_json(each));
  return out;
}

result<json::array> list_open_session_approvals(const log::event_log& log) {
  json::array out;
  const auto add = [&](const log::stream_head& head) -> result<void> {
    TRY(const auto folded, fold::whole<session_aggregate>(log, head.stream));
    const auto* live = std::get_if<session::active>(&folded.state);
    if (live == nullptr)
      return success();
    for (const auto& each : live->approvals) {
      if (each.decision)
        continue;
      auto listed = approval_json(each);
      listed["session"] = std::string{head.stream.key()};
      out.push_back(std::move(listed));
    }
    return success();
  };
  TRY(each_stream(log, entity_kind::session, listing::open, add));
  return out;
}

result<stream_id> resolve_id(const log::event_log& log, entity_kind kind, std::string_view text) {
  const auto wanted = lower(text);
  if (const auto exact = stream_id::parse(std::string{to_string(kind)} + "/" + wanted); exact) {
    TRY(auto head, log.find_stream(exact.value()));
    if (head)
      return exact.value();
  }
  if (wanted.size() < shortest_prefix)
    return refuse(errc::id_prefix_too_short,
                  "'" + printable(text) + "' is too short for an id: give 6 characters or more");
  std::vector<stream_id> matches;
  TRY(each_stream(log, kind, listing::all, [&](const log::stream_head& head) -> result<void> {
    if (lower(head.stream.key()).starts_with(wanted))
      matches.push_back(head.stream);
    return success();
  }));
  if (matches.empty())
    return not_found(kind, text);
  if (matches.size() == 1)
    return matches.front();
  std::string names;
  for (std::size_t i = 0; i < std::min(matches.size(), most_matches); ++i)
    names += (i == 0 ? "" : ", ") + std::string{matches[i].key()};
  return refuse(errc::id_ambiguous,
                "'" + printable(text) + "' is the beginning of " + std::to_string(matches.size()) +
                    " ids: " + names + (matches.size() > most_matches ? ", …" : ""))
      .with("matches", names);
}

result<stream_id> resolve_stream(const log::event_log& log, std::string_view text) {
  if (text.find('/') == std::string_view::npos)
    return resolve_id(log, entity_kind::run, text);
  TRY(const auto named, stream_id::parse(text));
  TRY(const auto exact, log.find_stream(named));
  if (exact)
    return named;
  return resolve_id(log, named.kind(), named.key());
}

result<json::object>
fold_stream(const log::event_log& log, const stream_id& stream, fold_limit limit) {
  switch (stream.kind()) {
  case entity_kind::session:
    return folded_json<session_aggregate>(log, stream, limit);
  case entity_kind::run:
    return folded_json<run_aggregate>(log, stream, limit);
  case entity_kind::phase:
    return folded_json<phase_aggregate>(log, stream, limit);
  case entity_kind::tool_call:
    return folded_json<tool_call_aggregate>(log, stream, limit);
  case entity_kind::budget:
    return folded_json<budget_aggregate>(log, stream, limit);
  case entity_kind::log:
    break;
  }
  return refuse(errc::argument_invalid, "the stream '" + stream.text() + "' has no state to fold");
}

result<json::object> record_json(const log::record& of) {
  json::object out{{"position", of.position},
                   {"stream", of.stream.text()},
                   {"version", of.version},
                   {"type", of.type},
                   {"at", to_iso(of.at)},
                   {"correlation", of.correlation},
                   {"causation", of.causation},
                   {"root", of.root.text()}};
  if (of.pruned) {
    out.emplace("pruned", true);
    return out;
  }
  TRY(auto fact, codec::decode(of.type, of.schema_version, of.payload));
  out.emplace("data", codec::to_json(fact));
  return out;
}

} // namespace ash::inspect
