// What happens in a budget scope. On every prefix of these facts, settled + reserved ≤ cap for a
// scope that blocks, but for what a settlement above its reservation adds.
#pragma once

#include "events/facts/common.hpp"

#include <variant>

namespace ash::budget {

struct opened {
  static constexpr std::string_view type = "budget.opened";
  budget_terms terms;
};
BOOST_DESCRIBE_STRUCT(opened, (), (terms))

struct reserved {
  static constexpr std::string_view type = "budget.reserved";
  call_id call;
  stream_id owner;
  usd amount;
  approval_id approval = {}; ///< that let it go beyond the cap of a scope which asks; nil: none
};
BOOST_DESCRIBE_STRUCT(reserved, (), (call, owner, amount, approval))

struct settled {
  static constexpr std::string_view type = "budget.settled";
  call_id call;
  usd reserved;
  usd actual;
};
BOOST_DESCRIBE_STRUCT(settled, (), (call, reserved, actual))

struct released {
  static constexpr std::string_view type = "budget.released";
  call_id call;
  usd amount;
};
BOOST_DESCRIBE_STRUCT(released, (), (call, amount))

/// The warn threshold was crossed, or a `warn_continue` scope went beyond its cap.
struct warned {
  static constexpr std::string_view type = "budget.warned";
  usd committed; ///< settled and reserved
  usd threshold;
};
BOOST_DESCRIBE_STRUCT(warned, (), (committed, threshold))

/// What is committed has reached the cap: nothing more is granted before the cap is raised.
struct exhausted {
  static constexpr std::string_view type = "budget.exhausted";
  usd committed;
  usd asked; ///< the amount that reached it
  usd cap;
};
BOOST_DESCRIBE_STRUCT(exhausted, (), (committed, asked, cap))

struct cap_changed {
  static constexpr std::string_view type = "budget.cap.changed";
  usd cap;
  usd warn_at;
  std::string by;
};
BOOST_DESCRIBE_STRUCT(cap_changed, (), (cap, warn_at, by))

/// The day of a daily scope is over: nothing new is granted.
struct closed {
  static constexpr std::string_view type = "budget.closed";
  usd settled = {}; ///< over the scope's life
};
BOOST_DESCRIBE_STRUCT(closed, (), (settled))

using fact =
    std::variant<opened, reserved, settled, released, warned, exhausted, cap_changed, closed>;

} // namespace ash::budget
