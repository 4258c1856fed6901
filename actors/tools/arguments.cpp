#include "actors/tools/arguments.hpp"

#include "events/base/text.hpp"

#include <algorithm>

namespace ash::tool {
namespace {

std::string_view name_of(field_type type) {
  switch (type) {
  case field_type::text:
    return "a string";
  case field_type::integer:
    return "an integer";
  case field_type::flag:
    return "true or false";
  }
  return "";
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64())
    return value.get_int64();
  // Some models write 5 as 5.0.
  if (value.is_double() && value.get_double() >= -1e15 && value.get_double() <= 1e15) {
    const auto whole = static_cast<std::int64_t>(value.get_double());
    if (static_cast<double>(whole) == value.get_double())
      return whole;
  }
  return std::nullopt;
}

bool fits(const json::value& value, field_type type) {
  switch (type) {
  case field_type::text:
    return value.is_string();
  case field_type::integer:
    return as_integer(value).has_value();
  case field_type::flag:
    return value.is_bool();
  }
  return false;
}

error invalid(std::string_view name, std::string reason) {
  return error{errc::tool_arguments_invalid, std::move(reason)}.with(
      "field", printable(utf8_prefix(name, 100)));
}

} // namespace

result<arguments> arguments::parse(std::string_view json_text,
                                   std::initializer_list<field> fields) {
  arguments checked;
  TRY(auto values, parse_tool_arguments(json_text));
  for (const auto& pair : values) {
    const std::string_view key{pair.key().data(), pair.key().size()};
    const auto known =
        std::any_of(fields.begin(), fields.end(), [&](const field& f) { return f.name == key; });
    if (known)
      continue;
    std::string names;
    for (const auto& f : fields)
      names.append(names.empty() ? "" : ", ").append(f.name);
    return invalid(
        key, "unknown field '" + printable(utf8_prefix(key, 100)) + "': this tool takes " + names);
  }
  for (const auto& f : fields) {
    const auto* value = values.if_contains({f.name.data(), f.name.size()});
    if (value != nullptr && value->is_null() && f.need == presence::optional)
      continue;
    if (value == nullptr && f.need == presence::required)
      return invalid(f.name, "the field '" + std::string{f.name} + "' is missing");
    if (value != nullptr && !fits(*value, f.type))
      return invalid(f.name,
                     "the field '" + std::string{f.name} + "' must be " +
                         std::string{name_of(f.type)});
  }
  checked.values_ = std::move(values);
  return checked;
}

bool arguments::has(std::string_view name) const {
  const auto* value = values_.if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null();
}

std::string arguments::text(std::string_view name) const {
  const auto* value = values_.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string())
    return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<std::int64_t> arguments::integer(std::string_view name) const {
  const auto* value = values_.if_contains({name.data(), name.size()});
  return value == nullptr ? std::nullopt : as_integer(*value);
}

bool arguments::flag(std::string_view name) const {
  const auto* value = values_.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_bool() && value->get_bool();
}

result<std::int64_t> integer_between(const arguments& given,
                                     std::string_view name,
                                     std::int64_t low,
                                     std::int64_t high,
                                     std::int64_t fallback) {
  const auto value = given.integer(name).value_or(fallback);
  if (value < low || value > high)
    return invalid(name,
                   "the field '" + std::string{name} + "' must be between " + std::to_string(low) +
                       " and " + std::to_string(high));
  return value;
}

} // namespace ash::tool
