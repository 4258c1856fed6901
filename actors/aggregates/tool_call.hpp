// One tool call: whether it may run, that it ran, and what came of it. A `write` call that was
// running when the process died is never run again: it becomes in doubt. A call for a sub-agent is
// answered by the end of the child session that it starts. Outside of the writable paths a model
// may decide first, in a child session too; where it can't, a person does.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "actors/aggregates/permissions.hpp"
#include "actors/aggregates/policy.hpp"

namespace ash::tool_call {

struct absent {};
BOOST_DESCRIBE_STRUCT(absent, (), ())

/// Someone has to decide before it runs; or, without an approval, hooks of the user's do.
struct reviewing {
  requested what;
  review_awaited awaits;
};
BOOST_DESCRIBE_STRUCT(reviewing, (), (what, awaits))

struct running {
  requested what;
  bool cancelling = false; ///< called off; it ends when its effect or its child has answered
  session_id child = {};   ///< that does what it asks for; nil: a tool does
  std::string cancel_reason = {};
};
BOOST_DESCRIBE_STRUCT(running, (), (what, cancelling, child, cancel_reason))

/// What its owner is told, as often as it asks.
struct finished {
  tool_call_id call;
  stream_id owner;
  turn::tool_answer answer = turn::tool_answer::completed;
  std::string code;
  std::string text;
  std::vector<file_change> written;
  stream_id root = {};
  approval_id withdrawn = {};  ///< asked for, and not needed any more
  std::string called_off = {}; ///< the effect of its hooks, which ran when it was cancelled
};
BOOST_DESCRIBE_STRUCT(finished,
                      (),
                      (call, owner, answer, code, text, written, root, withdrawn, called_off))

/// It ran, and hooks of the user's follow before its owner is told.
struct finishing {
  requested what;
  finished came;
};
BOOST_DESCRIBE_STRUCT(finishing, (), (what, came))

/// A model decides, in a session of its own, whether it may run.
struct consulting {
  requested what;
  session_id reviewer = {};
  bool cancelling = false; ///< called off; it ends when the reviewer's session has
  std::string cancel_reason = {};
};
BOOST_DESCRIBE_STRUCT(consulting, (), (what, reviewer, cancelling, cancel_reason))

using state = std::variant<absent, reviewing, running, finished, finishing, consulting>;

/// The rules that a call is judged by.
policy::rules rules_of(const tool_terms& terms);

/// What the policy and the permissions say of a call.
policy::permit verdict_on(const requested& what);

} // namespace ash::tool_call

namespace ash {

struct tool_call_aggregate {
  static constexpr entity_kind kind = entity_kind::tool_call;
  using state = tool_call::state;
  using command = tool_call::command;
  using fact = tool_call::fact;

  static decision<fact> decide(const state& now_in, const command& what, instant now);
  static state evolve(state from, const fact& happened);
  static effects react(const state& now_in, const fact& happened);
  static effects pending(const state& now_in);
  static bool is_final(const state& now_in);
};

} // namespace ash
