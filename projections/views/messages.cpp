#include "events/base/json.hpp"
#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace ash::projections {
namespace {

/// What was said in a session or a phase: by the user, the model, or a tool to the model. Its key
/// is its fact's position, for a client chooses message ids, which are unique in its stream only.
struct message_row {
  std::int64_t entry = 0;
  std::int64_t seq = 0;
  std::string message; ///< the user's message id, else the id of the call or turn it came from
  std::string run;
  std::string session;
  std::string owner; ///< a stream
  std::string turn;  ///< empty for a message that stands before its turn
  std::string role;  ///< `user`, `assistant`, `tool`
  std::string text;
  json_text tool_calls{"[]"};       ///< that the model asked for
  std::string status = "completed"; ///< or `interrupted`, `failed`; of a tool what became of it
  bool archived = false;            ///< no part of the conversation any more
  instant at;
  instant edited_at;
};
BOOST_DESCRIBE_STRUCT(message_row,
                      (),
                      (entry,
                       seq,
                       message,
                       run,
                       session,
                       owner,
                       turn,
                       role,
                       text,
                       tool_calls,
                       status,
                       archived,
                       at,
                       edited_at))

std::string json_of(const std::vector<tool_request>& calls) {
  json::array all;
  for (const auto& each : calls)
    all.push_back(
        json::object{{"id", each.id}, {"name", each.name}, {"arguments", each.arguments}});
  return to_json_text(all);
}

using not_of_messages = passes_over<session::created,
                                    session::ended,
                                    session::titled,
                                    session::model_changed,
                                    session::persona_changed,
                                    session::context_reset,
                                    session::plan_mode_changed,
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
                                    turn::step_started,
                                    turn::call_requested,
                                    turn::call_started,
                                    turn::call_refused,
                                    turn::call_delta,
                                    turn::call_failed, // a part of an answer is not one
                                    turn::call_lost,
                                    turn::call_settled,
                                    turn::call_retried,
                                    turn::model_fell_back,
                                    turn::tool_called,
                                    turn::loop_detected,
                                    turn::step_finished,
                                    turn::stop_requested,
                                    turn::suspended,
                                    turn::resumed,
                                    turn::completed, // its text is the last answer's
                                    tool_call::fact,
                                    budget::fact,
                                    log::fact,
                                    turn::approval_awaited,
                                    turn::approval_settled>;

class messages final : public folding_view<messages, not_of_messages> {
public:
  [[nodiscard]] std::string_view name() const override { return "messages"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&rows_}; }

  result<void> on(const session::message_appended& f, const log::record& from) {
    add(from, to_string(f.message), {}, "user", f.text);
    return success();
  }
  result<void> on(const session::message_edited& f, const log::record& from) {
    const auto id = to_string(f.message);
    std::int64_t seq = 0;
    TRY(rows_.change_group(from.stream.text(), [&](message_row& r) {
      if (r.message != id || r.role != "user")
        return false;
      r.text = f.text;
      r.edited_at = from.at;
      seq = r.seq;
      return true;
    }));
    if (seq == 0)
      return out_of_place(from, "the message", id);
    return f.mode == session::edit_mode::save ? success() : archive(from, seq);
  }
  result<void> on(const session::cleared&, const log::record& from) { return archive(from, 0); }

  result<void> on(const turn::started& f, const log::record& from) {
    // In a session the message that the turn answers is there already.
    if (from.stream.kind() != entity_kind::session)
      add(from, "prompt:" + to_string(f.turn), f.turn, "user", f.prompt);
    return success();
  }
  result<void> on(const turn::call_completed& f, const log::record& from) {
    auto& said = add(from, to_string(f.call), f.turn, "assistant", f.text);
    said.tool_calls.text = json_of(f.tool_calls);
    return success();
  }
  result<void> on(const turn::tool_answered& f, const log::record& from) {
    add(from, to_string(f.tool_call), f.turn, "tool", f.text).status = name_of(f.answer);
    return success();
  }
  result<void> on(const turn::interrupted& f, const log::record& from) {
    if (!f.partial_text.empty())
      add(from, "partial:" + to_string(f.turn), f.turn, "assistant", f.partial_text).status =
          "interrupted";
    return success();
  }
  result<void> on(const turn::failed& f, const log::record& from) {
    add(from, "failure:" + to_string(f.turn), f.turn, "assistant", f.message).status = "failed";
    return success();
  }

private:
  message_row& add(const log::record& from,
                   std::string id,
                   const turn_id& turn,
                   const char* role,
                   const std::string& text) {
    message_row made;
    made.entry = static_cast<std::int64_t>(from.position);
    made.message = std::move(id);
    made.seq = sequence_of(from);
    made.run = run_above(from);
    made.session = from.stream.kind() == entity_kind::session ? id_of(from) : std::string{};
    made.owner = from.stream.text();
    made.turn = turn.is_nil() ? std::string{} : to_string(turn);
    made.role = role;
    made.text = text;
    made.at = from.at;
    return rows_.insert(std::move(made));
  }

  /// What was said in this stream after `seq` is no part of it any more.
  result<void> archive(const log::record& from, std::int64_t seq) {
    return rows_.change_group(from.stream.text(), [&](message_row& r) {
      if (r.seq <= seq || r.archived)
        return false;
      r.archived = true;
      return true;
    });
  }

  table<message_row> rows_{"messages", {"owner", &message_row::owner}};
};

} // namespace

std::unique_ptr<view> make_messages() {
  return std::make_unique<messages>();
}

} // namespace ash::projections
