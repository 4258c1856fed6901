// One budget scope: what may still be spent. A call reserves its estimate before it is made, and
// settles what it really cost afterwards; a settlement is recorded even where it goes above the
// cap.
#pragma once

#include "actors/aggregates/aggregate.hpp"

namespace ash::budget {

struct reservation {
  call_id call;
  usd amount;
};
BOOST_DESCRIBE_STRUCT(reservation, (), (call, amount))

struct state {
  bool open = false;
  budget_terms terms;
  usd settled;
  usd reserved;
  std::vector<reservation> reservations; ///< open ones, in the order they were made
  bool warned = false;
  bool exhausted = false;

  [[nodiscard]] usd committed() const { return settled + reserved; }
};
BOOST_DESCRIBE_STRUCT(state, (), (open, terms, settled, reserved, reservations, warned, exhausted))

} // namespace ash::budget

namespace ash {

struct budget_aggregate {
  static constexpr entity_kind kind = entity_kind::budget;
  using state = budget::state;
  using command = budget::command;
  using fact = budget::fact;

  static decision<fact> decide(const state& now_in, const command& what, instant now);
  static state evolve(state from, const fact& happened);
  static effects react(const state& now_in, const fact& happened);
  static effects pending(const state& now_in);
  static bool is_final(const state& now_in);
};

} // namespace ash
