#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

/// One attempt at one model call.
struct model_call_row {
  std::string model_call;
  std::int64_t seq = 0;
  std::string run;
  std::string session;
  std::string owner; ///< the stream of the phase or session whose turn it is
  std::string phase_key;
  std::string role;
  std::string persona; ///< `name@version`
  std::string turn;
  std::int64_t turn_number = 0; ///< from 1 within its owner: a phase's second is a repair
  std::string purpose;          ///< `work`, or `review` by a model that decides about a tool call
  std::int64_t step = 0;
  std::int64_t attempt = 0;
  std::int64_t retries = 0; ///< attempts at the same step and model before it
  std::string provider;
  std::string model;               ///< `provider:model`
  std::string state = "requested"; ///< then `started`, `completed`, `failed`, `refused`, `lost`
  std::int64_t input_estimate = 0; ///< tokens
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  bool estimated = false; ///< the provider reported no tokens
  usd estimate;           ///< what was reserved
  usd cost;
  std::int64_t latency_ms = 0;
  std::string finish_reason;
  std::string code;
  std::string message;
  std::string day; ///< UTC, of the request
  instant requested_at;
  instant started_at;
  instant ended_at;
};
BOOST_DESCRIBE_STRUCT(model_call_row,
                      (),
                      (model_call,
                       seq,
                       run,
                       session,
                       owner,
                       phase_key,
                       role,
                       persona,
                       turn,
                       turn_number,
                       purpose,
                       step,
                       attempt,
                       retries,
                       provider,
                       model,
                       state,
                       input_estimate,
                       input_tokens,
                       output_tokens,
                       cached_tokens,
                       reasoning_tokens,
                       estimated,
                       estimate,
                       cost,
                       latency_ms,
                       finish_reason,
                       code,
                       message,
                       day,
                       requested_at,
                       started_at,
                       ended_at))

/// Who calls: a phase's or session's agent. A call that a sub-agent or a reviewing model may
/// answer has a row too, so that its session is found to work for the same phase.
struct agent_row {
  std::string owner;
  std::int64_t seq = 0;
  std::string persona;
  std::string phase_key;
  std::string role;
  std::int64_t turn_number = 0; ///< of the turn that it is in
};
BOOST_DESCRIBE_STRUCT(agent_row, (), (owner, seq, persona, phase_key, role, turn_number))

using not_of_model_calls = passes_over<session::ended,
                                       session::titled,
                                       session::model_changed,
                                       session::context_reset,
                                       session::cleared,
                                       session::plan_mode_changed,
                                       session::message_appended,
                                       session::message_edited,
                                       run::fact,
                                       phase::artifact_written,
                                       phase::artifact_validated,
                                       phase::artifact_rejected,
                                       phase::repair_requested,
                                       phase::approval_awaited,
                                       phase::feedback_recorded,
                                       phase::completed,
                                       phase::failed,
                                       phase::aborted,
                                       turn::step_started,
                                       turn::call_delta,
                                       turn::call_retried, // the next attempt has a row of its own
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
                                       without<tool_call::fact, tool_call::requested>,
                                       budget::fact,
                                       log::fact,
                                       turn::approval_awaited,
                                       turn::approval_settled>;

