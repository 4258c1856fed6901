#include "events/base/tool_arguments.hpp"

namespace ash {
namespace {

result<json::value> parse_once(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return json::value(json::object{});
  auto parsed = parse_json(text, "the tool's arguments");
  if (!parsed)
    return error{errc::tool_arguments_invalid, parsed.error().message};
  if (parsed.value().is_null())
    return json::value(json::object{});
  return parsed;
}

} // namespace

result<json::object> parse_tool_arguments(std::string_view text) {
  TRY(auto value, parse_once(text));
  if (const auto* wrapped = value.if_string()) {
    const std::string inner{wrapped->data(), wrapped->size()};
    TRY(auto unwrapped, parse_once(inner));
    value = std::move(unwrapped);
  }
  if (auto* object = value.if_object())
    return std::move(*object);
  return refuse(errc::tool_arguments_invalid,
                "the tool's arguments are not a JSON object: send {\"name\": value, …}");
}

} // namespace ash
