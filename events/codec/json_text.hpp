// Facts as JSON text without building values first: what feeds send, where `to_json` would take
// most of the time. The same text as `to_json_text(to_json(fact))`; a test holds them equal.
#pragma once

#include "events/facts/any.hpp"

#include <string>
#include <string_view>

namespace ash::codec {

/// Appends the fact's members as one JSON object.
void append_json(std::string& out, const any_fact& fact);

/// Appends `text` as a JSON string, quotes included. What is not UTF-8 in it is replaced by U+FFFD.
void append_json_text(std::string& out, std::string_view text);

} // namespace ash::codec
