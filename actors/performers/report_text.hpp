// A run's report as JSON and as Markdown: pure functions of its history.
#pragma once

#include "actors/performers/run_history.hpp"
#include "events/base/json.hpp"

namespace ash::performers {

/// What the history alone does not say yet while the report is made.
struct report_frame {
  std::string outcome; ///< `completed`, `failed`, `aborted`
  std::string commit;  ///< the tip of the run's branch; empty where nothing could be saved
};

json::object report_json(const run_history& of, const report_frame& frame);
std::string report_markdown(const run_history& of, const report_frame& frame);

} // namespace ash::performers
