// Follows the money by the facts of budget scopes. A scope that is met in the middle of its life is
// read from the log once, so that what it says is whole. Not thread-safe.
#pragma once

#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"
#include "gateway/metrics/sheet.hpp"

#include <map>
#include <unordered_map>

namespace ash::gateway {

class budget_meter {
public:
  /// How many scopes are kept; beyond it the one that was unused longest goes.
  static constexpr std::size_t max_scopes = 4'096;
  static constexpr std::int64_t active_us = 3'600 * us_per_s;

  /// `log` outlives this.
  explicit budget_meter(const log::event_log& log) : log_(log) {}

  /// A fact of the budget stream of `at`. Errors: those of reading, and `log_corrupt`.
  result<void> take(const log::record& at, const budget::fact& fact);
  /// Reads the scope of the day, so that it is shown before anything is spent. Errors: as above.
  result<void> begin(instant now);
  /// Scopes that are not active any more at `now` are forgotten.
  void write(sheet& to, instant now);

private:
  struct scope {
    std::uint64_t version = 0; ///< of the last fact that is in here
    instant last;
    usd cap;
    usd settled;
    usd reserved;
  };
  struct totals {
    std::int64_t spent_pico = 0;
    std::uint64_t exhausted = 0;
  };

  using scope_map = std::unordered_map<stream_id, scope>;

  result<void> load(const stream_id& stream, std::uint64_t up_to_version);
  scope_map::iterator add(const stream_id& stream, const scope& what);
  static void fold(scope& into, const budget::fact& fact);

  const log::event_log& log_;
  scope_map scopes_;
  std::map<std::string, totals> totals_; ///< by scope kind
};

/// `run`, `session`, `persona` or `day`; `other` for a scope of no known kind.
std::string scope_kind(std::string_view scope);

} // namespace ash::gateway
