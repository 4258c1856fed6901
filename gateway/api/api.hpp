// The HTTP API under `/api/v1`, and its description at `/openapi.json`, over plain requests and
// responses: what `gateway/http` and the commands of `gateway/live` give it. Commands go to the
// runtime, lists come from the read models, and single things from the log; no actor is asked.
#pragma once

#include "gateway/api/read_side.hpp"
#include "gateway/http/message.hpp"

#include <string_view>

namespace ash {
class runtime;
namespace feed {
class broadcaster;
}
} // namespace ash

namespace ash::gateway {

/// What the API works on; the runtime and the feeds outlive its handler.
struct api_parts {
  runtime& work;
  feed::broadcaster& feeds;
  read_side reads;
};

/// Thread-safe. Answers everything that is asked of it, an unknown path too.
request_handler make_api(api_parts parts);

/// The OpenAPI 3.1 document.
std::string_view openapi_text() noexcept;

} // namespace ash::gateway
