// The head of a response as HTTP/1.1 writes it.
#pragma once

#include "gateway/http/message.hpp"

#include <string>
#include <string_view>

namespace ash::gateway {

enum class after_answer : std::uint8_t { keep, close };

/// Status line, headers and the empty line; `Content-Length` and `Content-Type` where there may be
/// a body, `Date`, and what keeps browsers from guessing and caches from keeping. Bytes that no
/// header may hold are left out.
std::string head_of(const response& answer, after_answer then);

/// The head of an event stream, whose body comes in chunks until the connection closes.
std::string event_stream_head(const std::vector<std::pair<std::string, std::string>>& more);

std::string_view reason_of(int status) noexcept;

/// Whether a response with this status has a body.
bool may_have_body(int status) noexcept;

} // namespace ash::gateway
