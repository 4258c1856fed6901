#include "projections/views/table.hpp"

#include <algorithm>

namespace ash::projections {
namespace {

/// A persona as runs and sessions have recorded it.
struct persona_row {
  std::string hash;
  std::int64_t seq = 0;
  std::string persona;  ///< `name@version`
  json_text definition; ///< empty where only sessions used it, which keep its terms alone
  std::int64_t runs = 0;
  std::int64_t sessions = 0;
  instant first_used_at;
  instant last_used_at;
};
BOOST_DESCRIBE_STRUCT(persona_row,
                      (),
                      (hash, seq, persona, definition, runs, sessions, first_used_at, last_used_at))

using not_of_personas = passes_over<session::ended,
                                    session::titled,
                                    session::model_changed,
                                    session::context_reset,
                                    session::cleared,
                                    session::plan_mode_changed,
                                    session::message_appended,
                                    session::message_edited,
                                    run::created,
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

class personas final : public folding_view<personas, not_of_personas> {
public:
  [[nodiscard]] std::string_view name() const override { return "personas"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const run::bound& f, const log::record& from) {
    for (std::size_t i = 0; i < f.bindings.size(); ++i) {
      const auto& each = f.bindings[i];
      TRY(auto* const used, use(each.persona_hash, each.persona, from, i));
      used->definition.text = each.persona_json;
      const auto same = [&](const run::binding& other) {
        return other.persona_hash == each.persona_hash;
      };
      // Of several roles in one run it counts once.
      if (std::none_of(
              f.bindings.begin(), f.bindings.begin() + static_cast<std::ptrdiff_t>(i), same))
        ++used->runs;
    }
    return success();
  }
  result<void> on(const session::created& f, const log::record& from) {
    TRY(auto* const used, use(f.agent->persona_hash, f.agent->persona, from, 0));
    ++used->sessions;
    return success();
  }
  result<void> on(const session::persona_changed& f, const log::record& from) {
    TRY(use(f.agent->persona_hash, f.agent->persona, from, 0));
    return success();
  }

private:
  result<persona_row*> use(const std::string& hash,
                           const std::string& persona,
                           const log::record& from,
                           std::size_t element) {
    TRY(auto* found, rows_.find(hash));
    if (found == nullptr)
      found =
          &rows_.insert({hash, sequence_of(from, element), persona, {}, 0, 0, from.at, from.at});
    found->last_used_at = from.at;
    return found;
  }

  table<persona_row> rows_{"personas"};
};

} // namespace

std::unique_ptr<view> make_personas() {
  return std::make_unique<personas>();
}

} // namespace ash::projections
