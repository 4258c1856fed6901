// How the registry of providers is set up from the configuration: the same for the runtime and for
// the commands that only look.
#pragma once

#include "actors/definitions/config.hpp"
#include "actors/providers/registry.hpp"
#include "actors/secrets/key_store.hpp"

namespace ash {

/// Settings first, then the environment, then `keys`, which is kept. The program's own scripts are
/// known.
provider::registry_options provider_options_of(const definitions::config& config,
                                               const secrets::key_store& keys);

/// The providers that content could be sent to, sorted: all but the scripts.
std::vector<std::string> sending_providers(const provider::provider_registry& all);

} // namespace ash
