// Any described value as bytes and back, for snapshots of states. The bytes carry a fingerprint of
// the type's outline, so that a snapshot of another version of the state is refused and never
// misread. Unlike the bytes of facts these are not for ever: whoever can't read one folds the facts
// again.
#pragma once

#include "events/base/result.hpp"
#include "events/codec/read.hpp"
#include "events/codec/write.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ash::codec {

/// What `pack` may hold: described structs and enums, integers, bool, strings, ids, streams, money,
/// instants, and optional, vector, set, map, pair, variant and monostate of those. Documents above
/// 1 KiB keep only their address, as they do in facts.
template <class T> std::string pack(const T& value);

/// The value that `pack` made. Errors: `schema_unsupported` where another version of the type wrote
/// it, `log_corrupt` for damaged bytes.
template <class T> result<T> unpack(std::string_view bytes);

/// Appends what the bytes of a `T` depend on: shapes, and names of members and enumerators.
/// `open` are the types being outlined, so that a recursive type comes to an end.
template <class T> void outline(std::string& out, std::vector<const void*>& open);

std::uint64_t fingerprint_of(std::string_view outline);

namespace detail {

template <class T> inline constexpr char type_tag = 0;

template <class... Ts, template <class...> class Of>
void outline_each(std::string& out, std::vector<const void*>& open, const Of<Ts...>*) {
  (outline<Ts>(out, open), ...);
}

template <class T> void outline_members(std::string& out, std::vector<const void*>& open) {
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    out += member.name;
    out += ':';
    outline<std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>>(out, open);
  });
}

template <class T> std::uint64_t fingerprint() {
  static const auto once = [] {
    std::string text;
    std::vector<const void*> open;
    outline<T>(text, open);
    return fingerprint_of(text);
  }();
  return once;
}

} // namespace detail

template <class T> void outline(std::string& out, std::vector<const void*>& open) {
  if constexpr (interned_type<T>)
    return outline<typename T::value_type>(out, open);
  const void* tag = &detail::type_tag<T>;
  const auto known = std::find(open.begin(), open.end(), tag);
  out += static_cast<char>('a' + static_cast<int>(shape_of<T>));
  if (known != open.end()) {
    out += '^' + std::to_string(known - open.begin()) + ';';
    return;
  }
  open.push_back(tag);
  out += '(';
  if constexpr (shape_of<T> == shape::scalar)
    out += std::to_string(sizeof(raw_type<T>)) + (std::is_signed_v<raw_type<T>> ? "s" : "u");
  if constexpr (std::is_enum_v<T>)
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto each) {
      out += std::string{each.name} + '=' + std::to_string(raw_of(each.value)) + ',';
    });
  if constexpr (shape_of<T> == shape::list)
    outline<typename element_of<T>::type>(out, open);
  else if constexpr (shape_of<T> == shape::optional || variant_type<T> || pair_type<T>)
    detail::outline_each(out, open, static_cast<const T*>(nullptr));
  else if constexpr (described_struct<T>)
    detail::outline_members<T>(out, open);
  out += ')';
  open.pop_back();
}

template <class T> std::string pack(const T& value) {
  wire_writer w{default_fields::written, nullptr};
  const auto outside = write_outside(w, value);
  w.begin_table();
  w.add(0, detail::fingerprint<T>());
  write_field(w, 1, value, outside);
  return w.finish(w.end_table(), snapshot_identifier);
}

template <class T> result<T> unpack(std::string_view bytes) {
  wire_reader r{bytes};
  wire_table root;
  std::uint64_t fingerprint = 0;
  if (!r.root(snapshot_identifier, root) || !read_field(r, root, 0, fingerprint))
    return r.why("a snapshot");
  if (fingerprint != detail::fingerprint<T>())
    return refuse(
        errc::schema_unsupported,
        "the snapshot was written by another version of actor-shell: fold the facts again");
  T value{};
  if (!read_field(r, root, 1, value))
    return r.why("a snapshot");
  return value;
}

} // namespace ash::codec
