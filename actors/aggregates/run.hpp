// A run: its phases in a worktree of its own, one after another or, where the workflow is a graph,
// side by side, each in a worktree of its own that is merged into the run's; its approvals, its
// interruptions and its report. The run never touches a model or a tool itself.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "actors/aggregates/approvals.hpp"

namespace ash::run {

enum class status : std::uint8_t {
  executing,
  awaiting_approval,
  interrupted,
  completed,
  failed,
  aborted,
};
BOOST_DESCRIBE_ENUM(status, executing, awaiting_approval, interrupted, completed, failed, aborted)

struct phase_progress {
  std::string key;
  phase_id phase;
  std::int64_t attempt = 1;
  bool closed = false;
  phase_closed report;  ///< once it is closed
  std::string worktree; ///< of its own; empty: the run's
  std::string branch;
  bool merged = false; ///< what it did is on the run's branch
};
BOOST_DESCRIBE_STRUCT(phase_progress,
                      (),
                      (key, phase, attempt, closed, report, worktree, branch, merged))

struct absent {};
BOOST_DESCRIBE_STRUCT(absent, (), ())

/// A run that exists; `at` says how far it is. `queued` is passed within the first append.
struct live {
  status at = status::executing;
  created plan;
  std::vector<binding> bindings;
  std::string base_commit;            ///< empty before the worktree is there
  std::vector<phase_progress> phases; ///< attempts opened so far, in order
  std::vector<approval> approvals;
  std::string code; ///< of a failure or an interruption
  std::string message;
  std::optional<report_composed> report;
  bool report_settled = false; ///< composed, or given up
  std::int64_t resumes = 0;
  std::vector<std::string> omitted; ///< keys of phases that were left out
  bool start_hooked = false;        ///< the hooks of its start have run
};
BOOST_DESCRIBE_STRUCT(live,
                      (),
                      (at,
                       plan,
                       bindings,
                       base_commit,
                       phases,
                       approvals,
                       code,
                       message,
                       report,
                       report_settled,
                       resumes,
                       omitted,
                       start_hooked))

using state = std::variant<absent, live>;

/// Whether its phases work side by side.
[[nodiscard]] inline bool is_graph(const live& s) {
  return s.plan.parallel > 1;
}
/// The last attempt at a phase; none where it has not been opened.
[[nodiscard]] const phase_progress* find_phase(const live& s, const std::string& key);
/// The attempts that are under way.
[[nodiscard]] std::vector<const phase_progress*> open_phases(const live& s);
/// Phases whose turn it is: not opened, what they need is done, and there is room for them.
[[nodiscard]] std::vector<const planned_phase*> startable(const live& s);
/// Every phase is completed, with its work on the run's branch, or left out.
[[nodiscard]] bool all_phases_done(const live& s);

/// Completed, failed or aborted: no command changes that any more.
[[nodiscard]] inline bool is_over(status at) {
  return at >= status::completed;
}

} // namespace ash::run

namespace ash {

struct run_aggregate {
  static constexpr entity_kind kind = entity_kind::run;
  using state = run::state;
  using command = run::command;
  using fact = run::fact;

  static decision<fact> decide(const state& now_in, const command& what, instant now);
  static state evolve(state from, const fact& happened);
  static effects react(const state& now_in, const fact& happened);
  static effects pending(const state& now_in);
  /// Over, and nothing is owed: the last phase is closed and the report settled.
  static bool is_final(const state& now_in);
};

} // namespace ash
