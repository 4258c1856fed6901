#include "actors/shells/run_slots.hpp"

#include "actors/aggregates/run.hpp"
#include "actors/shells/fold.hpp"
#include "events/base/text.hpp"

namespace ash {

result<bool> run_slots::is_active(const run_id& run) const {
  if (beginning_.contains(run))
    return true;
  TRY(auto folded, fold::whole<run_aggregate>(log_, stream_of(run)));
  const auto* live = std::get_if<run::live>(&folded.state);
  return live != nullptr &&
         (live->at == run::status::executing || live->at == run::status::awaiting_approval);
}

result<void>
run_slots::take(const std::string& repo, const std::string& branch, const run_id& run) {
  const std::lock_guard lock{mutex_};
  const auto at = holders_.find({repo, branch});
  if (at != holders_.end() && at->second != run) {
    TRY(auto active, is_active(at->second));
    if (active)
      return refuse(errc::active_run_exists,
                    "the run " + to_string(at->second) + " works on branch '" + printable(branch) +
                        "' of '" + printable(repo) +
                        "' already: wait for it, or abort it with `runs abort`")
          .with("run", to_string(at->second));
  }
  holders_[{repo, branch}] = run;
  beginning_.insert(run);
  return success();
}

void run_slots::began(const run_id& run) {
  const std::lock_guard lock{mutex_};
  beginning_.erase(run);
}

} // namespace ash
