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

/// The closed set of facts. Turn facts stand in it once, though phases and sessions both have them.
using any_fact =
    boost::mp11::mp_rename<boost::mp11::mp_unique<boost::mp11::mp_append<session::fact,
                                                                         run::fact,
                                                                         phase::fact,
                                                                         tool_call::fact,
                                                                         budget::fact,
                                                                         log::fact>>,
                           std::variant>;

/// The type text of a fact, for example `run.started`.
inline std::string_view type_of(const any_fact& fact) {
  return std::visit([](const auto& f) { return std::string_view{f.type}; }, fact);
}

} // namespace ash
