// Lowers JSON Schema 2020-12 to the part of draft 7 that valijson applies exactly, and refuses the
// rest by keyword and JSON pointer. Private to `actors/definitions`; it never sees an instance.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ash::definitions {

/// Integers that are exact as doubles: within ±2^53.
constexpr std::int64_t max_exact_integer = std::int64_t{1} << 53;
/// Characters of a string that `pattern` is applied to.
constexpr std::int64_t max_pattern_subject = 512;

struct lowered_schema {
  json::value draft7;
  bool has_unique_items = false;
  bool has_dots = false; ///< in patterns: what matches all but the ends of lines
};

/// A `false` schema is lowered to `{"allOf": [false]}` and `propertyNames` to the second element of
/// an `allOf`; the schema's own `allOf` begins at the third. So valijson's "child schema #0" always
/// means "nothing is allowed here", and "#1" means "a property's name is not allowed".
result<lowered_schema> lower_schema(const json::value& schema);

/// Makes equal numbers equal: 1.0 becomes 1. Gives what can't be represented exactly, as a JSON
/// pointer and a reason: integers beyond ±2^53, NUL in text, keys over 1024 bytes.
struct inexact {
  std::string pointer;
  std::string reason;
};
std::optional<inexact> make_exact(json::value& value, const std::string& pointer = "");

/// `/`-prefixed and escaped: one step of a JSON pointer.
std::string pointer_step(std::string_view name);

/// Why a regular expression can't be applied exactly and in bounded time, or an empty text.
std::string pattern_problem(const std::string& pattern);

/// Whether a pattern has a dot that may stand for more than itself.
bool has_dot(std::string_view pattern);

} // namespace ash::definitions
