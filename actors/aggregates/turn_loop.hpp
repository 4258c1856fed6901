// The turn loop that phases and sessions share: one user message, then steps of one model call and
// the tool calls that it asks for, until the model is done or a rule stops it. Pure; its owner (the
// phase or session aggregate) holds the state, gives it the commands and stores the facts.
//
// A step is strictly sequential, and each arrow is durable before the next begins:
//   request → reserve budget → call → settle budget → tool 1 → … → tool n → next step
// but for sub-agents that are asked for one after another: they work side by side.
#pragma once

#include "actors/aggregates/effects.hpp"
#include "events/base/apart.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace ash::turn {

enum class speaker : std::uint8_t { user, assistant, tool };
BOOST_DESCRIBE_ENUM(speaker, user, assistant, tool)

/// One message of the transcript that the next request is rendered from.
struct message {
  speaker who = speaker::user;
  std::string text;
  std::vector<thinking_block> thinking;
  std::vector<tool_request> tool_calls;
  std::string answers; ///< the id of the tool request that a tool message answers
  std::string tool;
  bool is_error = false;
};
BOOST_DESCRIBE_STRUCT(message, (), (who, text, thinking, tool_calls, answers, tool, is_error))

enum class stage : std::uint8_t { reserving, calling, settling, waiting, tool, suspended, asking };
BOOST_DESCRIBE_ENUM(stage, reserving, calling, settling, waiting, tool, suspended, asking)

enum class call_outcome : std::uint8_t { open, completed, failed, refused, lost };
BOOST_DESCRIBE_ENUM(call_outcome, open, completed, failed, refused, lost)

/// The model call of the present step.
struct call_state {
  call_id call;
  std::int64_t attempt = 1;
  std::int64_t model_index = 0;
  usd estimate;
  std::int64_t input_estimate = 0;
  document request; ///< until the call has ended
  std::vector<budget_terms> scopes;
  call_outcome outcome = call_outcome::open;
  usd cost;
  std::string text; ///< of a completed call, or what a failed one had given
  std::string code; ///< of a failed or refused one
  std::string message;
  std::string scope;
  bool retryable = false;
  std::int64_t retry_after_ms = 0;
  bool settled = false;
  approval_id approval = {};                         ///< that let it go beyond a cap: the newest
  std::vector<effect::approved_scope> approved = {}; ///< the caps that it may go beyond
};
BOOST_DESCRIBE_STRUCT(call_state,
                      (),
                      (call,
                       attempt,
                       model_index,
                       estimate,
                       input_estimate,
                       request,
                       scopes,
                       outcome,
                       cost,
                       text,
                       code,
                       message,
                       scope,
                       retryable,
                       retry_after_ms,
                       settled,
                       approval,
                       approved))

/// A tool call that has been asked for and not answered.
struct tool_slot {
  std::int64_t index = 0; ///< into `asked`
  tool_call_id call;
};
BOOST_DESCRIBE_STRUCT(tool_slot, (), (index, call))

/// A turn that runs.
struct progress {
  turn_id turn;
  std::int64_t step = 0;
  stage at = stage::reserving;
  call_state call;
  std::vector<tool_request> asked;     ///< by the step's call
  std::int64_t next_tool = 0;          ///< index into `asked` of the next to be called
  std::vector<tool_slot> in_flight;    ///< one, or several that are sub-agents' work
  std::vector<std::string> signatures; ///< of all tool calls of the turn
  instant due;                         ///< of the retry
  bool stopping = false;
  std::string stop_reason;
  bool done = false; ///< the `complete` tool was called
  std::string closing_text;
  approval_id awaits = {}; ///< while it asks
};
BOOST_DESCRIBE_STRUCT(progress,
                      (),
                      (turn,
                       step,
                       at,
                       call,
                       asked,
                       next_tool,
                       in_flight,
                       signatures,
                       due,
                       stopping,
                       stop_reason,
                       done,
                       closing_text,
                       awaits))

