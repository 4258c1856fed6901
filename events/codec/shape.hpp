// How a C++ type is laid out in bytes: decided here once, for writing, reading, schemas and
// outlines.
#pragma once

#include "events/base/apart.hpp"
#include "events/facts/common.hpp"

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace ash::codec {

enum class shape : std::uint8_t {
  scalar, ///< an integer, bool, enum, amount or instant, in the table itself
  uuid,   ///< 16 bytes, in the table itself
  text,
  table,    ///< described members, in their order; also variants, pairs and `monostate`
  list,     ///< vector, set, or map (a list of pairs)
  optional, ///< the field is absent, or holds the value's own shape
};

template <class T> struct is_strong_id : std::false_type {};
template <class Tag> struct is_strong_id<strong_id<Tag>> : std::true_type {};

template <class T, template <class...> class Of> struct is_made_of : std::false_type {};
template <class... Args, template <class...> class Of>
struct is_made_of<Of<Args...>, Of> : std::true_type {};

template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && !std::is_union_v<T>;
template <class T>
concept variant_type = is_made_of<T, std::variant>::value;
template <class T>
concept pair_type = is_made_of<T, std::pair>::value;
template <class T>
concept map_type = is_made_of<T, std::map>::value;
template <class T>
concept set_type = is_made_of<T, std::set>::value;
template <class T>
concept optional_type = is_made_of<T, std::optional>::value || is_made_of<T, apart>::value;
template <class T>
concept uuid_type = std::same_as<T, uuid> || is_strong_id<T>::value;
template <class T>
concept text_type = std::same_as<T, std::string> || std::same_as<T, stream_id>;

/// Laid out as the value that it stands for.
template <class T>
concept interned_type = is_made_of<T, interned>::value;

template <class T> constexpr shape shape_of_type() {
  if constexpr (interned_type<T>) {
    return shape_of_type<typename T::value_type>();
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(boost::describe::has_describe_enumerators<T>::value, "describe the enum");
    return shape::scalar;
  } else if constexpr (std::integral<T> || std::same_as<T, usd> || std::same_as<T, instant>) {
    return shape::scalar;
  } else if constexpr (uuid_type<T>) {
    return shape::uuid;
  } else if constexpr (text_type<T>) {
    return shape::text;
  } else if constexpr (optional_type<T>) {
    static_assert(!optional_type<typename T::value_type>,
                  "an optional of an optional has no bytes");
    return shape::optional;
  } else if constexpr (map_type<T> || set_type<T> || is_made_of<T, std::vector>::value) {
    static_assert(!std::same_as<T, std::vector<bool>>, "its elements have no address");
    return shape::list;
  } else {
    static_assert(described_struct<T> || variant_type<T> || pair_type<T> ||
                      std::same_as<T, std::monostate>,
                  "describe the struct with BOOST_DESCRIBE_STRUCT");
    return shape::table;
  }
}

template <class T> inline constexpr shape shape_of = shape_of_type<T>();

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public>;

/// What `list` types hold; for a map a pair with a key that is not const.
template <class T> struct element_of { using type = typename T::value_type; };
template <map_type T> struct element_of<T> {
  using type = std::pair<typename T::key_type, typename T::mapped_type>;
};

/// Whether a value may stand in a list as it is; others stand in a table of one field.
template <class T>
inline constexpr bool is_direct_element =
    shape_of<T> != shape::list&& shape_of<T> != shape::optional;

/// A value in a table of its own.
template <class T> struct boxed { T value{}; };

template <class T> constexpr auto raw_of(const T& value) {
  if constexpr (std::same_as<T, usd>)
    return value.pico;
  else if constexpr (std::same_as<T, instant>)
    return value.us;
  else if constexpr (std::is_enum_v<T>)
    return static_cast<std::underlying_type_t<T>>(value);
  else if constexpr (std::same_as<T, bool>)
    return static_cast<std::uint8_t>(value);
  else
    return value;
}
template <class T> using raw_type = decltype(raw_of(std::declval<const T&>()));

inline std::string_view text_of(const std::string& text) {
  return text;
}
inline std::string_view text_of(const stream_id& stream) {
  return stream.text();
}

inline const uuid& uuid_of(const uuid& id) {
  return id;
}
inline uuid& uuid_of(uuid& id) {
  return id;
}
template <class Tag> const uuid& uuid_of(const strong_id<Tag>& id) {
  return id.value;
}
template <class Tag> uuid& uuid_of(strong_id<Tag>& id) {
  return id.value;
}

/// The text of a described enumerator; empty for a value that has none.
template <class Enum> std::string_view enumerator_name(Enum value) {
  std::string_view name;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto each) {
    if (each.value == value)
      name = each.name;
  });
  return name;
}

} // namespace ash::codec
