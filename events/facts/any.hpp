// Every fact that there is.
#pragma once

#include "events/facts/budget.hpp"
#include "events/facts/log.hpp"
#include "events/facts/phase.hpp"
#include "events/facts/run.hpp"
#include "events/facts/session.hpp"
#include "events/facts/tool_call.hpp"

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

namespace ash {

/// The closed set of facts, as a list of types. Turn facts stand in it once, though phases and
/// sessions both have them.
using every_fact =
    boost::mp11::mp_rename<boost::mp11::mp_unique<boost::mp11::mp_append<session::fact,
                                                                         run::fact,
                                                                         phase::fact,
                                                                         tool_call::fact,
                                                                         budget::fact,
                                                                         log::fact>>,
                           std::variant>;

/// One of them. A class, so that what copies, moves and destroys seventy types is compiled once and
/// not in each file.
struct any_fact : every_fact {
  using every_fact::every_fact;
  using every_fact::operator=;
  any_fact();
  any_fact(const any_fact& from);
  any_fact(any_fact&& from) noexcept;
  any_fact& operator=(const any_fact& from);
  any_fact& operator=(any_fact&& from) noexcept;
  ~any_fact();
};

/// The type text of a fact, for example `run.started`.
std::string_view type_of(const any_fact& fact);

} // namespace ash
