// JSON from outside, and JSON as an identity: bounded parsing over Boost.JSON, and the canonical
// text that definitions and tool arguments are hashed by.
#pragma once

#include "events/base/result.hpp"

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace ash {

namespace json = boost::json;

struct json_limits {
  std::size_t max_bytes = std::size_t{16} << 20;
  std::size_t max_depth = 64;
};

/// Parses one JSON text. Refuses invalid UTF-8, duplicate keys, trailing bytes and what is beyond
/// `limits`. `what` names the text in the message. Errors: `argument_invalid` with the byte offset.
result<json::value>
parse_json(std::string_view text, std::string_view what, json_limits limits = {});

/// JSON text without spaces, keys sorted by bytes at every level: equal values give equal text.
std::string canonical_json(const json::value& value);

/// JSON text in the order in which the value was built.
std::string to_json_text(const json::value& value);

} // namespace ash
