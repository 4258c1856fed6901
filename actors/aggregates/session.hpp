// A conversation: settings, user messages and the turns that answer them. The session of a
// sub-agent has one message and one turn: its end is what the call that asked for it is answered.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "actors/aggregates/approvals.hpp"
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/turn_loop.hpp"

namespace ash::session {

constexpr std::size_t title_code_points = 50;
using delegation::max_depth;

/// Where a user message stands in the transcript.
struct posted {
  message_id message;
  std::int64_t index = 0; ///< into the transcript
};
BOOST_DESCRIBE_STRUCT(posted, (), (message, index))

struct absent {};
BOOST_DESCRIBE_STRUCT(absent, (), ())

struct active {
  created about;
  turn::loop turns;
  std::vector<posted> messages; ///< live user messages
  std::vector<message_id> archived;
  std::string title;
  bool plan_mode = false;
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::vector<run::approval> approvals; ///< asked for by the session and all beneath it
  apart<ended> outcome;                 ///< of a child whose turn is over
  /// The first so many approvals were asked for in turns that are over: nobody waits for them.
  std::int64_t earlier_approvals = 0;
};
BOOST_DESCRIBE_STRUCT(active,
                      (),
                      (about,
                       turns,
                       messages,
                       archived,
                       title,
                       plan_mode,
                       epoch,
                       generation,
                       approvals,
                       outcome,
                       earlier_approvals))

struct closed {
  session_id session;
  turn::loop turns;           ///< nothing but the calls that are still to be settled
  tool_call_id asked_by = {}; ///< of a child
  ended outcome = {};         ///< what that call is answered
};
BOOST_DESCRIBE_STRUCT(closed, (), (session, turns, asked_by, outcome))

using state = std::variant<absent, active, closed>;

} // namespace ash::session

namespace ash {

struct session_aggregate {
  static constexpr entity_kind kind = entity_kind::session;
  using state = session::state;
  using command = session::command;
  using fact = session::fact;

  static decision<fact> decide(const state& now_in, const command& what, instant now);
  static state evolve(state from, const fact& happened);
  static effects react(const state& now_in, const fact& happened);
  static effects pending(const state& now_in);
  static bool is_final(const state& now_in);
};

} // namespace ash
