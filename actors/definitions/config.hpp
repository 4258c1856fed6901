// The configuration file, read once when a process starts. It belongs to the composition root; it
// never looks at the environment, and its keys are never logged or put into an event.
#pragma once

#include "actors/definitions/definitions.hpp"
#include "actors/definitions/hook_settings.hpp"
#include "actors/definitions/pricing.hpp"
#include "events/base/money.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

enum class provider_kind : std::uint8_t { openai_compatible, anthropic };

/// One entry under `providers`, by the name that stands before the colon of a model.
struct provider_settings {
  provider_kind kind = provider_kind::openai_compatible;
  std::optional<std::string> base_url; ///< absent: the provider's own
  std::optional<std::string> api_key;  ///< absent: the environment's

  friend bool operator==(const provider_settings&, const provider_settings&) = default;
};

struct budget_settings {
  usd daily_cap{10'000'000'000'000};    ///< $10 a UTC day over everything
  usd run_cap{1'000'000'000'000};       ///< $1 a run whose workflow has no cap of its own
  std::optional<usd> persona_daily_cap; ///< absent: none
  std::int64_t warn_at_percent = 80;    ///< of every cap
  budget_policy policy = budget_policy::block;

  friend bool operator==(const budget_settings&, const budget_settings&) = default;
};

enum class sandbox_setting : std::uint8_t { required, unsandboxed };

struct tool_settings {
  sandbox_setting sandbox = sandbox_setting::required;
  network_access network = network_access::none; ///< `granted` lets personas with a grant use it
  std::int64_t command_time_limit_ms = 120'000;
  std::vector<std::string> secret_paths; ///< globs, besides the built-in ones

  friend bool operator==(const tool_settings&, const tool_settings&) = default;
};

/// What becomes of approvals that no workflow says anything about.
struct approval_settings {
  std::optional<std::int64_t> time_limit_s; ///< absent: an approval waits for ever
  unanswered on_time_limit = unanswered::reject;

  friend bool operator==(const approval_settings&, const approval_settings&) = default;
};

struct config {
  budget_settings budget;
  std::map<std::string, provider_settings> providers;
  tool_settings tools;
  permission_settings permissions;
  std::optional<std::string> reviewer; ///< `permissions.reviewer`, `provider:model`
  approval_settings approvals;
  std::vector<hook_setting> hooks;          ///< in the order in which they run
  std::vector<price_row> prices;            ///< before the fetched and the shipped ones
  std::optional<std::string> default_model; ///< `defaults.model`, `provider:model`

  friend bool operator==(const config&, const config&) = default;
};

/// Errors: `config_invalid` and `unknown_field`, with file, line, column and field.
result<config> parse_config(std::string_view text, std::string file);

/// The file at `path`; the defaults where there is none. Besides the errors of `parse_config`:
/// `config_invalid` where the file holds a key and others than its owner may read it, `io_failed`.
result<config> load_config(const std::string& path);

} // namespace ash::definitions
