// What a sandboxed command sees, as bubblewrap's arguments. The worktree is writable; the rest of
// the system is read-only; home directories, /tmp, /run (and with it every daemon's socket), the
// data directory and the machine's own secrets are not there; there is no network unless granted,
// no capability, and no other process. The repository's git directory is readable, so that git log,
// diff and status work, but nothing of it (and not the worktree's `.git`) can be written: commits
// are made by the runtime, outside, and must not run a hook or a setting that a command planted.
#pragma once

#include "actors/tools/beneath.hpp"
#include "actors/tools/tool.hpp"

#include <string>
#include <vector>

namespace ash::tool {

/// argv of bubblewrap that runs `command` in `directory` (relative to the worktree, resolved).
std::vector<std::string> sandbox_arguments(const context& where,
                                           const worktree& root,
                                           const std::string& directory,
                                           const std::vector<std::string>& command);

/// The environment of every command, sandboxed or not: nothing of the runtime's own.
std::vector<std::string> command_environment();

} // namespace ash::tool
