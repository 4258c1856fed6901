#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

struct run_row {
  std::string run;
  std::int64_t seq = 0;
  std::string state = "executing";
  std::string workflow; ///< `name@version`
  std::string workflow_hash;
  std::string repository;
  std::string project_key;
  std::string base_branch;
  std::string branch;
  std::string commit_id;
  std::string requirements;
  std::string worktree;
  std::string report; ///< the Markdown's path
  std::string report_json;
  std::string code;
  std::string message;
  std::string failed_phase;
  std::string started_by;
  std::int64_t phases = 0;
  std::int64_t phases_done = 0;
  std::int64_t phases_omitted = 0; ///< whose condition does not hold
  std::int64_t approvals_open = 0;
  std::int64_t interruptions = 0;
  std::int64_t calls = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  usd cost; ///< settled
  instant started_at;
  instant ended_at;
  instant updated_at;
};
BOOST_DESCRIBE_STRUCT(run_row,
                      (),
                      (run,
                       seq,
                       state,
                       workflow,
                       workflow_hash,
                       repository,
                       project_key,
                       base_branch,
                       branch,
                       commit_id,
                       requirements,
                       worktree,
                       report,
                       report_json,
                       code,
                       message,
                       failed_phase,
                       started_by,
                       phases,
                       phases_done,
                       phases_omitted,
                       approvals_open,
                       interruptions,
                       calls,
                       input_tokens,
                       output_tokens,
                       cost,
                       started_at,
                       ended_at,
                       updated_at))

using not_of_runs = passes_over<session::created,
                                session::ended,
                                session::titled,
                                session::model_changed,
                                session::persona_changed,
                                session::context_reset,
                                session::cleared,
                                session::plan_mode_changed,
                                session::message_appended,
                                session::message_edited,
                                phase::started,
                                phase::artifact_written,
                                phase::artifact_validated,
                                phase::artifact_rejected,
                                phase::repair_requested,
                                phase::approval_awaited,
                                phase::feedback_recorded,
                                phase::completed,
                                phase::failed,
                                phase::aborted,
                                turn::started,
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
                                run::path_granted,
                                run::path_revoked,
                                turn::approval_awaited,
                                turn::approval_settled>;

class runs final : public folding_view<runs, not_of_runs> {
public:
  [[nodiscard]] std::string_view name() const override { return "runs"; }
  [[nodiscard]] std::string_view revision() const override { return "2"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const run::created& f, const log::record& from) {
    run_row made;
    made.run = to_string(f.run);
    made.seq = sequence_of(from);
    made.workflow = f.workflow;
    made.workflow_hash = f.workflow_hash;
    made.repository = f.repo_path;
    made.project_key = f.project_key;
    made.base_branch = f.base_branch;
    made.branch = f.branch;
    made.requirements = f.requirements;
    made.worktree = f.worktree;
    made.started_by = f.started_by;
    made.phases = static_cast<std::int64_t>(f.phases.size());
    made.started_at = from.at;
    made.updated_at = from.at;
    rows_.insert(std::move(made));
    return success();
  }
  result<void> on(const run::bound&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::started&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::workspace_prepared& f, const log::record& from) {
    return change(from, [&](run_row& r) {
      r.worktree = f.worktree;
      r.branch = f.branch;
    });
  }
  result<void> on(const run::phase_opened&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::phase_closed& f, const log::record& from) {
    return change(from, [&](run_row& r) {
      if (f.outcome == run::phase_outcome::completed)
        ++r.phases_done;
    });
  }
  result<void> on(const run::phase_skipped&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::approval_requested&, const log::record& from) {
    return change(from, [](run_row& r) {
      ++r.approvals_open;
      if (r.state == "executing")
        r.state = "awaiting_approval";
    });
  }
  result<void> on(const run::approval_decided&, const log::record& from) {
    return change(from, [](run_row& r) {
      --r.approvals_open;
      if (r.state == "awaiting_approval" && r.approvals_open == 0)
        r.state = "executing";
    });
  }
  result<void> on(const run::phase_omitted&, const log::record& from) {
    return change(from, [](run_row& r) { ++r.phases_omitted; });
  }
  result<void> on(const run::phase_merged&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::report_composed& f, const log::record& from) {
    return change(from, [&](run_row& r) {
      r.report = f.markdown_path;
      r.report_json = f.json_path;
      r.branch = f.branch;
      r.commit_id = f.commit;
    });
  }
  result<void> on(const run::report_failed&, const log::record& from) {
    return change(from, [](run_row&) {});
  }
  result<void> on(const run::completed&, const log::record& from) {
    return end(from, "completed", {}, {});
  }
  result<void> on(const run::failed& f, const log::record& from) {
    TRY(end(from, "failed", f.code, f.message));
    return change(from, [&](run_row& r) { r.failed_phase = f.phase_key; });
  }
  result<void> on(const run::aborted& f, const log::record& from) {
    return end(from, "aborted", {}, f.reason);
  }
  result<void> on(const run::interrupted& f, const log::record& from) {
    return change(from, [&](run_row& r) {
      r.state = "interrupted";
      r.message = f.message;
      ++r.interruptions;
    });
  }
  result<void> on(const run::resumed&, const log::record& from) {
    return change(from, [](run_row& r) {
      r.state = r.approvals_open > 0 ? "awaiting_approval" : "executing";
      r.message.clear();
    });
  }

  // -- what its phases spend ----------------------------------------------------------------------

  result<void> on(const turn::call_started&, const log::record& from) {
    return change(from, [](run_row& r) { ++r.calls; });
  }
  result<void> on(const turn::call_completed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_failed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_settled& f, const log::record& from) {
    return change(from, [&](run_row& r) { r.cost += f.cost; });
  }

private:
  /// The run at the top of the tree; nothing where that is a session.
  template <class Change> result<void> change(const log::record& from, Change apply_to) {
    if (from.root.kind() != entity_kind::run)
      return success();
    TRY(auto* const found, rows_.need(run_above(from), from, "the run"));
    apply_to(*found);
    found->updated_at = from.at;
    return success();
  }

  result<void> use(const log::record& from, const token_usage& used) {
    return change(from, [&](run_row& r) {
      r.input_tokens += used.input;
      r.output_tokens += used.output;
    });
  }

  result<void>
  end(const log::record& from, const char* state, const std::string& code, const std::string& why) {
    return change(from, [&](run_row& r) {
      r.state = state;
      r.code = code;
      r.message = why;
      r.ended_at = from.at;
    });
  }

  table<run_row> rows_{"runs"};
};

} // namespace

std::unique_ptr<view> make_runs() {
  return std::make_unique<runs>();
}

} // namespace ash::projections
