// Driving a run to its end from a command: open the runtime, watch, wait, stop in order, tell the
// result.
#pragma once

#include "actors/shells/runtime.hpp"
#include "cli/commands/commands.hpp"
#include "cli/progress.hpp"

namespace ash::cli {

/// Opens the data directory for working in it. Errors: those of the configuration and of the
/// runtime.
result<std::unique_ptr<runtime>> open_runtime(const settings& with,
                                              after_crash crashed = after_crash::wait);

/// Begins (or resumes) a run; gives its id. The token is for whoever waits for a person meanwhile.
using begin_run = std::function<result<run_id>(runtime&, const std::stop_token&)>;

/// A cap as `--budget` takes it. Errors: `argument_invalid`.
result<usd> parse_cap(const std::string& text);

/// How a run is shown while it works. `text` draws on a terminal and tells in lines elsewhere.
std::unique_ptr<progress> progress_for(output_format format);

/// The command that an interrupted run goes on with. Where a budget stopped it, which its reason
/// says alone, one that raises the cap too: without that, it is stopped again at once.
std::string how_to_resume(const std::string& run, std::string_view reason);

/// Prints a run's end and gives the exit code that goes with it. `signal`: the one that ended the
/// waiting, or 0.
int tell_end(const inspect::run_summary& run, output_format format, int signal);

struct run_result {
  std::optional<inspect::run_summary> summary;
  int code = 0;
};

/// Does all of it and prints the result in `format`. What is asked meanwhile is asked on the
/// terminal, where there is one; otherwise, or where the person leaves it open, that is the end,
/// once what works beside it has come to its own.
run_result drive(const settings& with, output_format format, const begin_run& begin);

} // namespace ash::cli
