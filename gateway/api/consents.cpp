// Consent: where the content of repositories may be sent. A change that stands already does
// nothing, so sending one again needs no key.
#include "gateway/api/context.hpp"

#include <boost/json/array.hpp>

namespace ash::gateway::api {
namespace {

result<response> all(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto known, consents::read(in.log()));
  json::array items;
  for (const auto& each : known.all())
    items.push_back(
        json::object{{"subject", each.subject}, {"by", each.by}, {"at", to_iso(each.at)}});
  return json_answer(json::object{{"items", std::move(items)}});
}

result<response> change(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(auto body, body_reader::of(asked));
  const auto subject = body.text("subject");
  const auto named = body.text("change");
  TRY(body.done());
  if (named != "grant" && named != "revoke")
    return refuse(errc::argument_invalid, "'change' is grant or revoke").with("field", "/change");
  TRY(const auto changed,
      in.work().set_consent(named == "grant" ? consent_change::grant : consent_change::revoke,
                            subject,
                            {asked.from.client.empty() ? "api" : "api:" + asked.from.client}));
  return json_answer(json::object{{"subject", subject}, {"changed", changed}});
}

} // namespace

void add_consent_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/consents", [in](const call& c) { return all(*in, c); });
  to.add("POST", "/api/v1/consents", [in](const call& c) { return change(*in, c); });
}

} // namespace ash::gateway::api
