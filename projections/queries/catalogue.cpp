#include "projections/queries/catalogue.hpp"

#include "events/facts/run.hpp"
#include "events/facts/turn.hpp"

#include <algorithm>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

namespace ash::projections {
namespace {

/// As the views write them.
template <class Enum>
std::vector<std::string_view> names_of(std::vector<std::string_view> others = {}) {
  std::vector<std::string_view> out;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>(
      [&](auto each) { out.emplace_back(each.name); });
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

std::vector<enumerated> states() {
  const auto of = [](std::string_view list, std::vector<std::string_view> values) {
    return enumerated{list, "state", std::move(values)};
  };
  return {
      of("runs",
         {"executing",
          "awaiting_approval",
          "interrupted",
          "completed",
          "failed",
          "aborted",
          // No row has it, but `runs list --state unreadable` asks a server as it asks the log.
          "unreadable"}),
      of("phases",
         {"pending",
          "running",
          "validating",
          "awaiting_approval",
          "completed",
          "failed",
          "aborted"}),
      of("artifacts", {"written", "validated", "rejected", "missing", "accepted"}),
      of("approvals",
         {"pending", "approved", "rejected", "changes_requested", "aborted", "cancelled"}),
      of("tool_calls",
         {"requested",
          "reviewing",
          "refused",
          "denied",
          "running",
          "completed",
          "failed",
          "cancelled",
          "in_doubt"}),
      of("model_calls", {"requested", "started", "completed", "failed", "refused", "lost"}),
      of("sessions", {"active", "ended"}),
      of("budget_scopes", {"open", "warned", "exhausted", "closed"}),
  };
}

std::vector<enumerated> states_and_others() {
  auto out = states();
  out.insert(out.end(),
             {{"approvals", "kind", names_of<run::approval_kind>()},
              // A call that its turn refused has none.
              {"tool_calls", "effect", names_of<effect_class>({""})},
              {"model_calls", "purpose", names_of<turn::call_purpose>()},
              {"messages", "role", {"user", "assistant", "tool"}},
              {"messages", "status", names_of<turn::tool_answer>({"interrupted"})},
              {"messages", "archived", {"true", "false"}},
              {"budget_scopes", "kind", {"run", "session", "persona", "day"}},
              {"budget_scopes", "policy", names_of<budget_policy>()},
              {"budget_ledger",
               "kind",
               {"opened",
                "reserved",
                "settled",
                "released",
                "warned",
                "exhausted",
                "cap_changed",
                "closed"}}});
  return out;
}

} // namespace

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

const enumerated* find_enumerated(std::string_view list, std::string_view filter) {
  static const auto all = states_and_others();
  const auto found = std::find_if(all.begin(), all.end(), [&](const enumerated& each) {
    return each.list == list && each.filter == filter;
  });
  return found == all.end() ? nullptr : &*found;
}

} // namespace ash::projections
