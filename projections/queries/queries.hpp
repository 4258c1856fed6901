// What the API and the CLI list: pages of plain rows from the read models, with filters, a stable
// order and counts. It reads a store through connections of its own and never asks an actor or the
// log; what it answers is as of the position it names.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::projections {

class store;

struct page_request {
  std::size_t limit = 50; ///< 1 … 1,000
  std::string after;      ///< `next` of the page before; empty: the first page
};

struct page {
  json::array rows;           ///< newest first
  std::string next;           ///< empty: there is no more
  std::uint64_t total = 0;    ///< of all pages, as of this one
  std::uint64_t position = 0; ///< of the log: what is up to here is in the rows
};

using filters = std::map<std::string, std::string>;

/// Thread-safe. In rows money is a decimal string of dollars, an instant ISO 8601 or null, and an
/// absent text or id an empty string.
class queries {
public:
  /// `from` outlives this.
  explicit queries(store& from);
  ~queries();
  queries(const queries&) = delete;
  queries& operator=(const queries&) = delete;

  /// `what` is one of `names()`. A filter compares for equality; one of several values is asked for
  /// with commas (`state=executing,interrupted`). Errors: `unknown_field` (no such filter) and
  /// `argument_invalid` (a value that the filter never has), both with the filter as `field`;
  /// `argument_invalid` also for no such list or a limit out of range; `cursor_invalid` (`after` is
  /// not from this list with these filters), `store_unavailable` (also before the first fold of a
  /// store).
  [[nodiscard]] result<page>
  list(std::string_view what, const filters& where = {}, const page_request& which = {}) const;

  /// One row by its id: a run's, phase's, call's … id, a budget's scope, a persona's or workflow's
  /// hash, a ledger entry's position. Errors: as above.
  [[nodiscard]] result<std::optional<json::object>> get(std::string_view what,
                                                        std::string_view id) const;

  /// Calls, tokens and cost summed by `model`, `provider`, `persona`, `purpose`, `day`, `workflow`,
  /// `run` or `session`, dearest first, at most 1,000: {"by", "rows": [{"key", "calls",
  /// "failed_calls", "retries", "input_tokens", "output_tokens", "cached_tokens",
  /// "estimated_calls", "cost_usd", "latency_ms"}], "total": {…}, "position"}. Errors:
  /// `argument_invalid` (with the `field` `by`), `store_unavailable`.
  [[nodiscard]] result<json::object> stats(std::string_view by) const;

  /// runs, phases, artifacts, approvals, tool_calls, model_calls, sessions, messages,
  /// budget_scopes, budget_ledger, personas, workflows.
  static std::vector<std::string_view> names();
  /// The filters that `what` knows; empty where there is no such list.
  static std::vector<std::string_view> filters_of(std::string_view what);
  /// All that a filter can be asked for; empty where the set is open (ids, names, codes). An empty
  /// text among them: rows may have none.
  static std::vector<std::string_view> values_of(std::string_view what, std::string_view filter);

private:
  class parts;
  std::unique_ptr<parts> parts_;
};

} // namespace ash::projections
