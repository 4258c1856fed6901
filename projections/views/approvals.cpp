#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

struct approval_row {
  std::string approval;
  std::int64_t seq = 0;
  std::string run;
  std::string session; ///< at the top, where there is no run
  std::string kind;
  std::string state = "pending";
  std::string phase_key;
  std::string asker; ///< a stream
  std::string subject;
  std::int64_t round = 1;
  std::string question;
  std::string content; ///< what is to be approved, where the fact itself holds it
  std::string content_sha256;
  std::int64_t content_bytes = 0;
  usd amount; ///< of a budget approval
  std::string decided_by;
  std::string comment;
  instant requested_at;
  instant expires_at;
  instant decided_at;
};
BOOST_DESCRIBE_STRUCT(approval_row,
                      (),
                      (approval,
                       seq,
                       run,
                       session,
                       kind,
                       state,
                       phase_key,
                       asker,
                       subject,
                       round,
                       question,
                       content,
                       content_sha256,
                       content_bytes,
                       amount,
                       decided_by,
                       comment,
                       requested_at,
                       expires_at,
                       decided_at))

std::string state_after(run::decision_kind decision) {
  switch (decision) {
  case run::decision_kind::approve:
    return "approved";
  case run::decision_kind::reject:
    return "rejected";
  case run::decision_kind::request_changes:
    return "changes_requested";
  case run::decision_kind::abort:
    return "aborted";
  case run::decision_kind::cancel:
    return "cancelled";
  }
  return "cancelled";
}

using not_of_approvals =
    passes_over<without<session::fact, run::approval_requested, run::approval_decided>,
                run::created,
                run::bound,
                run::started,
                run::workspace_prepared,
                run::phase_opened,
                run::phase_closed,
                run::phase_skipped,
                run::report_composed,
                run::report_failed,
                run::completed,
                run::failed,
                run::aborted,
                run::interrupted,
                run::resumed,
                phase::fact,
                tool_call::fact,
                budget::fact,
                log::fact,
                run::phase_omitted,
                run::phase_merged,
                run::path_granted,
                run::path_revoked>;

class approvals final : public folding_view<approvals, not_of_approvals> {
public:
  [[nodiscard]] std::string_view name() const override { return "approvals"; }
  [[nodiscard]] std::string_view revision() const override { return "4"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const run::approval_requested& f, const log::record& from) {
    approval_row made;
    made.approval = to_string(f.approval);
    made.seq = sequence_of(from);
    made.run = run_above(from);
    made.session = session_above(from);
    made.kind = name_of(f.kind);
    made.phase_key = f.phase_key;
    made.asker = f.asker.text();
    made.subject = f.subject;
    made.round = f.round;
    made.question = f.question;
    made.content = f.content.text;
    made.content_sha256 = f.content.sha256;
    made.content_bytes = f.content.size;
    made.amount = f.amount;
    made.requested_at = from.at;
    made.expires_at = f.expires;
    rows_.insert(std::move(made));
    return success();
  }

  result<void> on(const run::approval_decided& f, const log::record& from) {
    const auto id = to_string(f.approval);
    TRY(auto* const found, rows_.need(id, from, "the approval"));
    found->state = state_after(f.decision);
    found->decided_by = f.by;
    found->comment = f.comment;
    found->decided_at = from.at;
    return success();
  }

private:
  table<approval_row> rows_{"approvals"};
};

} // namespace

std::unique_ptr<view> make_approvals() {
  return std::make_unique<approvals>();
}

} // namespace ash::projections
