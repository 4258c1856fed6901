// Which persona does which role of a workflow: a pure function of the definitions and of what is
// usable now. A run binds once and stores the outcome; resuming never binds again.
#pragma once

#include "actors/definitions/definitions.hpp"
#include "events/base/error.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ash::definitions {

struct binding {
  std::string role;
  definitions::persona persona;
  std::string hash;                 ///< of the persona
  std::vector<std::string> reasons; ///< why this one, for people
};

/// What is usable now. An absent function means: everything is.
struct availability {
  /// Why a backend (`openrouter`) can't be used, for example a missing key, or nothing.
  std::function<std::optional<std::string>(const std::string& backend)> backend_problem;
  /// Whether the user agreed to this persona.
  std::function<bool(const persona&)> consented;
};

struct bind_options {
  std::map<std::string, std::string> overrides; ///< role -> `name@version` or `name` (the newest)
  std::optional<std::string> model; ///< `provider:model`, instead of every persona's own
};

/// Binds every role, in the order of the template: eligible personas (capabilities, backend,
/// consent), sorted by the backend's place in `preferred_backends` (absent ones last), version
/// (newest first), name and hash; then `distinct_from`. With `model`, eligibility is judged with
/// that model's backend. Errors: `no_eligible_persona` (details: a reason per candidate),
/// `binding_diversity_unsatisfied`, `persona_not_found`, `binding_override_ineligible` (detail
/// `reasons`: `missing_capability`, `backend_unavailable`, `consent_missing`,
/// `diversity_violation`), `argument_invalid`.
/// Call it as `definitions::bind`: unqualified, argument-dependent lookup also finds `std::bind`.
result<std::vector<binding>> bind(const workflow& what,
                                  const std::vector<persona>& personas,
                                  const availability& usable = {},
                                  const bind_options& options = {});

/// A persona held against a role.
struct candidate_view {
  std::string persona; ///< `name@version`
  std::string hash;
  std::string backend;
  std::string model;
  std::int64_t place = 0; ///< among the eligible, from 1; 0: not eligible
  bool chosen = false;
  /// What speaks against it: the code, and what it says to a person. Of an eligible one: what it
  /// shares with the roles that this one has to be distinct from.
  std::vector<std::pair<std::string, std::string>> against;
};

struct role_view {
  role wanted;
  std::vector<candidate_view> candidates; ///< the eligible in their order, then the others by name
  std::vector<std::string> reasons;       ///< why the chosen one
  std::optional<error> problem;           ///< why there is none
};

/// What `bind` does, role by role, with what spoke for and against each persona. A role that nobody
/// can be bound to does not end it. Errors: `argument_invalid`.
result<std::vector<role_view>> explain(const workflow& what,
                                       const std::vector<persona>& personas,
                                       const availability& usable = {},
                                       const bind_options& options = {});

/// The persona with another model (and its backend), and no fallback models: what was asked for is
/// that model. Errors: `argument_invalid` unless `model` is `provider:model`.
result<persona> with_model(persona who, std::string_view model);

} // namespace ash::definitions
