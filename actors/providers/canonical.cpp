#include "actors/providers/canonical.hpp"

namespace ash::provider {
namespace {

constexpr json_limits body_limits{.max_bytes = std::size_t{64} << 20, .max_depth = 128};

error bad(const std::string& field, std::string_view expected) {
  return refuse(errc::argument_invalid,
                "the model request's '" + field + "' is not " + std::string{expected})
      .with("field", field);
}

result<std::string> text_of(const json::object& in, const char* key, const std::string& where) {
  const auto* found = in.if_contains(key);
  if (!found)
    return std::string{};
  const auto* text = found->if_string();
  if (!text)
    return bad(where + key, "a text");
  return std::string{text->data(), text->size()};
}

result<bool> flag_of(const json::object& in, const char* key, const std::string& where) {
  const auto* found = in.if_contains(key);
  if (!found)
    return false;
  if (!found->is_bool())
    return bad(where + key, "true or false");
  return found->get_bool();
}

/// Calls `take(object, its place)` for each object of the list `key`, which may be absent.
template <class Take>
result<>
each_object(const json::object& in, const char* key, const std::string& where, const Take& take) {
  const auto* found = in.if_contains(key);
  if (!found)
    return success();
  const auto* list = found->if_array();
  if (!list)
    return bad(where + key, "a list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto place = where + key + '[' + std::to_string(i) + ']';
    const auto* object = (*list)[i].if_object();
    if (!object)
      return bad(place, "an object");
    TRY(take(*object, place + '.'));
  }
  return success();
}

result<> take_assistant(const json::object& in, const std::string& where, message& into) {
  TRY(each_object(
      in, "thinking", where, [&](const json::object& block, const std::string& place) -> result<> {
        TRY(auto text, text_of(block, "text", place));
        TRY(auto signature, text_of(block, "signature", place));
        into.thinking.push_back({std::move(text), std::move(signature)});
        return success();
      }));
  return each_object(
      in, "tool_calls", where, [&](const json::object& call, const std::string& place) -> result<> {
        TRY(auto id, text_of(call, "id", place));
        TRY(auto name, text_of(call, "name", place));
        TRY(auto arguments, text_of(call, "arguments", place));
        into.tool_calls.push_back({std::move(id), std::move(name), std::move(arguments)});
        return success();
      });
}

result<message> take_message(const json::object& in, const std::string& where) {
  message made;
  TRY(auto role, text_of(in, "role", where));
  TRY(made.content, text_of(in, "content", where));
  if (role == "user") {
    made.role = speaker::user;
  } else if (role == "assistant") {
    made.role = speaker::assistant;
    TRY(take_assistant(in, where, made));
  } else if (role == "tool") {
    made.role = speaker::tool;
    TRY(made.tool_call_id, text_of(in, "tool_call_id", where));
    TRY(made.name, text_of(in, "name", where));
    TRY(made.is_error, flag_of(in, "is_error", where));
  } else {
    return bad(where + "role", "one of user, assistant, tool");
  }
  return made;
}

} // namespace

result<canonical_request> parse_canonical(std::string_view body) {
  TRY(const auto parsed, parse_json(body, "the model request", body_limits));
  const auto* top = parsed.if_object();
  if (!top)
    return bad("body", "an object");
  canonical_request made;
  TRY(made.system, text_of(*top, "system", ""));
  TRY(each_object(
      *top, "messages", "", [&](const json::object& each, const std::string& place) -> result<> {
        TRY(auto taken, take_message(each, place));
        made.messages.push_back(std::move(taken));
        return success();
      }));
  TRY(each_object(*top, "tools", "", [&](const json::object& each, const std::string&) -> result<> {
    made.tools.push_back(each);
    return success();
  }));
  if (const auto* limit = top->if_contains("max_tokens")) {
    if (!limit->is_int64() || limit->get_int64() <= 0)
      return bad("max_tokens", "a positive integer");
    made.max_tokens = limit->get_int64();
  }
  if (const auto* temperature = top->if_contains("temperature")) {
    if (!temperature->is_number())
      return bad("temperature", "a number");
    made.temperature = *temperature;
  }
  return made;
}

} // namespace ash::provider
