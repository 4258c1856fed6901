// `audit`: the trail of tool calls, and whether it is whole.
#pragma once

#include "cli/context.hpp"

namespace ash::cli {

/// `run`: its id, or the beginning of it; empty: all.
int audit_list(const settings& with, const std::string& run);
int audit_verify(const settings& with);

} // namespace ash::cli
