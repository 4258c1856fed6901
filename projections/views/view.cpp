#include "projections/views/view.hpp"

#include "projections/views/embedded.hpp"

namespace ash::projections {

std::string_view view::definition() const {
  const auto path = std::string{name()} + ".sql";
  for (const auto& each : embedded_files())
    if (each.path == path)
      return each.text;
  fail_check("a view without its SQL", std::source_location::current());
}

std::vector<std::unique_ptr<view>> make_views() {
  std::vector<std::unique_ptr<view>> all;
  for (auto* make : {make_runs,
                     make_phases,
                     make_artifacts,
                     make_approvals,
                     make_tool_calls,
                     make_model_calls,
                     make_sessions,
                     make_messages,
                     make_budgets,
                     make_personas,
                     make_workflows})
    all.push_back(make());
  return all;
}

} // namespace ash::projections
