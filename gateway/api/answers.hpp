// The shapes of the API's answers: JSON of one thing (with an ETag), of a page, of a command.
#pragma once

#include "events/base/json.hpp"
#include "gateway/api/router.hpp"

namespace ash::gateway::api {

response json_answer(const json::value& body, int status = 200);

/// One thing as it is now. Its weak ETag follows from its content: equal bodies, equal tags; a
/// client that has it already is answered 304.
response one(const call& asked, const json::value& body);
/// The same for a text of another type.
response one_text(const call& asked, std::string content_type, std::string body);

} // namespace ash::gateway::api
