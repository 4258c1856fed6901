// What happens in a turn: steps, model calls and tool calls. A turn belongs to a phase or a
// session, and its facts stand in that owner's stream.
#pragma once

#include "events/facts/run.hpp"

#include <variant>

namespace ash::turn {

/// A user message opened the turn.
struct started {
  static constexpr std::string_view type = "turn.started";
  turn_id turn;
  std::int64_t number = 0; ///< from 1 within the owner
  std::string prompt;
};
BOOST_DESCRIBE_STRUCT(started, (), (turn, number, prompt))

struct step_started {
  static constexpr std::string_view type = "step.started";
  turn_id turn;
  std::int64_t step = 0; ///< from 1 within the turn
};
BOOST_DESCRIBE_STRUCT(step_started, (), (turn, step))

/// What a model call is for: the agent's own work, or a verdict about one of its tool calls.
enum class call_purpose : std::uint8_t { work, review };
BOOST_DESCRIBE_ENUM(call_purpose, work, review)

/// One attempt at a model call is intended; its budget is not yet reserved.
struct call_requested {
  static constexpr std::string_view type = "llm.call.requested";
  turn_id turn;
  call_id call;
  std::int64_t step = 0;
  std::int64_t attempt = 0; ///< from 1, for this step and model
  std::string model;        ///< `provider:model`
  std::int64_t model_index = 0;
  document request;                ///< the whole canonical request
  std::int64_t input_estimate = 0; ///< tokens
  usd estimate;
  std::vector<budget_terms> scopes; ///< that pay, narrowest first
  std::string persona_hash;
  std::string policy_hash;
  approval_id approval = {}; ///< that lets it go beyond the cap of a scope which asks; nil: none
  call_purpose purpose = call_purpose::work;
};
BOOST_DESCRIBE_STRUCT(call_requested,
                      (),
                      (turn,
                       call,
                       step,
                       attempt,
                       model,
                       model_index,
                       request,
                       input_estimate,
                       estimate,
                       scopes,
                       persona_hash,
                       policy_hash,
                       approval,
                       purpose))

/// The budget is reserved in every scope, and the call goes out.
struct call_started {
  static constexpr std::string_view type = "llm.call.started";
  turn_id turn;
  call_id call;
};
BOOST_DESCRIBE_STRUCT(call_started, (), (turn, call))

/// The call was not made: a limit or a budget forbade it.
struct call_refused {
  static constexpr std::string_view type = "llm.call.refused";
  turn_id turn;
  call_id call;
  std::string code;
  std::string message;
  std::string scope; ///< the budget scope that refused; empty for another limit
};
BOOST_DESCRIBE_STRUCT(call_refused, (), (turn, call, code, message, scope))

/// A piece of a streaming answer. Transient: pruned once the whole answer is durable.
struct call_delta {
  static constexpr std::string_view type = "llm.call.delta";
  turn_id turn;
  call_id call;
  std::string text;
  bool thinking = false;
};
BOOST_DESCRIBE_STRUCT(call_delta, (), (turn, call, text, thinking))

struct call_completed {
  static constexpr std::string_view type = "llm.call.completed";
  turn_id turn;
  call_id call;
  std::string text;
  std::vector<thinking_block> thinking;
  std::vector<tool_request> tool_calls;
  token_usage usage;
  usd cost;
  std::string finish_reason;
  document response; ///< the provider's own form
  std::int64_t latency_ms = 0;
};
BOOST_DESCRIBE_STRUCT(
    call_completed,
    (),
    (turn, call, text, thinking, tool_calls, usage, cost, finish_reason, response, latency_ms))

struct call_failed {
  static constexpr std::string_view type = "llm.call.failed";
  turn_id turn;
  call_id call;
  std::string code;
  std::string message;
  bool retryable = false;
  bool emitted_output = false;
  std::string partial_text;
  token_usage usage;
  usd cost;
  std::int64_t retry_after_ms = 0;
  std::int64_t latency_ms = 0;
};
BOOST_DESCRIBE_STRUCT(call_failed,
                      (),
                      (turn,
                       call,
                       code,
                       message,
                       retryable,
                       emitted_output,
                       partial_text,
                       usage,
                       cost,
                       retry_after_ms,
                       latency_ms))

/// The call was in flight when the process died. It is paid for at its reservation.
struct call_lost {
  static constexpr std::string_view type = "llm.call.lost";
  turn_id turn;
  call_id call;
  usd cost;
};
BOOST_DESCRIBE_STRUCT(call_lost, (), (turn, call, cost))

/// Every scope has settled or released the call's reservation.
struct call_settled {
  static constexpr std::string_view type = "llm.call.settled";
  turn_id turn;
  call_id call;
  usd cost;
};
BOOST_DESCRIBE_STRUCT(call_settled, (), (turn, call, cost))

/// The call failed in a way that may pass: it is made again at `due`.
struct call_retried {
  static constexpr std::string_view type = "llm.call.retried";
  turn_id turn;
  call_id call; ///< that failed
  std::int64_t next_attempt = 0;
  std::int64_t wait_ms = 0;
  instant due;
};
BOOST_DESCRIBE_STRUCT(call_retried, (), (turn, call, next_attempt, wait_ms, due))

/// The attempts at one model are used up: the next model takes over.
struct model_fell_back {
  static constexpr std::string_view type = "llm.model.fell_back";
  turn_id turn;
  std::string from;
  std::string to;
  std::int64_t model_index = 0;
};
BOOST_DESCRIBE_STRUCT(model_fell_back, (), (turn, from, to, model_index))

/// The model asked for a tool. With a `refusal` it never reaches the tool: a turn-level rule
/// forbade it.
struct tool_called {
  static constexpr std::string_view type = "step.tool.called";
  turn_id turn;
  std::int64_t step = 0;
  std::int64_t index = 0; ///< of the call within the step, from 0
  tool_call_id tool_call;
  tool_request request;
  std::string signature; ///< what loop detection compares
  std::string refusal;   ///< an error code; empty where the tool is asked
  std::string message;
};
BOOST_DESCRIBE_STRUCT(tool_called,
                      (),
                      (turn, step, index, tool_call, request, signature, refusal, message))

enum class tool_answer : std::uint8_t { completed, failed, denied, cancelled, in_doubt };
BOOST_DESCRIBE_ENUM(tool_answer, completed, failed, denied, cancelled, in_doubt)

/// What the model is told of a tool call.
struct tool_answered {
  static constexpr std::string_view type = "step.tool.answered";
  turn_id turn;
  tool_call_id tool_call;
  tool_answer answer = tool_answer::completed;
  std::string code; ///< of anything but completed
  std::string text;
  std::vector<file_change> written;
};
BOOST_DESCRIBE_STRUCT(tool_answered, (), (turn, tool_call, answer, code, text, written))

struct loop_detected {
  static constexpr std::string_view type = "loop.detected";
  turn_id turn;
  std::string signature;
  std::int64_t period = 1;
};
BOOST_DESCRIBE_STRUCT(loop_detected, (), (turn, signature, period))

enum class step_status : std::uint8_t { completed, error, doom_loop };
BOOST_DESCRIBE_ENUM(step_status, completed, error, doom_loop)

struct step_finished {
  static constexpr std::string_view type = "step.finished";
  turn_id turn;
  std::int64_t step = 0;
  step_status status = step_status::completed;
};
BOOST_DESCRIBE_STRUCT(step_finished, (), (turn, step, status))

/// Someone asked the turn to stop; it ends as soon as what is in flight has been called off.
struct stop_requested {
  static constexpr std::string_view type = "turn.stop.requested";
  turn_id turn;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(stop_requested, (), (turn, reason))

/// A budget blocks the turn. It goes on where it was once it is resumed.
struct suspended {
  static constexpr std::string_view type = "turn.suspended";
  turn_id turn;
  std::string code;
  std::string message;
  std::string scope;
};
BOOST_DESCRIBE_STRUCT(suspended, (), (turn, code, message, scope))

struct resumed {
  static constexpr std::string_view type = "turn.resumed";
  turn_id turn;
};
BOOST_DESCRIBE_STRUCT(resumed, (), (turn))

/// The turn waits until someone has decided about a budget.
struct approval_awaited {
  static constexpr std::string_view type = "turn.approval.awaited";
  turn_id turn = {};
  approval_id approval = {};
  run::approval_kind kind = run::approval_kind::budget;
  std::string subject = {}; ///< the scope
  std::string message = {};
  usd amount = {};
};
BOOST_DESCRIBE_STRUCT(approval_awaited, (), (turn, approval, kind, subject, message, amount))

struct approval_settled {
  static constexpr std::string_view type = "turn.approval.settled";
  turn_id turn = {};
  approval_id approval = {};
  run::decision_kind decision = run::decision_kind::approve;
  std::string by = {};
  std::string comment = {};
};
BOOST_DESCRIBE_STRUCT(approval_settled, (), (turn, approval, decision, by, comment))

struct completed {
  static constexpr std::string_view type = "turn.completed";
  turn_id turn;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(completed, (), (turn, text))

struct interrupted {
  static constexpr std::string_view type = "turn.interrupted";
  turn_id turn;
  std::string reason;
  std::string partial_text;
};
BOOST_DESCRIBE_STRUCT(interrupted, (), (turn, reason, partial_text))

struct failed {
  static constexpr std::string_view type = "turn.failed";
  turn_id turn;
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(failed, (), (turn, code, message))

#define ASH_TURN_FACTS                                                                             \
  turn::started, turn::step_started, turn::call_requested, turn::call_started, turn::call_refused, \
      turn::call_delta, turn::call_completed, turn::call_failed, turn::call_lost,                  \
      turn::call_settled, turn::call_retried, turn::model_fell_back, turn::tool_called,            \
      turn::tool_answered, turn::loop_detected, turn::step_finished, turn::stop_requested,         \
      turn::suspended, turn::resumed, turn::approval_awaited, turn::approval_settled,              \
      turn::completed, turn::interrupted, turn::failed

using fact = std::variant<ASH_TURN_FACTS>;

} // namespace ash::turn
