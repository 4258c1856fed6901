// What the run's decisions, its fold and its effects look up alike. Private to them.
#pragma once

#include "actors/aggregates/hooks.hpp"
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

/// Whether its first phase waits for hooks.
inline bool is_at_hooks(const live& s) {
  return !s.start_hooked && hooks::has_any(s.plan.tool_bounds.hooks, hook_event::run_start);
}

/// Whether the attempt left its artifact.
inline bool is_complete(const phase_progress& phase) {
  return phase.closed && phase.report.outcome == phase_outcome::completed;
}

/// Whether what the attempt did lies in a worktree of its own, and not on the run's branch.
inline bool is_unmerged(const phase_progress& phase) {
  return is_complete(phase) && !phase.branch.empty() && !phase.merged;
}

inline const phase_progress* find_unmerged(const live& s, const phase_id& phase) {
  for (const auto& each : s.phases)
    if (each.phase == phase && is_unmerged(each))
      return &each;
  return nullptr;
}

/// How the run ends, as things stand: what its report tells.
inline std::string outcome_of(const live& s) {
  return s.at == status::failed ? "failed" : s.at == status::aborted ? "aborted" : "completed";
}

} // namespace ash::run
