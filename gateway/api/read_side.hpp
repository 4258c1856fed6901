// What the API asks of the read models: the seam between its routes and whatever keeps the rows.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ash::projections {
class read_models;
}

namespace ash::gateway {

/// One page of a list.
struct row_page {
  json::array rows;
  std::string next;           ///< to go on after; empty at the end
  std::uint64_t total = 0;    ///< rows that the filters leave
  std::uint64_t position = 0; ///< of the log, that the rows stand for
};

struct list_request {
  std::string_view what; ///< `runs`, `sessions`, `budget_scopes` …
  std::map<std::string, std::string> filters;
  std::size_t limit = 0;
  std::string after;
};

/// Thread-safe, all of them.
struct read_side {
  /// Errors: `unknown_field` (an unknown filter) and `argument_invalid` (a value that it never
  /// has), with the filter as `field`; `cursor_invalid`, `store_unavailable` (also while the first
  /// rows of this log are made, beside those of another one).
  std::function<result<row_page>(const list_request&)> list;
  std::function<result<std::optional<json::object>>(std::string_view what, std::string_view id)>
      get;
  /// Sums of tokens and costs by `model`, `provider`, `persona`, `purpose`, `day`, `workflow`,
  /// `run` or `session`. Errors: `argument_invalid` with the `field` `by`, `store_unavailable`.
  std::function<result<json::object>(std::string_view by)> stats;
  std::function<json::object()> status;
  /// Begins a rebuild of all read models beside those that are read.
  std::function<void()> rebuild;
  /// Compares the rows with a fresh fold of the log: as long as that takes. `tell` is called now
  /// and then with the facts folded so far and all of them. Errors: `store_unavailable`,
  /// `cancelled`, those of the log.
  std::function<result<json::object>(const std::function<void(std::uint64_t, std::uint64_t)>& tell,
                                     const std::stop_token& stop)>
      verify;
  /// True once the rows stand for this position of the log; false where they don't in time, or
  /// nobody can say when they will.
  std::function<bool(std::uint64_t position, std::chrono::milliseconds limit)> wait_for;
};

/// The read models themselves, which outlive it.
read_side read_side_of(projections::read_models& models);

} // namespace ash::gateway
