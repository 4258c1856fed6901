#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

struct phase_row {
  std::string phase;
  std::int64_t seq = 0;
  std::string run;
  std::string phase_key;
  std::string role;
  std::int64_t attempt = 1;
  std::string state = "pending";
  std::string persona; ///< `name@version`
  std::string model;   ///< `provider:model`, the first that is tried
  std::string artifact_path;
  std::string schema_ref;
  bool needs_approval = false;
  std::string sha256; ///< of the artifact that completed it
  std::string summary;
  std::string code;
  std::string message;
  std::int64_t rejections = 0;
  std::int64_t repairs = 0;
  std::int64_t feedback_rounds = 0;
  std::int64_t turns = 0;
  std::int64_t calls = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  usd cost; ///< settled
  instant opened_at;
  instant started_at;
  instant ended_at;
  instant updated_at;
};
BOOST_DESCRIBE_STRUCT(phase_row,
                      (),
                      (phase,
                       seq,
                       run,
                       phase_key,
                       role,
                       attempt,
                       state,
                       persona,
                       model,
                       artifact_path,
                       schema_ref,
                       needs_approval,
                       sha256,
                       summary,
                       code,
                       message,
                       rejections,
                       repairs,
                       feedback_rounds,
                       turns,
                       calls,
                       input_tokens,
                       output_tokens,
                       cost,
                       opened_at,
                       started_at,
                       ended_at,
                       updated_at))

using not_of_phases = passes_over<session::created,
                                  session::ended,
                                  session::titled,
                                  session::model_changed,
                                  session::persona_changed,
                                  session::context_reset,
                                  session::cleared,
                                  session::plan_mode_changed,
                                  session::message_appended,
                                  session::message_edited,
                                  run::created,
                                  run::bound,
                                  run::started,
                                  run::workspace_prepared,
                                  run::phase_closed, // the phase's own last fact said it before
                                  run::phase_skipped,
                                  run::approval_requested,
                                  run::approval_decided,
                                  run::report_composed,
                                  run::report_failed,
                                  run::completed,
                                  run::failed,
                                  run::aborted,
                                  run::interrupted,
                                  run::resumed,
                                  phase::artifact_written,
                                  turn::step_started,
                                  turn::call_requested,
                                  turn::call_refused,
                                  turn::call_delta,
                                  turn::call_lost,
                                  turn::call_retried,
                                  turn::model_fell_back,
                                  turn::tool_called,
                                  turn::tool_answered,
                                  turn::loop_detected,
                                  turn::step_finished,
                                  turn::stop_requested,
                                  turn::suspended,
                                  turn::resumed,
                                  turn::completed,
                                  turn::interrupted,
                                  turn::failed,
                                  tool_call::fact,
                                  budget::fact,
                                  log::fact,
                                  turn::approval_awaited,
                                  turn::approval_settled,
                                  run::phase_omitted,
                                  run::phase_merged,
                                  run::path_granted,
                                  run::path_revoked>;

class phases final : public folding_view<phases, not_of_phases> {
public:
  [[nodiscard]] std::string_view name() const override { return "phases"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const run::phase_opened& f, const log::record& from) {
    phase_row made;
    made.phase = to_string(f.phase);
    made.seq = sequence_of(from);
    made.run = run_above(from);
    made.phase_key = f.key;
    made.attempt = f.attempt;
    made.opened_at = from.at;
    made.updated_at = from.at;
    rows_.insert(std::move(made));
    return success();
  }
  result<void> on(const phase::started& f, const log::record& from) {
    return change(from, [&](phase_row& r) {
      r.role = f.work.role;
      r.state = "running";
      r.persona = f.work.agent.persona;
      r.model = f.work.agent.models.empty() ? std::string{} : f.work.agent.models.front().name;
      r.artifact_path = f.work.artifact_path;
      r.schema_ref = f.work.schema_ref;
      r.needs_approval = f.work.approval;
      r.started_at = from.at;
    });
  }
  result<void> on(const phase::artifact_validated& f, const log::record& from) {
    return change(from, [&](phase_row& r) {
      r.state = "validating";
      r.sha256 = f.sha256;
    });
  }
  result<void> on(const phase::artifact_rejected&, const log::record& from) {
    return change(from, [](phase_row& r) {
      r.state = "validating";
      ++r.rejections;
    });
  }
  result<void> on(const phase::repair_requested&, const log::record& from) {
    return change(from, [](phase_row& r) {
      r.state = "running";
      ++r.repairs;
    });
  }
  result<void> on(const phase::approval_awaited&, const log::record& from) {
    return change(from, [](phase_row& r) { r.state = "awaiting_approval"; });
  }
  result<void> on(const phase::feedback_recorded&, const log::record& from) {
    return change(from, [](phase_row& r) {
      r.state = "running";
      ++r.feedback_rounds;
    });
  }
  result<void> on(const phase::completed& f, const log::record& from) {
    return end(from, "completed", f, [&](phase_row& r) {
      r.artifact_path = f.artifact_path;
      r.sha256 = f.sha256;
      r.summary = f.summary;
    });
  }
  result<void> on(const phase::failed& f, const log::record& from) {
    return end(from, "failed", f, [&](phase_row& r) {
      r.code = f.code;
      r.message = f.message;
    });
  }
  result<void> on(const phase::aborted& f, const log::record& from) {
    return end(from, "aborted", f, [&](phase_row& r) { r.message = f.reason; });
  }

  // -- its turns, as they go ----------------------------------------------------------------------

  result<void> on(const turn::started&, const log::record& from) {
    return change(from, [](phase_row& r) { ++r.turns; });
  }
  result<void> on(const turn::call_started&, const log::record& from) {
    return change(from, [](phase_row& r) { ++r.calls; });
  }
  result<void> on(const turn::call_completed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_failed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_settled& f, const log::record& from) {
    return change(from, [&](phase_row& r) { r.cost += f.cost; });
  }

private:
  /// The phase whose stream it is; nothing for a session's turn.
  template <class Change> result<void> change(const log::record& from, Change apply_to) {
    if (from.stream.kind() != entity_kind::phase)
      return success();
    TRY(auto* const found, rows_.need(id_of(from), from, "the phase"));
    apply_to(*found);
    found->updated_at = from.at;
    return success();
  }

  result<void> use(const log::record& from, const token_usage& used) {
    return change(from, [&](phase_row& r) {
      r.input_tokens += used.input;
      r.output_tokens += used.output;
    });
  }

  template <class Fact, class Change>
  result<void> end(const log::record& from, const char* state, const Fact& f, Change apply_to) {
    return change(from, [&](phase_row& r) {
      r.state = state;
      r.calls = f.calls;
      r.input_tokens = f.usage.input;
      r.output_tokens = f.usage.output;
      r.cost = f.cost;
      r.ended_at = from.at;
      apply_to(r);
    });
  }

  table<phase_row> rows_{"phases"};
};

} // namespace

std::unique_ptr<view> make_phases() {
  return std::make_unique<phases>();
}

} // namespace ash::projections
