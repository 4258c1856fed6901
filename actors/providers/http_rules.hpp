// What the transport knows about HTTP apart from driving it: how long a server asks to wait and
// what a failure of libcurl means. Free functions without state.
#pragma once

#include "actors/providers/transport.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ash::provider {

/// Initialises libcurl, once a process.
void initialise_curl();

/// Milliseconds to wait by one header line of an answer: `Retry-After` (seconds or an HTTP date) or
/// `Retry-After-Ms`; at most a day. Nothing for every other line.
std::optional<std::int64_t> retry_after_of(std::string_view header_line);

struct failure {
  error why;
  bool retryable = true;
};

/// The failure of an exchange that libcurl gave up with `code` (a CURLcode) and its own `detail`.
failure failure_of(int code, std::string_view detail, const transport_limits& limits);

} // namespace ash::provider
