// Reads any value that has a shape, by its description. Nothing in the bytes is trusted: each
// function returns false for damage, and the reader then knows what and where.
#pragma once

#include "events/codec/shape.hpp"
#include "events/codec/wire_reader.hpp"

#include <cstddef>
#include <limits>

namespace ash::codec {

/// The bytes that a value takes within a table or list, and how they are aligned.
template <class T> constexpr std::size_t inline_width() {
  if constexpr (shape_of<T> == shape::scalar)
    return sizeof(raw_type<T>);
  else if constexpr (shape_of<T> == shape::uuid)
    return 16;
  else if constexpr (shape_of<T> == shape::optional)
    return inline_width<typename T::value_type>();
  else
    return sizeof(wire_position);
}
template <class T>
inline constexpr std::size_t inline_alignment = inline_width<T>() < 8 ? inline_width<T>() : 8;

template <class T> bool read_table(wire_reader& r, const wire_table& table, T& out);
template <class T> bool read_list(wire_reader& r, wire_position at, T& out);

template <class T> bool read_scalar(wire_reader& r, wire_position at, T& out) {
  const auto raw = r.scalar(at, inline_width<T>());
  if constexpr (std::same_as<T, usd>) {
    out.pico = static_cast<std::int64_t>(raw);
  } else if constexpr (std::same_as<T, instant>) {
    out.us = static_cast<std::int64_t>(raw);
  } else if constexpr (std::same_as<T, bool>) {
    out = raw != 0;
    return raw <= 1 || r.fail("a bool is neither 0 nor 1");
  } else {
    out = static_cast<T>(raw);
    if constexpr (std::is_enum_v<T>)
      return !enumerator_name(out).empty() || r.fail("an enum has a value that is not known");
  }
  return true;
}

inline bool assign_text(wire_reader&, std::string_view text, std::string& out) {
  out = text;
  return true;
}
bool assign_text(wire_reader& r, std::string_view text, stream_id& out);
/// Whether a document's address has the form of one.
bool is_sound(wire_reader& r, const document& read);

/// The value, or the offset of its outside part, lies at `at`.
template <class T> bool read_at(wire_reader& r, wire_position at, T& out) {
  static_assert(shape_of<T> != shape::optional);
  if constexpr (interned_type<T>) {
    typename T::value_type value{};
    if (!read_at(r, at, value))
      return false;
    out = std::move(value);
    return true;
  } else if constexpr (shape_of<T> == shape::scalar) {
    return read_scalar(r, at, out);
  } else if constexpr (shape_of<T> == shape::uuid) {
    uuid_of(out) = r.id(at);
    return true;
  } else if constexpr (shape_of<T> == shape::text) {
    std::string_view text;
    return r.text(at, text) && assign_text(r, text, out);
  } else if constexpr (shape_of<T> == shape::list) {
    return read_list(r, at, out);
  } else {
    wire_table table;
    if (!r.enter(at, table) || !read_table(r, table, out))
      return false;
    r.leave();
    return true;
  }
}

/// An absent field leaves `out` as it is, but empties an optional.
template <class T>
bool read_field(wire_reader& r, const wire_table& table, unsigned field, T& out) {
  wire_position at = 0;
  const auto found = r.find(table, field, inline_width<T>(), inline_alignment<T>, at);
  if constexpr (shape_of<T> == shape::optional) {
    out.reset();
    if (found == presence::present) {
      typename T::value_type value{};
      if (!read_at(r, at, value))
        return false;
      out = std::move(value);
      return true;
    }
  } else if (found == presence::present) {
    return read_at(r, at, out);
  }
  return found == presence::absent;
}

// Not inlined: GCC 12 takes the empty optionals of an inlined value for uninitialised ones.
template <described_struct T>
[[gnu::noinline]] bool read_described(wire_reader& r, const wire_table& table, T& out) {
  unsigned field = 0;
  bool good = true;
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    good = good && (read_field(r, table, field, out.*member.pointer) || r.failed_in(member.name));
    ++field;
  });
  return good;
}

template <class T> bool read_variant(wire_reader& r, const wire_table& table, T& out) {
  auto index = std::numeric_limits<std::uint8_t>::max();
  if (!read_field(r, table, 0, index))
    return false;
  if (index >= std::variant_size_v<T>)
    return r.fail("a variant has a kind that is not known");
  return boost::mp11::mp_with_index<std::variant_size_v<T>>(std::size_t{index}, [&](auto i) {
    return read_field(r, table, 1, out.template emplace<i>());
  });
}

template <class T> bool read_table(wire_reader& r, const wire_table& table, T& out) {
  if constexpr (std::same_as<T, document>)
    return read_described(r, table, out) && is_sound(r, out);
  else if constexpr (variant_type<T>)
    return read_variant(r, table, out);
  else if constexpr (pair_type<T>)
    return read_field(r, table, 0, out.first) && read_field(r, table, 1, out.second);
  else if constexpr (std::same_as<T, std::monostate>)
    return true;
  else
    return read_described(r, table, out);
}

template <class T> bool read_element(wire_reader& r, wire_position at, T& out) {
  if constexpr (is_direct_element<T>) {
    return read_at(r, at, out);
  } else {
    wire_table box;
    if (!r.enter(at, box) || !read_field(r, box, 0, out))
      return false;
    r.leave();
    return true;
  }
}

template <class T> bool read_list(wire_reader& r, wire_position at, T& out) {
  using element = typename element_of<T>::type;
  constexpr auto width =
      is_direct_element<element> ? inline_width<element>() : sizeof(wire_position);
  constexpr auto alignment = width < 8 ? width : std::size_t{8};
  wire_list list;
  if (!r.list(at, width, alignment, list))
    return false;
  out.clear();
  for (std::uint32_t i = 0; i < list.count; ++i) {
    element each{};
    if (!read_element(r, list.first + static_cast<wire_position>(i * width), each))
      return r.failed_in(std::size_t{i});
    if constexpr (map_type<T> || set_type<T>) {
      if (!out.insert(std::move(each)).second)
        return r.fail("a key stands twice") || r.failed_in(std::size_t{i});
    } else {
      out.push_back(std::move(each));
    }
  }
  return true;
}

} // namespace ash::codec
