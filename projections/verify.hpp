// Whether the rows of a store are what the log says: they are compared with a fresh fold, made in a
// file of its own, which works beside whoever keeps the store up to date. It changes nothing.
#pragma once

#include "events/log/event_log.hpp"
#include "projections/read_models.hpp"
#include "projections/store/store.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace ash::projections {

struct difference {
  std::string table;
  std::string key; ///< of the row
  std::string what;
};

struct verification {
  std::uint64_t rows = 0;              ///< compared
  std::uint64_t position = 0;          ///< of the furthest view
  std::uint64_t count = 0;             ///< of all differences
  std::vector<difference> differences; ///< the first 100
  std::vector<view_status> stopped;    ///< views that wait for a fact that they can't apply

  [[nodiscard]] bool is_clean() const { return count == 0 && stopped.empty(); }
};

/// {"clean", "position", "rows", "difference_count", "differences": [{"table", "key", "what"}],
/// "stopped": [{"view", "position", "message"}]}.
json::object to_json(const verification& of);

/// `scratch` is a path in which nothing stands yet; the files there are gone afterwards. Errors:
/// `store_unavailable` (also where there are no read models of this log and version yet),
/// `cancelled` once `stop` is requested, those of the store and of the log.
result<verification> verify(const log::event_log& from,
                            store& what,
                            const std::string& scratch,
                            const progress& tell = {},
                            const std::stop_token& stop = {});

/// Makes a new generation and swaps it in. Errors: those of the store (`store_unavailable` while
/// another process projects into it) and of the log.
result<projection_status>
rebuild(const log::event_log& from, store& what, const progress& tell = {});

/// How far a store is, as its own books say: for one that no process keeps up to date, too. Errors:
/// as those of `verify`.
result<projection_status> read_status(const log::event_log& from, store& what);

} // namespace ash::projections
