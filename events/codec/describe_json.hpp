// Any described value as JSON, for people and for `replay`. The form of facts in the API is
// `to_json` of codec.hpp, which this makes; it never reads JSON.
#pragma once

#include "events/base/json.hpp"
#include "events/codec/shape.hpp"

namespace ash::codec {

/// Values as in `to_json`; a list as an array; a map as an object where its keys are text or ids,
/// as an array of `[key, value]` otherwise; a variant as `{"kind", "value"}`, with the fact's type
/// or the name of the alternative's type as the kind.
template <class T> json::value describe_json(const T& value);

namespace detail {

json::value json_of(std::string_view text);
json::value json_of(usd amount);
json::value json_of(instant at);
json::value json_of(const document& doc);

/// `running` for `ash::run::running`, without the arguments of a template.
template <class T> constexpr std::string_view short_type_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_first_of(";]<"));
  return name.substr(name.rfind(':') + 1);
}

template <class T> std::string_view kind_name() {
  if constexpr (requires { std::string_view{T::type}; })
    return T::type;
  else
    return short_type_name<T>();
}

template <class T> json::value json_of_scalar(const T& value) {
  if constexpr (std::same_as<T, usd> || std::same_as<T, instant>)
    return json_of(value);
  else if constexpr (std::same_as<T, bool>)
    return value;
  else if constexpr (std::is_enum_v<T>)
    return json_of(enumerator_name(value));
  else
    return raw_of(value);
}

template <class T> json::object members_json(const T& value) {
  json::object object;
  boost::mp11::mp_for_each<members_of<T>>(
      [&](auto member) { object[member.name] = describe_json(value.*member.pointer); });
  return object;
}

template <class T> json::value json_of_table(const T& value) {
  if constexpr (std::same_as<T, document>) {
    return json_of(value);
  } else if constexpr (variant_type<T>) {
    return std::visit(
        [](const auto& held) -> json::value {
          using held_type = std::remove_cvref_t<decltype(held)>;
          return json::object{{"kind", json_of(kind_name<held_type>())},
                              {"value", describe_json(held)}};
        },
        value);
  } else if constexpr (pair_type<T>) {
    return json::array{describe_json(value.first), describe_json(value.second)};
  } else if constexpr (std::same_as<T, std::monostate>) {
    return nullptr;
  } else {
    return members_json(value);
  }
}

template <class T> json::value json_of_list(const T& values) {
  if constexpr (map_type<T>) {
    using key = typename T::key_type;
    if constexpr (shape_of<key> == shape::text || shape_of<key> == shape::uuid) {
      json::object object;
      for (const auto& [name, value] : values)
        object[describe_json(name).as_string()] = describe_json(value);
      return object;
    }
  }
  json::array array;
  for (const auto& each : values) {
    if constexpr (map_type<T>)
      array.push_back(json::array{describe_json(each.first), describe_json(each.second)});
    else
      array.push_back(describe_json(each));
  }
  return array;
}

} // namespace detail

template <class T> json::value describe_json(const T& value) {
  if constexpr (interned_type<T>)
    return describe_json(*value);
  else if constexpr (shape_of<T> == shape::scalar)
    return detail::json_of_scalar(value);
  else if constexpr (shape_of<T> == shape::uuid)
    return detail::json_of(to_string(uuid_of(value)));
  else if constexpr (shape_of<T> == shape::text)
    return detail::json_of(text_of(value));
  else if constexpr (shape_of<T> == shape::list)
    return detail::json_of_list(value);
  else if constexpr (shape_of<T> == shape::optional)
    return value ? describe_json(*value) : json::value(nullptr);
  else
    return detail::json_of_table(value);
}

} // namespace ash::codec
