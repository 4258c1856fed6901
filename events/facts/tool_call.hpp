// What happens to one tool call, in a stream of its own.
#pragma once

#include "events/facts/run.hpp"

#include <variant>

namespace ash::tool_call {

struct requested {
  static constexpr std::string_view type = "tool.call.requested";
  tool_call_id call;
  stream_id owner; ///< the phase or session whose turn asked
  turn_id turn;
  std::string name;
  std::string arguments; ///< JSON text as the model gave it
  effect_class effect = effect_class::write;
  std::string worktree; ///< absolute path
  tool_terms terms;
  std::string policy_hash;
  bool review = false; ///< someone decides before it runs
  stream_id root = {}; ///< where approvals are asked for
  std::string phase_key = {};
  std::int64_t depth = 0;                  ///< of the session that asks; 0 for a phase
  std::vector<budget_terms> scopes = {};   ///< that pay for what the call starts
  std::vector<std::string> subagents = {}; ///< personas that it may start
  bool attended = true;                    ///< someone can be asked
};
BOOST_DESCRIBE_STRUCT(requested,
                      (),
                      (call,
                       owner,
                       turn,
                       name,
                       arguments,
                       effect,
                       worktree,
                       terms,
                       policy_hash,
                       review,
                       root,
                       phase_key,
                       depth,
                       scopes,
                       subagents,
                       attended))

enum class review_verdict : std::uint8_t { approved, denied };
BOOST_DESCRIBE_ENUM(review_verdict, approved, denied)

struct reviewed {
  static constexpr std::string_view type = "tool.call.reviewed";
  tool_call_id call;
  review_verdict verdict = review_verdict::denied;
  std::string by;
  std::string reason;
  approval_id approval = {}; ///< nil where a model decided
};
BOOST_DESCRIBE_STRUCT(reviewed, (), (call, verdict, by, reason, approval))

/// Somebody has to decide before the call runs.
struct review_awaited {
  static constexpr std::string_view type = "tool.call.review.awaited";
  tool_call_id call = {};
  approval_id approval = {};
  std::string rule = {}; ///< the rule that wants it
  std::string question = {};
};
BOOST_DESCRIBE_STRUCT(review_awaited, (), (call, approval, rule, question))

/// A child session does what the call asks for.
struct delegated {
  static constexpr std::string_view type = "tool.call.delegated";
  tool_call_id call = {};
  session_id session = {};
};
BOOST_DESCRIBE_STRUCT(delegated, (), (call, session))

struct denied {
  static constexpr std::string_view type = "tool.call.denied";
  tool_call_id call;
  std::string code;
  std::string rule; ///< what forbade it
  std::string message;
};
BOOST_DESCRIBE_STRUCT(denied, (), (call, code, rule, message))

/// The intent is durable; the effect comes after this.
struct started {
  static constexpr std::string_view type = "tool.call.started";
  tool_call_id call;
};
BOOST_DESCRIBE_STRUCT(started, (), (call))

struct completed {
  static constexpr std::string_view type = "tool.call.completed";
  tool_call_id call;
  std::string text; ///< what the model is told
  document full;    ///< the whole output where `text` was cut
  std::int64_t exit_code = 0;
  std::vector<file_change> written;
  bool unsandboxed = false;
  std::int64_t duration_ms = 0;
};
BOOST_DESCRIBE_STRUCT(completed,
                      (),
                      (call, text, full, exit_code, written, unsandboxed, duration_ms))

struct failed {
  static constexpr std::string_view type = "tool.call.failed";
  tool_call_id call;
  std::string code;
  std::string text; ///< what the model is told
  document full;
  std::int64_t exit_code = 0;
  std::vector<file_change> written;
  bool unsandboxed = false;
  std::int64_t duration_ms = 0;
};
BOOST_DESCRIBE_STRUCT(failed,
                      (),
                      (call, code, text, full, exit_code, written, unsandboxed, duration_ms))

struct cancelled {
  static constexpr std::string_view type = "tool.call.cancelled";
  tool_call_id call;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(cancelled, (), (call, reason))

/// The process died while a `write` call ran: nobody knows whether it took effect, and it is not
/// run again.
struct in_doubt {
  static constexpr std::string_view type = "tool.call.in_doubt";
  tool_call_id call;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(in_doubt, (), (call, reason))

/// Someone wants a running call to end; how it ends, its answer says.
struct cancel_requested {
  static constexpr std::string_view type = "tool.call.cancel.requested";
  tool_call_id call;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(cancel_requested, (), (call, reason))

using fact = std::variant<requested,
                          reviewed,
                          denied,
                          started,
                          completed,
                          failed,
                          cancelled,
                          in_doubt,
                          cancel_requested,
                          review_awaited,
                          delegated,
                          run::hook_ran>;

} // namespace ash::tool_call
