// Money that is reserved for somebody who will not settle it by himself: an entity that broke, or
// one that a crash cut off and that nobody wakes. The runtime looks for both; nothing here decides
// what a call costs: it says what the owner's own facts say.
#pragma once

#include "events/facts/common.hpp"
#include "events/log/event_log.hpp"

#include <vector>

namespace ash {

/// A model call whose money is not settled, as its owner's facts leave it.
struct open_call {
  call_id call;
  std::vector<budget_terms> scopes;
  usd charge;         ///< its cost, or its reservation where that is not known
  bool spent = false; ///< false: it was never made
};

/// The open calls of a phase or session, oldest first. Facts that can't be read are passed over:
/// the owner may be broken because of them. Errors: those of reading.
result<std::vector<open_call>> open_calls(const log::event_log& log, const stream_id& owner);

/// Daily scopes that are not closed: everybody who spends, spends from one.
struct daily_scopes {
  std::vector<stream_id> over;   ///< their day is over and nothing is reserved in them
  std::vector<stream_id> owners; ///< who has a reservation in one, each once
};
/// Errors: those of reading.
result<daily_scopes> open_daily_scopes(const log::event_log& log, instant now);

} // namespace ash
