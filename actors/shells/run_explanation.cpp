#include "actors/shells/run_explanation.hpp"

#include <boost/json/array.hpp>

namespace ash {
namespace {

namespace defs = definitions;

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array phases_of(const defs::workflow& what, const std::string& role) {
  json::array out;
  for (const auto& phase : what.phases)
    if (phase.role == role)
      out.emplace_back(phase.key);
  return out;
}

json::object to_json(const defs::candidate_view& of) {
  json::array against;
  for (const auto& [code, text] : of.against)
    against.push_back(json::object{{"code", code}, {"message", text}});
  return {{"persona", of.persona},
          {"hash", of.hash},
          {"backend", of.backend},
          {"model", of.model},
          {"eligible", of.place > 0},
          {"place", of.place > 0 ? json::value(of.place) : json::value(nullptr)},
          {"chosen", of.chosen},
          {"against", std::move(against)}};
}

json::object to_json(const defs::workflow& what, const defs::role_view& role) {
  json::array candidates;
  json::value chosen;
  for (const auto& each : role.candidates) {
    candidates.push_back(to_json(each));
    if (each.chosen)
      chosen = each.persona;
  }
  json::object out{{"role", role.wanted.name},
                   {"phases", phases_of(what, role.wanted.name)},
                   {"required_capabilities", array_of(role.wanted.required_capabilities)},
                   {"preferred_backends", array_of(role.wanted.preferred_backends)},
                   {"distinct_from", array_of(role.wanted.distinct_from)},
                   {"diversity", std::string{to_string(role.wanted.diversity)}},
                   {"chosen", std::move(chosen)},
                   {"reasons", array_of(role.reasons)},
                   {"candidates", std::move(candidates)}};
  if (role.problem)
    out["problem"] = json::object{{"code", std::string{to_string(role.problem->code)}},
                                  {"message", role.problem->message}};
  return out;
}

} // namespace

result<run_explanation> explain_run(const run_request& asked, const binding_grounds& with) {
  run_explanation out;
  TRY(out.workflow, with.library.find_workflow(asked.workflow));
  TRY(out.roles, explain_bindings(asked, out.workflow, with));
  return out;
}

json::object to_json(const run_explanation& from) {
  json::array roles;
  for (const auto& role : from.roles)
    roles.push_back(to_json(from.workflow, role));
  return {{"workflow", identity(from.workflow)}, {"roles", std::move(roles)}};
}

} // namespace ash
