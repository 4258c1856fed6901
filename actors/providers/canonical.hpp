// The canonical request, taken apart once for whoever renders it into a provider's own format or
// matches a script against it. It checks the shape that provider.hpp documents and changes nothing.
#pragma once

#include "actors/providers/provider.hpp"
#include "events/base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ash::provider {

enum class speaker : std::uint8_t { user, assistant, tool };

struct message {
  speaker role = speaker::user;
  std::string content;
  std::vector<thinking_block> thinking = {}; ///< of an assistant
  std::vector<tool_request> tool_calls = {}; ///< of an assistant
  std::string tool_call_id = {};             ///< of a tool's result, like the next two
  std::string name = {};
  bool is_error = false;
};

struct canonical_request {
  std::string system;
  std::vector<message> messages;
  json::array tools; ///< objects with `name`, `description`, `parameters`
  std::int64_t max_tokens = 0;
  std::optional<json::value> temperature; ///< a number
};

/// Errors: `argument_invalid`, naming the field.
result<canonical_request> parse_canonical(std::string_view body);

} // namespace ash::provider
