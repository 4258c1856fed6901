// From what a person asks for to the command that starts a run. Everything that can be wrong is
// found here, before there is a run: definitions, bindings, schemas, keys, the repository and its
// branch.
#pragma once

#include "actors/aggregates/commands.hpp"
#include "actors/definitions/binding.hpp"
#include "actors/definitions/config.hpp"
#include "actors/definitions/library.hpp"
#include "actors/definitions/price_book.hpp"
#include "actors/definitions/schema_registry.hpp"
#include "actors/providers/registry.hpp"
#include "actors/shells/consents.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ash {

/// The most that requirements may have.
constexpr std::size_t max_requirements_bytes = 256 * 1024;

struct run_request {
  std::string workflow; ///< `name@version`, `name`, or the path of a YAML file
  std::string repo;     ///< a directory in a git repository that is not bare
  std::string base_branch;
  std::string requirements;
  std::optional<std::string> model;             ///< `provider:model`, instead of every persona's
  std::map<std::string, std::string> overrides; ///< role → persona
  std::optional<usd> run_cap; ///< instead of the workflow's and the configuration's
  std::optional<run_id> id;   ///< absent: a random one
  std::optional<definitions::permission_mode> permission_mode; ///< instead of the configuration's
  bool attended = true; ///< someone can be asked; otherwise asking is a refusal
};

/// Where everything of a data directory lies; the only place that knows.
struct data_layout {
  std::string directory; ///< absolute

  [[nodiscard]] std::string log() const { return directory + "/log"; }
  [[nodiscard]] std::string prices() const { return directory + "/prices"; }
  [[nodiscard]] std::string definitions() const { return directory + "/definitions"; }
  [[nodiscard]] std::string worktree(const run_id& run) const {
    return directory + "/worktrees/" + to_string(run);
  }
  [[nodiscard]] std::string report(const run_id& run) const {
    return directory + "/runs/" + to_string(run);
  }

  /// Makes the directories with mode 0700. Gives the layout with an absolute path without links.
  /// Errors: `permission_denied` for one that can't be written, `storage_full`, `io_failed`.
  static result<data_layout> make(const std::string& directory);
};

struct planning {
  const definitions::library& library;
  definitions::schema_registry& schemas;
  provider::provider_registry& providers;
  const definitions::config& config;
  const data_layout& layout;
  std::string started_by;
  const consents& consented;
  std::shared_ptr<definitions::price_book> prices;
};

/// Whether repositories' content may go wherever `who` sends it: each of its backends is on this
/// machine, or someone consented to it, or to the persona. Errors: `consent_missing`, with what to
/// do.
result<void> check_consent(const definitions::persona& who, const planning& with);
result<void> check_consent(const definitions::persona& who,
                           const provider::provider_registry& providers,
                           const consents& consented);
result<void> check_consent(const std::string& persona,
                           const std::vector<std::string>& models,
                           const provider::provider_registry& providers,
                           const consents& consented);

/// What decides who is bound to a run's roles.
struct binding_grounds {
  const definitions::library& library;
  provider::provider_registry& providers;
  const definitions::config& config;
  const consents& consented;
};

/// Who would be bound to the roles of the workflow, and why. It looks, and starts nothing. Errors:
/// `argument_invalid`.
result<std::vector<definitions::role_view>> explain_bindings(const run_request& asked,
                                                             const definitions::workflow& workflow,
                                                             const binding_grounds& with);

/// The bounds of tools under a configuration, with the built-in policy.
tool_terms tool_bounds_of(const definitions::config& from);
/// The scope of the present UTC day.
budget_terms day_scope_of(const definitions::budget_settings& settings);

/// The role under which a run keeps a persona that may be asked for help by that name.
std::string role_of_subagent(const std::string& name);

/// A look ahead leaves consent out where nothing but consent is missing.
enum class consent_check : std::uint8_t { required, left_out };

/// Whether the configuration's reviewer, where there is one, could be asked. Errors:
/// `provider_unavailable`, `secret_missing`, `consent_missing`.
result<void> check_reviewer(const planning& with, consent_check consent = consent_check::required);

/// The command that starts the run. Errors: `argument_invalid`,
/// `template_not_found`, `persona_not_found`, `definition_invalid`, `schema_not_found`,
/// `schema_unsupported`, those of binding, `secret_missing`, `consent_missing`,
/// `repo_path_invalid`, `repo_branch_missing`, `git_failed`.
result<run::start> plan_run(const run_request& asked,
                            const planning& with,
                            consent_check consent = consent_check::required);

} // namespace ash
