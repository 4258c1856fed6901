// Every route of the API in one router: what `make_api` answers with, and what the test walks
// beside the OpenAPI document.
#pragma once

#include "gateway/api/api.hpp"
#include "gateway/api/router.hpp"

#include <memory>

namespace ash::gateway::api {

std::shared_ptr<const router> make_router(api_parts parts);

} // namespace ash::gateway::api
