// Reading what the log says of runs and streams, for the CLI and the gateway: folds and lists. It
// never asks an actor, never writes, and works beside a live writer.
#pragma once

#include "actors/performers/run_history.hpp"
#include "events/base/json.hpp"
#include "events/log/event_log.hpp"

#include <boost/json/array.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::inspect {

/// The text of a document that facts name. Errors: `argument_invalid` where that is no SHA-256,
/// `blob_not_found`, and those of reading.
result<std::string> read_document(const log::event_log& log, const std::string& sha256);

/// One line of `runs list`.
struct run_summary {
  run_id run;
  std::string workflow; ///< `name@version`
  std::string state;    ///< `executing`, `awaiting_approval`, `interrupted`, `completed`, `failed`,
                        ///< `aborted`, `unreadable` where its history can't be folded
  std::string repo_path;
  std::string base_branch;
  std::string branch;
  std::string commit;      ///< once the report is composed
  std::string report_path; ///< the Markdown, once it is composed
  std::string code;        ///< of a failure
  std::string message;     ///< of a failure, an abort or an interruption
  instant started;
  instant ended; ///< 0 while it is not over
  usd cost;      ///< settled so far
  std::size_t phases_done = 0;
  std::size_t phases_omitted = 0; ///< whose condition does not hold
  std::size_t phases = 0;         ///< of the plan, those included
  bool settled = false;           ///< over, and nothing more will be written beneath it
};

json::object to_json(const run_summary& of);

/// All runs, newest first, at most `max`. Errors: those of reading.
result<std::vector<run_summary>> list_runs(const log::event_log& log, std::size_t max = 10'000);

/// Errors: `run_not_found`, and those of reading.
result<run_summary> summarise_run(const log::event_log& log, const run_id& run);

/// Everything of one run: its phases, calls, tools, artifacts and money. Errors: as above.
result<performers::run_history> show_run(const log::event_log& log, const run_id& run);
/// As the report has it, with the state at this moment.
json::object to_json(const performers::run_history& of);
/// The same for people.
std::string to_markdown(const performers::run_history& of);

/// What a run has asked people, in order: {"approval", "kind", "phase", "subject", "round",
/// "asker" (a stream), "question", "amount_usd", "expires_at" (null: never), "decision" (null while
/// it is open), "by", "comment"}. Errors: those of reading.
result<json::array> list_approvals(const log::event_log& log, const run_id& run);

/// What sessions that are not over wait for, each as above and with its "session". Errors: those of
/// reading.
result<json::array> list_open_session_approvals(const log::event_log& log);

/// The stream of this kind whose key is `text`, or begins with it (6 characters or more, ignoring
/// case). Errors: `id_prefix_too_short`, `run_not_found`, `session_not_found` or `feed_not_found`,
/// `id_ambiguous` with the matches (detail `matches`).
result<stream_id> resolve_id(const log::event_log& log, entity_kind kind, std::string_view text);

/// A stream by its name (`kind/key`) or the beginning of its key, or a run by its id alone. Errors:
/// `argument_invalid` for a kind that there is not, and as above.
result<stream_id> resolve_stream(const log::event_log& log, std::string_view text);

/// How far a stream is folded; everything where neither is set.
struct fold_limit {
  std::optional<std::uint64_t> version = {};  ///< facts 1 … version
  std::optional<std::uint64_t> position = {}; ///< facts up to this position of the log
};

/// A stream's state after its facts up to a limit, as JSON: {"stream", "version", "position", "at",
/// "state"}. No effect runs. Errors: `feed_not_found`, `log_corrupt`, `argument_invalid` for a
/// limit before its first fact.
result<json::object>
fold_stream(const log::event_log& log, const stream_id& stream, fold_limit limit = {});

/// {"position", "stream", "version", "type", "at", "correlation", "causation", "root", "data"}. A
/// pruned record has `"pruned": true` and no data. Errors: `log_corrupt`.
result<json::object> record_json(const log::record& of);

} // namespace ash::inspect
