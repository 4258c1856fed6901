#include "events/base/json.hpp"
#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace ash::projections {
namespace {

/// One content that a phase gave its artifact.
struct artifact_row {
  std::string artifact; ///< `PHASE:SHA256`; `PHASE:missing:VERSION` where there was no file
  std::int64_t seq = 0;
  std::string run;
  std::string phase;
  std::string phase_key;
  std::string path;
  std::string sha256;
  std::int64_t size = 0; ///< bytes; 0 until it is validated
  std::string state;     ///< `written`, `validated`, `rejected`, `missing`, `accepted`
  std::string schema_ref;
  std::string code;
  json_text findings{"[]"};
  instant written_at;
  instant updated_at;
};
BOOST_DESCRIBE_STRUCT(artifact_row,
                      (),
                      (artifact,
                       seq,
                       run,
                       phase,
                       phase_key,
                       path,
                       sha256,
                       size,
                       state,
                       schema_ref,
                       code,
                       findings,
                       written_at,
                       updated_at))

/// What an artifact's row needs to know of its phase.
struct artifact_phase_row {
  std::string phase;
  std::int64_t seq = 0;
  std::string phase_key;
  std::string schema_ref;
};
BOOST_DESCRIBE_STRUCT(artifact_phase_row, (), (phase, seq, phase_key, schema_ref))

std::string json_of(const std::vector<artifact_finding>& findings) {
  json::array all;
  for (const auto& each : findings)
    all.push_back(
        json::object{{"path", each.path}, {"keyword", each.keyword}, {"message", each.message}});
  return to_json_text(all);
}

using not_of_artifacts = passes_over<session::created,
                                     session::ended,
                                     session::titled,
                                     session::model_changed,
                                     session::persona_changed,
                                     session::context_reset,
                                     session::cleared,
                                     session::plan_mode_changed,
                                     session::message_appended,
                                     session::message_edited,
                                     run::fact,
                                     phase::repair_requested,
                                     phase::approval_awaited,
                                     phase::feedback_recorded,
                                     phase::failed,
                                     phase::aborted,
                                     turn::fact,
                                     tool_call::fact,
                                     budget::fact,
                                     log::fact>;

class artifacts final : public folding_view<artifacts, not_of_artifacts> {
public:
  [[nodiscard]] std::string_view name() const override { return "artifacts"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_, &phases_}; }

  result<void> on(const phase::started& f, const log::record& from) {
    phases_.insert({id_of(from), sequence_of(from), f.work.key, f.work.schema_ref});
    return success();
  }
  result<void> on(const phase::artifact_written& f, const log::record& from) {
    TRY(auto* const r, version(from, f.path, f.sha256));
    r->state = "written";
    return success();
  }
  result<void> on(const phase::artifact_validated& f, const log::record& from) {
    TRY(auto* const r, version(from, f.path, f.sha256));
    r->state = "validated";
    r->size = f.content.size;
    r->code.clear();
    r->findings.text = "[]";
    return success();
  }
  result<void> on(const phase::artifact_rejected& f, const log::record& from) {
    TRY(auto* const r, version(from, f.path, f.content.sha256));
    r->state = f.content.sha256.empty() ? "missing" : "rejected";
    r->size = f.content.size;
    r->code = f.code;
    r->findings.text = json_of(f.findings);
    return success();
  }
  result<void> on(const phase::completed& f, const log::record& from) {
    if (f.sha256.empty())
      return success(); // the phase owed none
    TRY(auto* const r, version(from, f.artifact_path, f.sha256));
    r->state = "accepted";
    r->size = f.artifact.size;
    return success();
  }

private:
  result<artifact_row*>
  version(const log::record& from, const std::string& path, const std::string& sha256) {
    const auto phase = id_of(from);
    const auto id =
        phase + ":" + (sha256.empty() ? "missing:" + std::to_string(from.version) : sha256);
    // Most phases are over before their batch is, and their versions need not be looked for.
    TRY(auto* found,
        phases_.is_new(phase) ? result<artifact_row*>{rows_.find_held(id)} : rows_.find(id));
    if (found == nullptr) {
      TRY(const auto* const about, phases_.look(phase));
      if (about == nullptr)
        return out_of_place(from, "the phase", phase);
      artifact_row made;
      made.artifact = id;
      made.seq = sequence_of(from);
      made.run = run_above(from);
      made.phase = phase;
      made.phase_key = about->phase_key;
      made.sha256 = sha256;
      made.schema_ref = about->schema_ref;
      made.written_at = from.at;
      found = &rows_.insert(std::move(made));
    }
    found->path = path;
    found->updated_at = from.at;
    return found;
  }

  table<artifact_row> rows_{"artifacts"};
  table<artifact_phase_row> phases_{"artifact_phases"};
};

} // namespace

std::unique_ptr<view> make_artifacts() {
  return std::make_unique<artifacts>();
}

} // namespace ash::projections
