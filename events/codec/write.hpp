// Writes any value that has a shape, by its description: a member's index is its field id.
#pragma once

#include "events/base/check.hpp"
#include "events/codec/shape.hpp"
#include "events/codec/wire_writer.hpp"

#include <array>
#include <cstddef>

namespace ash::codec {

template <class T> wire_offset write_table(wire_writer& w, const T& value);
template <class T> wire_offset write_list(wire_writer& w, const T& values);

/// The part of `value` that lies outside the table that holds it; 0 where there is none.
template <class T> wire_offset write_outside(wire_writer& w, const T& value) {
  if constexpr (interned_type<T>)
    return write_outside(w, *value);
  else if constexpr (shape_of<T> == shape::text)
    return w.text(text_of(value));
  else if constexpr (shape_of<T> == shape::list)
    return write_list(w, value);
  else if constexpr (shape_of<T> == shape::table)
    return write_table(w, value);
  else if constexpr (shape_of<T> == shape::optional)
    return value ? write_outside(w, *value) : 0;
  else
    return 0;
}

/// The field itself; `outside` is what `write_outside` gave.
template <class T>
void write_field(wire_writer& w, unsigned field, const T& value, wire_offset outside) {
  if constexpr (shape_of<T> == shape::scalar) {
    w.add(field, raw_of(value));
  } else if constexpr (shape_of<T> == shape::uuid) {
    w.add(field, uuid_of(value));
  } else if constexpr (shape_of<T> == shape::optional) {
    if (value)
      write_field(w, field, *value, outside);
  } else {
    w.add_offset(field, outside);
  }
}

/// Whether `value` is what a reader takes where the field is absent.
template <class T> bool is_default(const T& value, const T& fallback) {
  if constexpr (shape_of<T> == shape::scalar || shape_of<T> == shape::uuid)
    return value == fallback;
  else if constexpr (shape_of<T> == shape::text || shape_of<T> == shape::list)
    return value.empty() && fallback.empty();
  else
    return false;
}

template <class T> const T& default_of() {
  static const T value{};
  return value;
}

template <described_struct T> wire_offset write_described(wire_writer& w, const T& value) {
  constexpr auto count = boost::mp11::mp_size<members_of<T>>::value;
  const T& fallback = default_of<T>();
  std::array<wire_offset, count + 1> outside{};
  unsigned field = 0;
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    const auto& each = value.*member.pointer;
    if (!w.omits_defaults() || !is_default(each, fallback.*member.pointer))
      outside[field] = write_outside(w, each);
    ++field;
  });
  w.begin_table();
  field = 0;
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    const auto& each = value.*member.pointer;
    if (!w.omits_defaults() || !is_default(each, fallback.*member.pointer))
      write_field(w, field, each, outside[field]);
    ++field;
  });
  return w.end_table();
}

template <class T> wire_offset write_boxed(wire_writer& w, const T& value) {
  const auto outside = write_outside(w, value);
  w.begin_table();
  write_field(w, 0, value, outside);
  return w.end_table();
}

template <class T> wire_offset write_table(wire_writer& w, const T& value) {
  if constexpr (std::same_as<T, document>) {
    return write_described(w, w.address_of(value));
  } else if constexpr (variant_type<T>) {
    static_assert(std::variant_size_v<T> <= 255);
    return std::visit(
        [&](const auto& held) {
          const auto outside = write_outside(w, held);
          w.begin_table();
          w.add(0, static_cast<std::uint8_t>(value.index()));
          write_field(w, 1, held, outside);
          return w.end_table();
        },
        value);
  } else if constexpr (pair_type<T>) {
    const std::array outside{write_outside(w, value.first), write_outside(w, value.second)};
    w.begin_table();
    write_field(w, 0, value.first, outside[0]);
    write_field(w, 1, value.second, outside[1]);
    return w.end_table();
  } else if constexpr (std::same_as<T, std::monostate>) {
    w.begin_table();
    return w.end_table();
  } else {
    return write_described(w, value);
  }
}

template <class T> wire_offset write_list(wire_writer& w, const T& values) {
  using element = typename element_of<T>::type;
  if constexpr (shape_of<element> == shape::scalar) {
    std::vector<raw_type<element>> raw;
    raw.reserve(values.size());
    for (const auto& each : values)
      raw.push_back(raw_of(each));
    const auto* bytes = reinterpret_cast<const char*>(raw.data());
    return w.list_of_scalars({bytes, raw.size() * sizeof(raw[0])}, sizeof(raw[0]));
  } else if constexpr (shape_of<element> == shape::uuid) {
    std::vector<uuid> ids;
    ids.reserve(values.size());
    for (const auto& each : values)
      ids.push_back(uuid_of(each));
    return w.list(std::span<const uuid>{ids});
  } else {
    std::vector<wire_offset> offsets;
    offsets.reserve(values.size());
    for (const auto& each : values) {
      if constexpr (is_direct_element<element>)
        offsets.push_back(write_outside(w, each));
      else
        offsets.push_back(write_boxed(w, each));
    }
    return w.list(std::span<const wire_offset>{offsets});
  }
}

} // namespace ash::codec
