// What a run did, put together from the facts of the run and of everything beneath it: what its
// report and `runs show` tell. A fold of its own, for reading only; it never changes anything.
#pragma once

#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ash::performers {

/// One attempt at a model call that went out.
struct call_history {
  call_id call;
  std::string model;
  turn::call_purpose purpose = turn::call_purpose::work;
  std::int64_t attempt = 1;
  std::string outcome; ///< `completed`, `lost`, an error code; `open` while it is under way
  token_usage usage;
  usd cost;
  std::int64_t latency_ms = 0;
};

struct phase_history {
  phase_id phase; ///< nil where it was never opened
  std::string key;
  std::string role;
  std::string persona; ///< `name@version`
  std::int64_t attempt = 1;
  std::string state = "running"; ///< then `completed`, `failed`, `aborted`; see `all_phases`
  std::string artifact_path;
  std::string sha256;
  std::string summary;
  std::string code;
  std::string message;
  std::string left_out_because;    ///< of one that was omitted
  std::vector<approval_id> awaits; ///< what people are asked in it, and have not decided
  std::vector<call_history> calls;
  std::map<std::string, std::int64_t> tool_calls; ///< by how they ended
  std::vector<phase::artifact_rejected> rejected;
  std::int64_t repairs = 0;
  instant started;
  instant ended; ///< 0 while it runs
};

struct run_history {
  run::created plan;
  std::vector<run::binding> bindings;
  std::string state = "executing"; ///< or `awaiting_approval`, `interrupted`, and how it ended
  std::string base_commit;
  std::vector<phase_history> phases; ///< that were opened
  std::vector<run::phase_omitted> omitted;
  std::map<approval_id, std::string>
      open_questions; ///< what nobody has decided, and its phase's key
  std::optional<run::report_composed> report;
  std::string code;
  std::string message;
  std::int64_t interruptions = 0;
  std::int64_t resumes = 0;
  instant started;
  instant ended;     ///< 0 while it is not over
  instant last_fact; ///< beneath the run
  /// The phase that a tool call or a sub-agent's session works for, by their streams.
  std::map<stream_id, stream_id> works_for = {};

  /// Every phase of the plan, in its order, as people are told of it: one that works may be
  /// `awaiting_approval` or `interrupted` with its run; one that was never opened is `omitted`
  /// (its condition does not hold), `pending`, or `not_begun` once the run is over.
  [[nodiscard]] std::vector<phase_history> all_phases() const;
  /// What its model calls cost.
  [[nodiscard]] usd cost() const;
  [[nodiscard]] token_usage usage() const;
  [[nodiscard]] std::int64_t tool_call_count() const;
  [[nodiscard]] std::size_t phases_done() const;
  /// The model of a role's persona as it was bound, from the stored persona.
  [[nodiscard]] std::string model_of(std::string_view role) const;

  /// Takes in one fact; `stream` is the one it stands in.
  void add(const stream_id& stream, const any_fact& happened, instant at);
};

/// Which facts of a run are read.
enum class history_depth : std::uint8_t {
  run_only,   ///< those of its own stream: quick; calls and tools are missing
  everything, ///< those of its phases too; and the plan's scopes have the caps that hold by now
};

/// Errors: `run_not_found`, `log_corrupt`, and those of reading.
result<run_history> read_run_history(const log::event_log& log,
                                     const run_id& run,
                                     history_depth depth = history_depth::everything);

} // namespace ash::performers
