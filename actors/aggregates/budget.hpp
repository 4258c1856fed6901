// One budget scope: what may still be spent. A call reserves its estimate before it is made, and
// settles what it really cost afterwards; a settlement is recorded even where it goes above the
// cap. A daily scope grants nothing once its day (UTC) is over, and closes when nothing is reserved
// in it any more.
#pragma once

#include "actors/aggregates/aggregate.hpp"

namespace ash::budget {

struct reservation {
  call_id call;
  usd amount;
  stream_id owner = {}; ///< the stream that spends
};
BOOST_DESCRIBE_STRUCT(reservation, (), (call, amount, owner))

struct state {
  bool open = false;
  budget_terms terms;
  usd settled;
  usd reserved;
  std::vector<reservation> reservations; ///< open ones, in the order they were made
  bool warned = false;
  bool exhausted = false;
  bool closed = false; ///< a daily scope whose day is over: its figures are final

  [[nodiscard]] usd committed() const { return settled + reserved; }
};
BOOST_DESCRIBE_STRUCT(state,
                      (),
                      (open, terms, settled, reserved, reservations, warned, exhausted, closed))

/// The UTC date in the name of a daily scope (`day:DATE`, `persona:NAME:DATE`); empty for others.
std::string_view date_of_scope(std::string_view scope);
/// The daily scope of a persona, whatever its version; `date` as `utc_date` writes it.
std::string scope_of_persona(std::string_view persona, std::string_view date);
/// Whether a scope's day has ended.
bool is_over(std::string_view scope, instant now);

/// What pays for work beneath other work: its own scopes and all of those above it, each once
/// (daily ones whatever their date), narrowest first: runs and sessions from the bottom to the top,
/// then the days of personas, then the day.
std::vector<budget_terms> scopes_beneath(std::vector<budget_terms> own,
                                         const std::vector<budget_terms>& above);

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
