// Driving and watching runs that a server works on: the same picture, the same answer and the same
// exit codes as where the command works on them itself.
#pragma once

#include "cli/commands/work.hpp"
#include "cli/remote.hpp"

namespace ash::cli {

/// What `attach` and `run` do where a person has to decide.
enum class at_a_gate : std::uint8_t {
  ask,   ///< on the terminal
  leave, ///< end: whoever waits is told by the exit code
  wait,  ///< somebody else will decide
};

/// A run's request as the API takes it. Paths mean this process's directory, so they are made
/// absolute; on another machine they have to be absolute already.
json::object body_of(const run_request& asked);

/// Posts `body` to `path`, which starts or resumes a run, watches the run to its end, and tells it.
/// What is asked meanwhile is asked on the terminal; without one that is the end. A signal ends the
/// watching alone: the run goes on under the server. A refusal that `mend` sets right is no end: it
/// is posted again.
using mend_refusal = std::function<result<bool>(const error&)>;
run_result drive_remote(const settings& with,
                        output_format format,
                        const remote& at,
                        const std::string& path,
                        const json::object& body,
                        const mend_refusal& mend = {});

/// Watches a run that goes on, and tells its end.
int watch_remote(const settings& with,
                 output_format format,
                 const remote& at,
                 const std::string& run,
                 at_a_gate how);

/// A run as the API lists and shows it. Errors: `argument_invalid` where it can't be read.
result<inspect::run_summary> summary_from(const json::object& of);

} // namespace ash::cli