/// A model call whose turn was left before its money was settled. One that was still reserving
/// waits for the answer first: a release that overtook it would leave a reservation behind.
struct leftover {
  turn_id turn;
  stage at = stage::reserving; ///< or settling
  call_state call;
};
BOOST_DESCRIBE_STRUCT(leftover, (), (turn, at, call))

/// What the owner's stream says of its turns.
struct loop {
  std::vector<message> transcript;
  apart<progress> now; ///< large, and most sessions rest most of the time
  std::int64_t turns = 0;
  std::int64_t calls = 0;
  token_usage used;
  usd cost;
  std::vector<leftover> leftovers;
};
BOOST_DESCRIBE_STRUCT(loop, (), (transcript, now, turns, calls, used, cost, leftovers))

/// What the loop needs to know of its owner. References live as long as the call.
struct owner {
  stream_id stream;
  const uuid& id;
  const agent_terms& agent;
  const std::vector<budget_terms>& scopes;
  const std::string& worktree;
  bool read_only = false; ///< plan mode: tools that change something are refused
  stream_id root = {};    ///< where approvals are asked for; the owner itself or one above it
  std::string_view phase_key = {};
  bool attended = true;   ///< someone can be asked
  std::int64_t depth = 0; ///< of a session: how many ask through it
  call_purpose purpose = call_purpose::work;
};

/// Sub-agents that work for one turn at a time; the next begins once one of them is done.
constexpr std::size_t max_beside = 8;

/// The number of attempts at one model, and the waits between them.
constexpr std::int64_t max_attempts = 3;
constexpr std::int64_t retry_base_ms = 1'000;
constexpr std::int64_t retry_cap_ms = 30'000;

using facts = std::vector<fact>;

/// One of the closed set of turn facts or commands, for an owner that passes all of them on.
template <class T>
concept turn_fact = boost::mp11::mp_contains<fact, T>::value;
template <class T>
concept turn_command = boost::mp11::mp_contains<command, T>::value;

/// Opens a turn with a user message. There must be none running.
facts begin(const owner& who, const loop& state, std::string prompt, instant now);

/// The facts of a command. Answers of effects that no longer matter lead to none.
/// Errors: `turn_not_found` for a stop of a turn that never was.
decision<fact> decide(const owner& who, const loop& state, const command& what, instant now);

/// What comes before the owner drops the running turn (none where none runs): whatever is in flight
/// is called off, and a model call that had started is paid for at its reservation.
facts discard(const loop& state, const std::string& reason);
/// The state without its running turn; what that still owes stays as a leftover.
loop leave(loop state);

/// Whether a fact is about a leftover.
bool of_leftover(const loop& state, const fact& happened);
/// The same as `decide`, `evolve`, `react` and `pending`, for nothing but the leftovers.
facts decide_leftover(const loop& state, const command& what);
loop evolve_leftover(loop state, const fact& happened);
effects react_leftover(const loop& state, const fact& happened);
effects pending_leftovers(const loop& state);

loop evolve(loop state, const fact& happened);
effects react(const owner& who, const loop& state, const fact& happened);
effects pending(const owner& who, const loop& state);

/// Whether the scope that refused a call wants someone to be asked, who has not been asked about it
/// yet. What was approved for one scope is nothing to another.
inline bool wants_asking(const call_state& call) {
  const auto asks = [&](const budget_terms& terms) {
    return terms.scope == call.scope && terms.policy == budget_policy::prompt;
  };
  const auto is_it = [&](const effect::approved_scope& each) { return each.scope == call.scope; };
  return std::none_of(call.approved.begin(), call.approved.end(), is_it) &&
         std::any_of(call.scopes.begin(), call.scopes.end(), asks);
}

/// The effects that every call leads to, whether its turn runs or was left.
effect_request reserve_call(const call_state& call);
effect_request settle_call(const call_state& call);

/// The canonical request body for the state's next model call (see actors/providers/provider.hpp).
std::string render_request(const agent_terms& agent, const loop& state);

/// Tokens of a text, whoever answers it: see actors/tokens/tokens.hpp.
std::int64_t estimate_tokens(std::string_view text);

} // namespace ash::turn
