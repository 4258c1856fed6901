// The target of a request line, taken apart: bytes from outside become a path and a query that
// mean one thing only.
#pragma once

#include "events/base/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ash::gateway {

struct target {
  std::string path; ///< decoded, begins with `/`, without `.`, `..` or empty segments within
  std::map<std::string, std::string> query; ///< decoded, `+` as a space
};

/// Errors: `request_malformed` for what is no path, a bad escape, a control character,
/// a backslash, text that is not UTF-8, `..`, or a name that is given twice.
result<target> parse_target(std::string_view text);

} // namespace ash::gateway