class model_calls final : public folding_view<model_calls, not_of_model_calls> {
public:
  [[nodiscard]] std::string_view name() const override { return "model_calls"; }
  [[nodiscard]] std::string_view revision() const override { return "4"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_, &agents_}; }

  result<void> on(const phase::started& f, const log::record& from) {
    agents_.insert(
        {from.stream.text(), sequence_of(from), f.work.agent.persona, f.work.key, f.work.role, 0});
    return success();
  }
  result<void> on(const session::created& f, const log::record& from) {
    agent_row made{from.stream.text(), sequence_of(from), f.agent->persona, {}, {}, 0};
    if (!f.asked_by.is_nil()) {
      TRY(const auto* const asker, agents_.look(stream_of(f.asked_by).text()));
      if (asker != nullptr) {
        made.phase_key = asker->phase_key;
        made.role = asker->role;
      }
    }
    agents_.insert(std::move(made));
    return success();
  }
  result<void> on(const tool_call::requested& f, const log::record& from) {
    if (f.subagents.empty() && f.scopes.empty())
      return success();
    TRY(const auto* const asker, agents_.look(f.owner.text()));
    if (asker == nullptr)
      return out_of_place(from, "the stream", f.owner.text());
    auto made = *asker;
    made.owner = from.stream.text();
    made.seq = sequence_of(from);
    agents_.insert(std::move(made));
    return success();
  }
  result<void> on(const session::persona_changed& f, const log::record& from) {
    TRY(auto* const found, agents_.find(from.stream.text()));
    if (found == nullptr)
      return out_of_place(from, "the session", id_of(from));
    found->persona = f.agent->persona;
    return success();
  }

  result<void> on(const turn::started& f, const log::record& from) {
    TRY(auto* const agent, agents_.find(from.stream.text()));
    if (agent == nullptr)
      return out_of_place(from, "the stream", from.stream.text());
    agent->turn_number = f.number;
    return success();
  }
  result<void> on(const turn::call_requested& f, const log::record& from) {
    TRY(const auto* const agent, agents_.look(from.stream.text()));
    if (agent == nullptr)
      return out_of_place(from, "the stream", from.stream.text());
    model_call_row made;
    made.model_call = to_string(f.call);
    made.seq = sequence_of(from);
    made.run = run_above(from);
    made.session = session_above(from);
    made.owner = agent->owner;
    made.phase_key = agent->phase_key;
    made.role = agent->role;
    made.persona = agent->persona;
    made.turn = to_string(f.turn);
    made.turn_number = agent->turn_number;
    made.purpose = name_of(f.purpose);
    made.step = f.step;
    made.attempt = f.attempt;
    made.retries = f.attempt - 1;
    made.provider = f.model.substr(0, f.model.find(':'));
    made.model = f.model;
    made.input_estimate = f.input_estimate;
    made.estimate = f.estimate;
    made.day = utc_date(from.at);
    made.requested_at = from.at;
    rows_.insert(std::move(made));
    return success();
  }
  result<void> on(const turn::call_started& f, const log::record& from) {
    return change(from, f.call, [&](model_call_row& r) {
      r.state = "started";
      r.started_at = from.at;
    });
  }
  result<void> on(const turn::call_refused& f, const log::record& from) {
    return end(from, f.call, "refused", [&](model_call_row& r) {
      r.code = f.code;
      r.message = f.message;
    });
  }
  result<void> on(const turn::call_completed& f, const log::record& from) {
    return end(from, f.call, "completed", [&](model_call_row& r) {
      take_use(r, f);
      r.finish_reason = f.finish_reason;
    });
  }
  result<void> on(const turn::call_failed& f, const log::record& from) {
    return end(from, f.call, "failed", [&](model_call_row& r) {
      take_use(r, f);
      r.code = f.code;
      r.message = f.message;
    });
  }
  result<void> on(const turn::call_lost& f, const log::record& from) {
    return end(from, f.call, "lost", [&](model_call_row& r) { r.cost = f.cost; });
  }
  result<void> on(const turn::call_settled& f, const log::record& from) {
    return change(from, f.call, [&](model_call_row& r) { r.cost = f.cost; });
  }

private:
  template <class Fact> static void take_use(model_call_row& to, const Fact& f) {
    to.input_tokens = f.usage.input;
    to.output_tokens = f.usage.output;
    to.cached_tokens = f.usage.cached;
    to.reasoning_tokens = f.usage.reasoning;
    to.estimated = f.usage.estimated;
    to.cost = f.cost;
    to.latency_ms = f.latency_ms;
  }

  template <class Change>
  result<void> change(const log::record& from, const call_id& call, Change apply_to) {
    const auto id = to_string(call);
    TRY(auto* const found, rows_.need(id, from, "the model call"));
    apply_to(*found);
    return success();
  }

  template <class Change>
  result<void>
  end(const log::record& from, const call_id& call, const char* state, Change apply_to) {
    return change(from, call, [&](model_call_row& r) {
      r.state = state;
      r.ended_at = from.at;
      apply_to(r);
    });
  }

  table<model_call_row> rows_{"model_calls"};
  table<agent_row> agents_{"agents"};
};

} // namespace

std::unique_ptr<view> make_model_calls() {
  return std::make_unique<model_calls>();
}

} // namespace ash::projections
