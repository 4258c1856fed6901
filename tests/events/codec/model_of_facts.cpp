#include "events/codec/shape.hpp"
#include "events/codec/write.hpp"
#include "events/facts/any.hpp"
#include "tests/events/codec/schema_model.hpp"

#include <boost/core/demangle.hpp>
#include <cctype>
#include <stdexcept>
#include <typeinfo>

namespace ash::codec::testing {
namespace {

std::string camel(std::string_view snake) {
  std::string out;
  bool upper = true;
  for (const char c : snake) {
    if (c == '_')
      upper = true;
    else
      out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    if (c != '_')
      upper = false;
  }
  return out;
}

/// `ash.fbs.run.Created` for `ash::run::created`.
template <class T> std::string full_name() {
  const std::string cpp = boost::core::demangle(typeid(T).name());
  const auto last = cpp.rfind("::");
  auto space = cpp.substr(0, last);
  if (space == "ash")
    return "ash.fbs." + camel(cpp.substr(last + 2));
  return "ash.fbs." + space.substr(5) + '.' + camel(cpp.substr(last + 2));
}

template <class T> std::string scalar_name() {
  using raw = raw_type<T>;
  if (std::same_as<T, bool>)
    return "bool";
  switch (sizeof(raw)) {
  case 1:
    return std::is_signed_v<raw> ? "byte" : "ubyte";
  case 2:
    return std::is_signed_v<raw> ? "short" : "ushort";
  case 4:
    return std::is_signed_v<raw> ? "int" : "uint";
  default:
    return std::is_signed_v<raw> ? "long" : "ulong";
  }
}

template <class T> std::string add_type(schema_model& model);

template <class T> std::string add_enum(schema_model& model) {
  auto& type = model[full_name<T>()];
  type = {type_kind::enumeration, {}, {}};
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto each) {
    type.fields.push_back({each.name, {}, std::to_string(raw_of(each.value))});
  });
  return full_name<T>();
}

template <class T> std::string fallback_of(const T& value) {
  if constexpr (shape_of<T> == shape::scalar)
    return std::to_string(raw_of(value));
  else if constexpr (shape_of<T> == shape::optional)
    return shape_of<typename T::value_type> == shape::scalar ? "null" : "";
  else
    return "";
}

template <described_struct T> std::string add_table(schema_model& model) {
  const auto name = full_name<T>();
  if (model.contains(name))
    return name;
  model[name] = {};
  type_model type;
  if constexpr (requires { std::string_view{T::type}; })
    type.fact = T::type;
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    const auto& fallback = default_of<T>().*member.pointer;
    using field = std::remove_cvref_t<decltype(fallback)>;
    type.fields.push_back({member.name, add_type<field>(model), fallback_of(fallback)});
  });
  model[name] = type;
  return name;
}

template <class T> std::string add_type(schema_model& model) {
  if constexpr (interned_type<T>)
    return add_type<typename T::value_type>(model);
  else if constexpr (std::is_enum_v<T>)
    return add_enum<T>(model);
  else if constexpr (shape_of<T> == shape::scalar)
    return scalar_name<T>();
  else if constexpr (shape_of<T> == shape::uuid)
    return "ash.fbs.Uuid";
  else if constexpr (shape_of<T> == shape::text)
    return "string";
  else if constexpr (shape_of<T> == shape::list)
    return '[' + add_type<typename T::value_type>(model) + ']';
  else if constexpr (shape_of<T> == shape::optional)
    return add_type<typename T::value_type>(model);
  else
    return add_table<T>(model);
}

} // namespace

schema_model model_of_facts() {
  schema_model model;
  model["ash.fbs.Uuid"] = {type_kind::fixed, {{"high", "ulong", "0"}, {"low", "ulong", "0"}}, {}};
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, every_fact>>(
      [&](auto each) { add_table<typename decltype(each)::type>(model); });
  return model;
}

std::string table_of(std::string_view fact_type) {
  static const auto model = model_of_facts();
  for (const auto& [name, type] : model)
    if (type.fact == fact_type)
      return name;
  throw std::logic_error{"no table for the fact " + std::string{fact_type}};
}

} // namespace ash::codec::testing
