// A refusal as HTTP tells it: `application/problem+json` (RFC 9457) with the catalogue's code. The
// one place that knows which code has which status; the API and the server itself answer with it.
#pragma once

#include "events/base/json.hpp"
#include "gateway/http/message.hpp"

namespace ash::gateway {

/// The HTTP status of a code: 4xx where the request or the state it meets is the reason, 5xx where
/// the server is.
int status_of(errc code) noexcept;

/// {"type": "urn:actor-shell:error:CODE", "title", "status", "detail", "code", "class"}, and the
/// error's details under their own names (one that is named like a member above stands in
/// `details`).
json::object problem_json(const error& why);

/// With `Retry-After` where the same request may succeed later, `Allow` where the detail `allow`
/// says what may be asked, and `WWW-Authenticate` where a token is wanted.
response problem(const error& why);
/// The same under another status, where what was asked gives the code another weight.
response problem(const error& why, int status);

} // namespace ash::gateway
