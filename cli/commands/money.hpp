// The commands about money; as those of `commands.hpp`.
#pragma once

#include "cli/commands/commands.hpp"

namespace ash::cli {

/// Empty: every scope.
int budget_show(const settings& with, const std::string& scope);
struct budget_set_options {
  std::string scope;   ///< its name; a run's id or the beginning of one means its scope
  std::string cap;     ///< dollars
  std::string warn_at; ///< dollars; empty: at the same share of the cap as before
  bool resume = false; ///< go on with the run or session that it is of
  output_format format = output_format::text;
};
int budget_set(const settings& with, const budget_set_options& asked);
/// What a run's calls cost, by phase and call.
int costs(const settings& with, const std::string& run);
/// `by`: model, provider, persona, purpose, day, workflow, run or session.
int stats(const settings& with, const std::string& by);

} // namespace ash::cli
