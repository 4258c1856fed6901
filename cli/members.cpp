#include "cli/members.hpp"

#include "events/base/json.hpp"

namespace ash::cli {
namespace {

const json::value* find(const json::object& in, std::string_view name) {
  return in.if_contains(json::string_view{name.data(), name.size()});
}

} // namespace

std::string text_in(const json::object& of, std::string_view name) {
  const auto* value = find(of, name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::string shown_in(const json::object& of, std::string_view name) {
  const auto* value = find(of, name);
  if (value == nullptr)
    return {};
  return value->is_string() ? std::string{value->get_string()} : to_json_text(*value);
}

json::object object_in(const json::object& of, std::string_view name) {
  const auto* value = find(of, name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object{};
}

json::array array_in(const json::object& of, std::string_view name) {
  const auto* value = find(of, name);
  return value != nullptr && value->is_array() ? value->get_array() : json::array{};
}

} // namespace ash::cli
