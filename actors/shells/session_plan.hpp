// From what a person asks for to the command that opens a session.
#pragma once

#include "actors/shells/run_plan.hpp"

namespace ash {

struct session_request {
  std::string persona;              ///< `name@version` or `name` (the newest)
  std::optional<std::string> model; ///< `provider:model`, instead of the persona's
  std::string directory;            ///< that the session is about; empty: none
  std::optional<session_id> id;     ///< absent: a random one
};

/// The command that opens the session. Its turns have no tools: they answer with text alone. What
/// they cost is metered in the session's own scope and bounded by the day's. Errors:
/// `persona_not_found`, `repo_path_invalid`, `secret_missing`, `provider_unavailable`,
/// `argument_invalid`.
result<session::create> plan_session(const session_request& asked, const planning& with);

} // namespace ash
