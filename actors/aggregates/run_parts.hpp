// What the run's decisions and its effects both look up. Private to them.
#pragma once

#include "actors/aggregates/run.hpp"

#include <algorithm>

namespace ash::run {

inline const phase_progress* open_attempt(const live& s, const phase_id& phase) {
  for (const auto* each : open_phases(s))
    if (each->phase == phase)
      return each;
  return nullptr;
}

/// Whether phases begin and end: also while someone thinks about an approval of one of them.
inline bool goes_on(const live& s) {
  return s.at == status::executing || s.at == status::awaiting_approval;
}

/// A phase that is over in a worktree of its own, which is not on the run's branch.
inline const phase_progress* unmerged(const live& s, const phase_id& phase) {
  for (const auto& each : s.phases)
    if (each.phase == phase && each.closed && !each.branch.empty() && !each.merged)
      return &each;
  return nullptr;
}

/// How the run ends, as things stand: what its report tells.
inline std::string outcome_of(const live& s) {
  return s.at == status::failed ? "failed" : s.at == status::aborted ? "aborted" : "completed";
}

} // namespace ash::run
