// The arguments of a tool call as a model gave them. The policy judges and the tool obeys the same
// text, so both read it here: two readings of it would be a way around the policy.
#pragma once

#include "events/base/json.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace ash {

/// The object in `text`. Accepted as the same: an object, a JSON string that holds one (some
/// providers wrap it), and, as an empty object, no text at all or `null`.
/// Errors: `tool_arguments_invalid`.
result<json::object> parse_tool_arguments(std::string_view text);

/// A path that a call names, relative to the worktree, `.` and `..` resolved by the text alone: the
/// path that is judged. Empty: the worktree itself.
std::string path_in_worktree(std::string_view path, std::string_view worktree);

} // namespace ash
