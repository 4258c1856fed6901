// Personas and workflows: what a run or session can be started with.
#include "gateway/api/context.hpp"
#include "gateway/api/problem.hpp"

#include <boost/json/array.hpp>

namespace ash::gateway::api {
namespace {

/// Whole, with its identity and its hash.
template <class Definition> json::object shown(const Definition& of) {
  auto out = definitions::to_json(of).as_object();
  out["id"] = identity(of);
  out["hash"] = hash_of(of);
  return out;
}

template <class Definition>
result<response> all(const context& in, const call& asked, const std::vector<Definition>& known) {
  TRY(query_reader{asked}.done());
  json::array items;
  for (const auto& each : known)
    items.push_back(shown(each));
  const auto total = items.size();
  return json_answer(json::object{{"items", std::move(items)},
                                  {"next", nullptr},
                                  {"total", total},
                                  {"position", in.log().head()}});
}

/// A path would read any file of the server's machine.
result<void> check_name(std::string_view text) {
  TRY(definitions::parse_reference(text));
  return success();
}

result<response> persona(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(check_name(asked.at("persona")));
  TRY(const auto library, in.work().definitions());
  TRY(const auto found, library->find_persona(asked.at("persona")));
  return one(asked, shown(found));
}

result<response> workflow(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(check_name(asked.at("workflow")));
  TRY(const auto library, in.work().definitions());
  const auto found = library->find_workflow(asked.at("workflow"));
  if (!found && found.error().code == errc::template_not_found)
    return problem(found.error(), 404); // to start with it is a wrong request; to look is not
  TRY(const auto known, found);
  return one(asked, shown(known));
}

} // namespace

void add_definition_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/personas", [in](const call& c) -> result<response> {
    TRY(const auto library, in->work().definitions());
    return all(*in, c, library->personas());
  });
  to.add("GET", "/api/v1/personas/{persona}", [in](const call& c) { return persona(*in, c); });
  to.add("GET", "/api/v1/workflows", [in](const call& c) -> result<response> {
    TRY(const auto library, in->work().definitions());
    return all(*in, c, library->workflows());
  });
  to.add("GET", "/api/v1/workflows/{workflow}", [in](const call& c) { return workflow(*in, c); });
}

} // namespace ash::gateway::api
