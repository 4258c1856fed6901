#include "projections/queries/catalogue.hpp"

#include <algorithm>

namespace ash::projections {

std::span<const listed> catalogue() {
  static const std::vector<listed> all{
      {"runs",
       "runs",
       {"state", "workflow", "repository", "project_key", "base_branch", "started_by", "code"}},
      {"phases", "phases", {"run", "state", "phase_key", "role", "persona", "code"}},
      {"artifacts", "artifacts", {"run", "phase", "phase_key", "state", "sha256", "path"}},
      {"approvals", "approvals", {"run", "session", "state", "kind", "phase_key"}},
      {"tool_calls",
       "tool_calls",
       {"run", "session", "owner", "turn", "name", "effect", "state", "code"}},
      {"model_calls",
       "model_calls",
       {"run",
        "session",
        "owner",
        "turn",
        "purpose",
        "phase_key",
        "role",
        "persona",
        "provider",
        "model",
        "state",
        "code",
        "day"}},
      {"sessions", "sessions", {"state", "project_key", "persona", "model", "parent"}},
      {"messages", "messages", {"session", "run", "owner", "turn", "role", "status", "archived"}},
      {"budget_scopes", "budgets", {"kind", "state", "policy", "scope"}},
      {"budget_ledger", "budgets", {"scope", "kind", "model_call", "owner"}},
      {"personas", "personas", {"persona"}},
      {"workflows", "workflows", {"workflow"}},
  };
  return all;
}

const listed* find_listed(std::string_view name) {
  const auto all = catalogue();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const listed& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

} // namespace ash::projections
