// What a run would cost, before there is one: each phase with its persona, its model, what its
// first call would bring and what its calls cost at most. It is made of the very plan and the very
// assignment that the run would begin with; nothing is recorded or sent.
#pragma once

#include "actors/shells/run_plan.hpp"
#include "events/log/event_log.hpp"

#include <string>
#include <vector>

namespace ash {

struct phase_preview {
  std::string key;
  std::string role;
  std::string persona; ///< `name@version`
  std::string model;   ///< the first; fallbacks are priced with it
  bool conditional = false;
  std::int64_t input_tokens = 0;  ///< of its first call, counted, without earlier artifacts
  std::int64_t output_tokens = 0; ///< at most, a call
  std::int64_t calls = 0; ///< at most, but for those that a provider fails and that are made again
  std::vector<std::string> unpriced; ///< models without a price
  usd first_call;                    ///< what its first call reserves
  std::optional<usd> worst_case;     ///< of `calls`; none: only the run's cap bounds them
};

struct run_preview {
  std::string workflow; ///< `name@version`
  std::vector<phase_preview> phases;
  usd cap; ///< of the run
  budget_policy policy = budget_policy::block;
  std::optional<usd> phases_total; ///< the sum of all; none where a phase has none
  std::optional<usd> worst_case;   ///< that sum, or the cap where the cap blocks before it
};

/// Errors: those of `plan_run`, but for `consent_missing`, and those of starting a phase.
result<run_preview>
preview_run(const run_request& asked, const planning& with, log::event_log& log);

/// Money as decimal texts of dollars; null where nothing bounds it.
json::object to_json(const run_preview& from);

} // namespace ash
