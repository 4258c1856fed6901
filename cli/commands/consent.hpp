// Consent to send content of repositories to a backend: how a command asks for it, and where it is
// recorded: under a server by its API, else in the log itself.
#pragma once

#include "actors/shells/consents.hpp"
#include "cli/context.hpp"

#include <functional>

namespace ash::cli {

enum class consenting : std::uint8_t {
  ask, ///< on the terminal; nobody consents where there is none
  yes, ///< `--yes`
};

using change_subject = std::function<result<bool>(consent_change, const std::string& subject)>;

/// Consents to what an error says lacks consent, once it is agreed to. Whether it was; errors:
/// those of recording it.
result<bool> consent_to(const error& missing, consenting how, const change_subject& change);
/// Whether a person on the terminal agrees that `backend` may be sent content.
bool agrees_to(const std::string& backend);

/// Records a change: by the server that holds the data directory, or into its log.
result<bool>
change_consent_of(const settings& with, consent_change what, const std::string& subject);

} // namespace ash::cli
