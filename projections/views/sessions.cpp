#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

struct session_row {
  std::string session;
  std::int64_t seq = 0;
  std::string state = "active"; ///< or `ended`
  std::string persona;          ///< `name@version`
  std::string persona_hash;
  std::string model; ///< `provider:model`, the first that is tried
  std::string title;
  std::string project_key;
  std::string worktree;
  std::string parent;
  std::int64_t depth = 0;
  bool plan_mode = false;
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t messages = 0; ///< of the user
  std::int64_t turns = 0;
  std::string running_turn; ///< empty: none
  std::int64_t calls = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  usd cost; ///< settled
  std::string reason;
  instant created_at;
  instant last_message_at;
  instant ended_at;
  instant updated_at;
};
BOOST_DESCRIBE_STRUCT(session_row,
                      (),
                      (session,
                       seq,
                       state,
                       persona,
                       persona_hash,
                       model,
                       title,
                       project_key,
                       worktree,
                       parent,
                       depth,
                       plan_mode,
                       epoch,
                       generation,
                       messages,
                       turns,
                       running_turn,
                       calls,
                       input_tokens,
                       output_tokens,
                       cost,
                       reason,
                       created_at,
                       last_message_at,
                       ended_at,
                       updated_at))

std::string first_of(const std::vector<model_choice>& models) {
  return models.empty() ? std::string{} : models.front().name;
}

using not_of_sessions = passes_over<run::fact,
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
                                    tool_call::fact,
                                    budget::fact,
                                    log::fact,
                                    turn::approval_awaited,
                                    turn::approval_settled>;

class sessions final : public folding_view<sessions, not_of_sessions> {
public:
  [[nodiscard]] std::string_view name() const override { return "sessions"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const session::created& f, const log::record& from) {
    session_row made;
    made.session = to_string(f.session);
    made.seq = sequence_of(from);
    made.persona = f.agent->persona;
    made.persona_hash = f.agent->persona_hash;
    made.model = first_of(f.agent->models);
    made.project_key = f.project_key;
    made.worktree = f.worktree;
    made.parent = f.parent ? to_string(*f.parent) : std::string{};
    made.depth = f.depth;
    made.created_at = from.at;
    made.updated_at = from.at;
    rows_.insert(std::move(made));
    return success();
  }
  result<void> on(const session::ended& f, const log::record& from) {
    return change(from, [&](session_row& r) {
      r.state = "ended";
      r.reason = f.reason;
      r.ended_at = from.at;
    });
  }
  result<void> on(const session::titled& f, const log::record& from) {
    return change(from, [&](session_row& r) { r.title = f.title; });
  }
  result<void> on(const session::model_changed& f, const log::record& from) {
    return change(from, [&](session_row& r) { r.model = first_of(f.models); });
  }
  result<void> on(const session::persona_changed& f, const log::record& from) {
    return change(from, [&](session_row& r) {
      r.persona = f.agent->persona;
      r.persona_hash = f.agent->persona_hash;
      r.model = first_of(f.agent->models);
    });
  }
  result<void> on(const session::context_reset& f, const log::record& from) {
    return change(from, [&](session_row& r) { r.epoch = f.epoch; });
  }
  result<void> on(const session::cleared& f, const log::record& from) {
    return change(from, [&](session_row& r) {
      r.generation = f.generation;
      r.epoch = f.epoch;
      r.messages = 0;
      r.running_turn.clear();
    });
  }
  result<void> on(const session::plan_mode_changed& f, const log::record& from) {
    return change(from, [&](session_row& r) { r.plan_mode = f.on; });
  }
  result<void> on(const session::message_appended&, const log::record& from) {
    return change(from, [&](session_row& r) {
      ++r.messages;
      r.last_message_at = from.at;
    });
  }
  result<void> on(const session::message_edited&, const log::record& from) {
    return change(from, [](session_row&) {});
  }

  // -- its turns ----------------------------------------------------------------------------------

  result<void> on(const turn::started& f, const log::record& from) {
    return change(from, [&](session_row& r) {
      ++r.turns;
      r.running_turn = to_string(f.turn);
    });
  }
  result<void> on(const turn::completed&, const log::record& from) { return end_turn(from); }
  result<void> on(const turn::interrupted&, const log::record& from) { return end_turn(from); }
  result<void> on(const turn::failed&, const log::record& from) { return end_turn(from); }
  result<void> on(const turn::call_started&, const log::record& from) {
    return change(from, [](session_row& r) { ++r.calls; });
  }
  result<void> on(const turn::call_completed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_failed& f, const log::record& from) {
    return use(from, f.usage);
  }
  result<void> on(const turn::call_settled& f, const log::record& from) {
    return change(from, [&](session_row& r) { r.cost += f.cost; });
  }

private:
  /// The session whose stream it is; nothing for a phase's turn.
  template <class Change> result<void> change(const log::record& from, Change apply_to) {
    if (from.stream.kind() != entity_kind::session)
      return success();
    TRY(auto* const found, rows_.need(id_of(from), from, "the session"));
    apply_to(*found);
    found->updated_at = from.at;
    return success();
  }

  result<void> end_turn(const log::record& from) {
    return change(from, [](session_row& r) { r.running_turn.clear(); });
  }

  result<void> use(const log::record& from, const token_usage& used) {
    return change(from, [&](session_row& r) {
      r.input_tokens += used.input;
      r.output_tokens += used.output;
    });
  }

  table<session_row> rows_{"sessions"};
};

} // namespace

std::unique_ptr<view> make_sessions() {
  return std::make_unique<sessions>();
}

} // namespace ash::projections
