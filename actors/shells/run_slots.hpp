// Which run holds which base branch of which repository: at most one active run each. In memory;
// the log decides: a holder that is not active any more there has lost its slot.
#pragma once

#include "events/log/event_log.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace ash {

/// Thread-safe.
class run_slots {
public:
  explicit run_slots(const log::event_log& log) : log_{log} {}

  /// Takes the slot for `run`, which need not be in the log yet. Errors: `active_run_exists` naming
  /// the run that has it, and those of reading.
  result<void> take(const std::string& repo, const std::string& branch, const run_id& run);
  /// The run is in the log now, or will not be: from here on the log tells whether it is active.
  void began(const run_id& run);

private:
  result<bool> is_active(const run_id& run) const;

  const log::event_log& log_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, run_id> holders_; ///< by repository and branch
  std::set<run_id> beginning_;
};

} // namespace ash
