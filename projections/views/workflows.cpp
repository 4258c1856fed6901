#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

/// A workflow as runs have recorded it.
struct workflow_row {
  std::string hash;
  std::int64_t seq = 0;
  std::string workflow; ///< `name@version`
  json_text definition;
  std::int64_t runs = 0;
  instant first_used_at;
  instant last_used_at;
};
BOOST_DESCRIBE_STRUCT(workflow_row,
                      (),
                      (hash, seq, workflow, definition, runs, first_used_at, last_used_at))

using not_of_workflows = passes_over<session::fact,
                                     run::bound,
                                     run::started,
                                     run::workspace_prepared,
                                     run::phase_opened,
                                     run::phase_closed,
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
                                     phase::fact,
                                     tool_call::fact,
                                     budget::fact,
                                     log::fact,
                                     run::phase_omitted,
                                     run::phase_merged,
                                     run::path_granted,
                                     run::path_revoked>;

class workflows final : public folding_view<workflows, not_of_workflows> {
public:
  [[nodiscard]] std::string_view name() const override { return "workflows"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const run::created& f, const log::record& from) {
    TRY(auto* found, rows_.find(f.workflow_hash));
    if (found == nullptr)
      found = &rows_.insert(
          {f.workflow_hash, sequence_of(from), f.workflow, {f.workflow_json}, 0, from.at, from.at});
    ++found->runs;
    found->last_used_at = from.at;
    return success();
  }

private:
  table<workflow_row> rows_{"workflows"};
};

} // namespace

std::unique_ptr<view> make_workflows() {
  return std::make_unique<workflows>();
}

} // namespace ash::projections
