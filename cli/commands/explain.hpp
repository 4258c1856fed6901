// `run --explain`: who would do each role of a workflow, and why nobody else; beside a server by
// the server's definitions, configuration and keys. It starts nothing.
#pragma once

#include "actors/shells/run_plan.hpp"
#include "cli/context.hpp"

namespace ash::cli {

/// 0 where every role has someone; else the exit code of what stands in the first one's way.
int explain_run(const settings& with, const run_request& asked);

} // namespace ash::cli
