// One case of the gates' kill matrix: a run that has to ask a person, killed at one passage of one
// fail point, while it asks or after it was answered, and then brought to its end as a person would
// do it: look what is asked, decide, resume. Every case has a directory of its own.
#pragma once

#include "tests/e2e/harness.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ash::e2e {

/// Cases that run side by side.
inline constexpr std::size_t gates_at_once = 3;
/// Decisions and resumes after which a case is given up.
inline constexpr int most_steps = 16;

/// A run that asks.
struct gate {
  run::approval_kind kind = run::approval_kind::artifact;
  std::string workflow; ///< its YAML; it is named `gated@1`
  std::string config;   ///< YAML; empty: none
  std::string script;   ///< YAML of the model
  bool one_question = true;
  std::map<std::string, std::string> personas = {}; ///< YAML by name@version
};

/// The process that dies.
enum class gate_stage : std::uint8_t { asking, answering };

struct gate_kill {
  gate_stage stage = gate_stage::asking;
  std::string point; ///< `name:passage`
  /// `name:passage` for the process that comes next; empty: it lives.
  std::string again = {};

  [[nodiscard]] std::string text() const {
    return std::string{stage == gate_stage::asking ? "asking " : "answering "} + point +
           (again.empty() ? "" : " then " + again);
  }
};

struct gate_result {
  std::vector<std::string> faults; ///< empty: as it should be
  bool killed = false;             ///< the passage was reached
  bool refused_twice = false;      ///< a second decision was tried, and refused
};

class gate_case {
public:
  explicit gate_case(const gate& of);

  /// Without a kill; the passages of the asking and of the first answering process, in order.
  gate_result run_unkilled(std::vector<std::string>& asking, std::vector<std::string>& answering);
  gate_result run_killed(const gate_kill& where);

  // -- by hand ------------------------------------------------------------------------------------

  using environment = std::map<std::string, std::string>;

  ended_process actor_shell(std::vector<std::string> words, const environment& more = {});
  /// Starts the run; it goes on to its end or to the question.
  ended_process begin(const environment& more = {}, const std::vector<std::string>& options = {});
  ended_process
  decide(const std::string& approval, const std::string& decision, const environment& more = {});
  [[nodiscard]] left_log log() const { return left_log{home_ / "data"}; }

private:
  /// What there is to do next for a person; false once the run is over.
  bool step(const std::optional<gate_kill>& where, gate_result& into);
  void expect_listed(const std::set<std::string>& pending, gate_result& into);
  void decide_again(const std::string& approval, gate_result& into);
  void note_death(const ended_process& ended, const std::optional<gate_kill>& where, gate_result&);
  void bring_to_its_end(const std::optional<gate_kill>& where, gate_result& into);
  void examine(gate_result& into) const;
  void examine_budget(const std::vector<fact_at>& facts,
                      const std::vector<run::approval_decided>& decided,
                      gate_result& into) const;
  void examine_tools(const std::vector<fact_at>& facts, gate_result& into) const;

  temporary_directory home_;
  gate gate_;
  environment next_;      ///< of the process that comes next
  bool answered_ = false; ///< the first answering process was started
  bool resumed_ = false;  ///< a run that waits was resumed once, which changes nothing
  std::set<std::string> tried_again_;
};

} // namespace ash::e2e
