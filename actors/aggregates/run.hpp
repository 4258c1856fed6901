// A run: its phases one after another in a worktree of its own, its approvals, its interruptions
// and its report. The run never touches a model or a tool itself.
#pragma once

#include "actors/aggregates/aggregate.hpp"

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
  phase_closed report; ///< once it is closed
};
BOOST_DESCRIBE_STRUCT(phase_progress, (), (key, phase, attempt, closed, report))

struct approval {
  approval_requested what;
  std::optional<approval_decided> decision;
};
BOOST_DESCRIBE_STRUCT(approval, (), (what, decision))

struct absent {};
BOOST_DESCRIBE_STRUCT(absent, (), ())

/// A run that exists; `at` says how far it is. `queued` is passed within the first append.
struct live {
  status at = status::executing;
  created plan;
  std::vector<binding> bindings;
  std::string base_commit;            ///< empty before the worktree is there
  std::vector<phase_progress> phases; ///< opened so far, in order
  std::vector<approval> approvals;
  std::string code; ///< of a failure or an interruption
  std::string message;
  std::optional<report_composed> report;
  bool report_settled = false; ///< composed, or given up
  std::int64_t resumes = 0;
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
                       resumes))

using state = std::variant<absent, live>;

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
