// The policy's rules on shell commands: what is destructive, and which words name secret files.
// Best effort on text; see `policy.hpp` for what it is not. It never executes or expands anything.
#pragma once

#include "actors/aggregates/policy.hpp"

namespace ash::policy {

/// Judges a command for `bash -c`: `command_denied` with the rule's name, or `secret_path_denied`
/// with the glob. Looks into substitutions, `sh -c`, eval, pipes into shells, sudo, env, xargs,
/// find.
std::optional<denial> judge_command(const rules& r, std::string_view command);

} // namespace ash::policy
