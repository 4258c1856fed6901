#include "gateway/api/context.hpp"

#include "gateway/api/routes.hpp"

namespace ash::gateway {
namespace api {

std::shared_ptr<const router> make_router(api_parts parts) {
  const auto in = std::make_shared<const context>(std::move(parts));
  auto out = std::make_shared<router>();
  add_run_routes(*out, in);
  add_permission_routes(*out, in);
  add_session_routes(*out, in);
  add_approval_routes(*out, in);
  add_consent_routes(*out, in);
  add_definition_routes(*out, in);
  add_row_routes(*out, in);
  add_projection_routes(*out, in);
  add_feed_routes(*out, in);
  add_log_routes(*out, in);
  out->add("GET", "/openapi.json", [](const call& asked) -> result<response> {
    TRY(query_reader{asked}.done());
    return one_text(asked, "application/json", std::string{openapi_text()});
  });
  return out;
}

} // namespace api

request_handler make_api(api_parts parts) {
  return [routes = api::make_router(std::move(parts))](const request& asked) {
    return routes->answer(asked);
  };
}

} // namespace ash::gateway
