// The read models themselves: how far they are, building them again, and comparing them with the
// log.
#include "gateway/api/context.hpp"

namespace ash::gateway::api {

void add_projection_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/projections", [in](const call& c) -> result<response> {
    TRY(query_reader{c}.done());
    return json_answer(in->reads().status());
  });
  // Building again what is being built again changes nothing, nor does comparing what is being
  // compared: no key is needed.
  to.add("POST", "/api/v1/projections/rebuild", [in](const call& c) -> result<response> {
    TRY(query_reader{c}.done());
    TRY(const auto body, body_reader::of(c));
    TRY(body.done());
    in->reads().rebuild();
    return json_answer(in->reads().status(), 202);
  });
  to.add("GET", "/api/v1/projections/verification", [in](const call& c) -> result<response> {
    TRY(query_reader{c}.done());
    return json_answer(in->verified.shown());
  });
  to.add("POST", "/api/v1/projections/verification", [in](const call& c) -> result<response> {
    TRY(query_reader{c}.done());
    TRY(const auto body, body_reader::of(c));
    TRY(body.done());
    in->verified.begin();
    return json_answer(in->verified.shown(), 202);
  });
}

} // namespace ash::gateway::api
