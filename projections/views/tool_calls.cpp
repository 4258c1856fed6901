#include "events/base/json.hpp"
#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace ash::projections {
namespace {

struct tool_call_row {
  std::string tool_call;
  std::int64_t seq = 0;
  std::string run;
  std::string session;
  std::string owner; ///< the stream of the phase or session whose turn asked
  std::string turn;
  std::int64_t step = 0;
  std::string name;
  std::string arguments; ///< as the model gave them
  std::string effect;
  std::string state = "requested"; ///< then as `name_of` its facts, or `refused` by the turn
  std::string code;
  std::string rule;
  std::string message;
  std::string output; ///< what the model was told
  std::int64_t exit_code = 0;
  std::int64_t duration_ms = 0;
  json_text files{"[]"}; ///< that it wrote
  bool unsandboxed = false;
  std::string decided_by;
  instant requested_at;
  instant started_at;
  instant ended_at;
};
BOOST_DESCRIBE_STRUCT(tool_call_row,
                      (),
                      (tool_call,
                       seq,
                       run,
                       session,
                       owner,
                       turn,
                       step,
                       name,
                       arguments,
                       effect,
                       state,
                       code,
                       rule,
                       message,
                       output,
                       exit_code,
                       duration_ms,
                       files,
                       unsandboxed,
                       decided_by,
                       requested_at,
                       started_at,
                       ended_at))

std::string json_of(const std::vector<file_change>& files) {
  json::array all;
  for (const auto& each : files)
    all.push_back(json::object{{"path", each.path}, {"sha256", each.sha256}});
  return to_json_text(all);
}

using not_of_tool_calls = passes_over<session::created,
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
                                      turn::call_started,
                                      turn::call_refused,
                                      turn::call_delta,
                                      turn::call_completed,
                                      turn::call_failed,
                                      turn::call_lost,
                                      turn::call_settled,
                                      turn::call_retried,
                                      turn::model_fell_back,
                                      turn::tool_answered, // the call's own facts say more
                                      turn::loop_detected,
                                      turn::step_finished,
                                      turn::stop_requested,
                                      turn::suspended,
                                      turn::resumed,
                                      turn::completed,
                                      turn::interrupted,
                                      turn::failed,
                                      budget::fact,
                                      log::fact,
                                      turn::approval_awaited,
                                      turn::approval_settled>;

class tool_calls final : public folding_view<tool_calls, not_of_tool_calls> {
public:
  [[nodiscard]] std::string_view name() const override { return "tool_calls"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const turn::tool_called& f, const log::record& from) {
    auto made = begun(from);
    made.tool_call = to_string(f.tool_call);
    made.owner = from.stream.text();
    made.turn = to_string(f.turn);
    made.step = f.step;
    made.name = f.request.name;
    made.arguments = f.request.arguments;
    if (!f.refusal.empty()) {
      made.state = "refused";
      made.code = f.refusal;
      made.message = f.message;
      made.ended_at = from.at;
    }
    rows_.insert(std::move(made));
    return success();
  }

  result<void> on(const tool_call::requested& f, const log::record& from) {
    const auto id = to_string(f.call);
    TRY(auto* found, rows_.find(id));
    if (found == nullptr) {
      auto made = begun(from);
      made.tool_call = id;
      found = &rows_.insert(std::move(made));
    }
    found->owner = f.owner.text();
    found->turn = to_string(f.turn);
    found->name = f.name;
    found->arguments = f.arguments;
    found->effect = name_of(f.effect);
    found->state = f.review ? "reviewing" : "requested";
    return success();
  }
  result<void> on(const tool_call::reviewed& f, const log::record& from) {
    return change(from, [&](tool_call_row& r) {
      r.decided_by = f.by;
      r.message = f.reason;
      r.state = f.verdict == tool_call::review_verdict::approved ? "requested" : "denied";
    });
  }
  result<void> on(const tool_call::denied& f, const log::record& from) {
    return end(from, "denied", [&](tool_call_row& r) {
      r.code = f.code;
      r.rule = f.rule;
      r.message = f.message;
    });
  }
  result<void> on(const tool_call::started&, const log::record& from) {
    return change(from, [&](tool_call_row& r) {
      r.state = "running";
      r.started_at = from.at;
    });
  }
  result<void> on(const tool_call::completed& f, const log::record& from) {
    return end(from, "completed", [&](tool_call_row& r) { take_outcome(r, f); });
  }
  result<void> on(const tool_call::failed& f, const log::record& from) {
    return end(from, "failed", [&](tool_call_row& r) {
      take_outcome(r, f);
      r.code = f.code;
    });
  }
  result<void> on(const tool_call::cancelled& f, const log::record& from) {
    return end(from, "cancelled", [&](tool_call_row& r) { r.message = f.reason; });
  }
  result<void> on(const tool_call::in_doubt& f, const log::record& from) {
    return end(from, "in_doubt", [&](tool_call_row& r) { r.message = f.reason; });
  }
  result<void> on(const tool_call::cancel_requested& f, const log::record& from) {
    return change(from, [&](tool_call_row& r) { r.message = f.reason; });
  }
  result<void> on(const tool_call::review_awaited& f, const log::record& from) {
    return change(from, [&](tool_call_row& r) {
      r.state = "reviewing";
      r.rule = f.rule;
    });
  }
  result<void> on(const tool_call::delegated&, const log::record& from) {
    return change(from, [](tool_call_row& r) {
      if (r.state == "requested") // what a sub-agent does runs already; here a model reviews
        r.state = "reviewing";
    });
  }

private:
  static tool_call_row begun(const log::record& from) {
    tool_call_row made;
    made.seq = sequence_of(from);
    made.run = run_above(from);
    made.session = session_above(from);
    made.requested_at = from.at;
    return made;
  }

  template <class Fact> static void take_outcome(tool_call_row& to, const Fact& f) {
    to.output = f.text;
    to.exit_code = f.exit_code;
    to.duration_ms = f.duration_ms;
    to.files.text = json_of(f.written);
    to.unsandboxed = f.unsandboxed;
  }

  template <class Change> result<void> change(const log::record& from, Change apply_to) {
    TRY(auto* const found, rows_.need(id_of(from), from, "the tool call"));
    apply_to(*found);
    return success();
  }

  template <class Change>
  result<void> end(const log::record& from, const char* state, Change apply_to) {
    return change(from, [&](tool_call_row& r) {
      r.state = state;
      r.ended_at = from.at;
      apply_to(r);
    });
  }

  table<tool_call_row> rows_{"tool_calls"};
};

} // namespace

std::unique_ptr<view> make_tool_calls() {
  return std::make_unique<tool_calls>();
}

} // namespace ash::projections
