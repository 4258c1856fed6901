// One case of the kill matrix: a run that is killed at one passage of one fail point, then resumed
// until it is over, and what is then true of it. Owned by the kill matrix; every case has its own
// directory and may run beside others.
#pragma once

#include "tests/e2e/harness.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ash::e2e {

/// A passage of a fail point: `point:passage`, and perhaps one at which the resumed run dies again.
struct kill_at {
  std::string point;
  int passage = 1;
  std::string again = {}; ///< `point:passage` for the first resume; empty: it lives

  [[nodiscard]] std::string text() const {
    return point + ':' + std::to_string(passage) + (again.empty() ? "" : " then " + again);
  }
};

/// What must be the same after every crash.
struct end_state {
  std::vector<std::string> phases;              ///< `key outcome sha256`, in order
  std::map<std::string, std::string> tree;      ///< path → blob of the result's branch, no ledger
  std::map<std::string, std::string> artifacts; ///< path → sha256 by `artifact.validated`

  friend bool operator==(const end_state&, const end_state&) = default;
};

struct case_result {
  std::vector<std::string> faults; ///< empty: as it should be
  bool killed = false;             ///< the passage was reached
  std::size_t in_doubt = 0;
  std::size_t lost_calls = 0;
  end_state end;
};

/// The place where a case works: a repository and a data directory of its own.
class kill_case {
public:
  explicit kill_case(const fs::path& template_repo);

  /// Runs without a kill and appends each passage to `passages`.
  case_result run_unkilled(const fs::path& passages);
  /// Runs, dies at `where`, resumes, and compares with `expected`.
  case_result run_killed(const kill_at& where, const end_state& expected);

private:
  /// What the log said when the process was dead.
  struct at_death {
    std::set<std::string> writes_in_flight; ///< streams of tool calls
  };

  ended_process start(const std::map<std::string, std::string>& more);
  ended_process resume(const std::string& run, const std::map<std::string, std::string>& more);
  at_death look(case_result& into) const;
  /// Starts or resumes until the run is over; false with a fault where it does not end.
  bool bring_to_its_end(const kill_at& where, case_result& into);
  void examine(const at_death& death, case_result& into) const;
  void examine_tools(const at_death& death,
                     const std::vector<fact_at>& facts,
                     const left_log& log,
                     case_result& into) const;
  void examine_calls(const std::vector<fact_at>& facts, case_result& into) const;
  void examine_money(const std::vector<fact_at>& facts,
                     const inspect::run_summary& run,
                     case_result& into) const;
  void examine_ledger(const inspect::run_summary& run, case_result& into) const;

  temporary_directory home_;
};

} // namespace ash::e2e
