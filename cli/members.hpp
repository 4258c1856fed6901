// The members of a JSON object that a server, or the log, told: absent and of another type are the
// same to whoever shows them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace ash::cli {

namespace json = boost::json;

/// Empty, or 0, where there is none.
std::string text_in(const json::object& of, std::string_view name);
/// A text as it is, anything else as JSON; empty where there is none.
std::string shown_in(const json::object& of, std::string_view name);
json::object object_in(const json::object& of, std::string_view name);
json::array array_in(const json::object& of, std::string_view name);

template <class Number> Number number_in(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(json::string_view{name.data(), name.size()});
  json::error_code failed;
  return value != nullptr && value->is_number() ? value->to_number<Number>(failed) : Number{};
}

} // namespace ash::cli
