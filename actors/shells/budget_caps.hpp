// Caps of budget scopes: what a person sets, and what the configuration says of a persona's day.
#pragma once

#include "actors/shells/runtime.hpp"

#include <optional>
#include <string>

namespace ash {

/// A persona's day, its scope still without a name; none: that is not bounded.
std::optional<budget_terms> persona_day_terms_of(const definitions::budget_settings& settings);

/// Gives a budget scope another cap and warning (absent: at the same share of the cap as before).
/// A run that the scope blocked is resumed with `resume_run`. Errors: `argument_invalid`,
/// `budget_scope_not_found`, `invalid_transition` for a day that is over, `run_already_terminal`
/// for a run that is.
result<void> set_budget(runtime& work,
                        const std::string& scope,
                        usd cap,
                        std::optional<usd> warn_at,
                        const command_source& from);

} // namespace ash
