// Values of any shape with contents from a seed, and their comparison: the facts themselves have no
// operator==, and a document that has been through the codec keeps only its address.
#pragma once

#include "events/codec/codec.hpp"
#include "events/codec/shape.hpp"
#include "events/codec/wire_writer.hpp"

#include <array>
#include <random>

namespace ash::codec::testing {

/// The same seed gives the same values.
class random_values {
public:
  explicit random_values(std::uint64_t seed) : bits_{seed} {}

  template <class T> T make() {
    T value{};
    fill(value);
    return value;
  }

private:
  std::uint64_t below(std::uint64_t bound) { return bits_() % bound; }

  std::string text(std::size_t max_pieces) {
    static constexpr std::array<std::string_view, 10> pieces{
        "a", "Z", " ", "\n", "\"", "\\", "{}", "\u00e9", "\u6f22", "\U0001F642"};
    std::string out;
    for (auto left = below(max_pieces + 1); left > 0; --left)
      out += pieces[below(pieces.size())];
    return out;
  }

  template <class T> void fill_scalar(T& out) {
    if constexpr (std::same_as<T, usd>)
      out.pico = static_cast<std::int64_t>(bits_());
    else if constexpr (std::same_as<T, instant>)
      out.us = static_cast<std::int64_t>(below(4'000'000'000'000'000));
    else if constexpr (std::same_as<T, bool>)
      out = below(2) == 1;
    else if constexpr (std::is_enum_v<T>)
      out = static_cast<T>(
          below(boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value));
    else
      out = static_cast<T>(below(4) == 0 ? below(2) : bits_());
  }

  void fill_text(std::string& out) { out = text(12); }
  void fill_text(stream_id& out) {
    if (below(4) != 0)
      out = stream_id{static_cast<entity_kind>(below(6)), "key-" + std::to_string(below(1000))};
  }

  void fill_document(document& out) {
    if (below(4) == 0)
      return;
    out.text = text(below(2) == 0 ? 20 : 2'000);
    out.sha256 = sha256_hex(out.text);
    out.size = std::ssize(out.text);
  }

  template <class T> void fill_list(T& out) {
    for (auto left = below(4); left > 0; --left) {
      if constexpr (map_type<T> || set_type<T>)
        out.insert(make<typename element_of<T>::type>());
      else
        out.push_back(make<typename element_of<T>::type>());
    }
  }

  template <class T> void fill_table(T& out) {
    if constexpr (std::same_as<T, document>) {
      fill_document(out);
    } else if constexpr (variant_type<T>) {
      boost::mp11::mp_with_index<std::variant_size_v<T>>(
          below(std::variant_size_v<T>), [&](auto i) { fill(out.template emplace<i>()); });
    } else if constexpr (pair_type<T>) {
      fill(out.first);
      fill(out.second);
    } else if constexpr (described_struct<T>) {
      boost::mp11::mp_for_each<members_of<T>>([&](auto m) { fill(out.*m.pointer); });
    }
  }

  template <class T> void fill(T& out) {
    if constexpr (interned_type<T>) {
      out = make<typename T::value_type>();
    } else if constexpr (shape_of<T> == shape::scalar) {
      fill_scalar(out);
    } else if constexpr (shape_of<T> == shape::uuid) {
      uuid_of(out) = uuid{bits_(), bits_()};
    } else if constexpr (shape_of<T> == shape::text) {
      fill_text(out);
    } else if constexpr (shape_of<T> == shape::list) {
      fill_list(out);
    } else if constexpr (shape_of<T> == shape::optional) {
      if (below(3) != 0)
        fill(out.emplace());
    } else {
      fill_table(out);
    }
  }

  std::mt19937_64 bits_;
};

/// Whether `read` is what `written` becomes in the codec.
template <class T> bool same(const T& written, const T& read);

template <class T> bool same_table(const T& written, const T& read) {
  if constexpr (std::same_as<T, document>) {
    const auto text_kept = written.text.size() <= inline_document_bytes ? written.text : "";
    return written.sha256 == read.sha256 && written.size == read.size && text_kept == read.text;
  } else if constexpr (variant_type<T>) {
    return written.index() == read.index() &&
           std::visit(
               [&](const auto& held) {
                 return same(held, std::get<std::remove_cvref_t<decltype(held)>>(read));
               },
               written);
  } else if constexpr (pair_type<T>) {
    return same(written.first, read.first) && same(written.second, read.second);
  } else if constexpr (described_struct<T>) {
    bool equal = true;
    boost::mp11::mp_for_each<members_of<T>>(
        [&](auto m) { equal = equal && same(written.*m.pointer, read.*m.pointer); });
    return equal;
  } else {
    return true;
  }
}

template <class T> bool same(const T& written, const T& read) {
  if constexpr (interned_type<T>) {
    return same(*written, *read);
  } else if constexpr (shape_of<T> == shape::list) {
    return std::equal(
        written.begin(), written.end(), read.begin(), read.end(), [](const auto& a, const auto& b) {
          if constexpr (map_type<T>)
            return same(a.first, b.first) && same(a.second, b.second);
          else
            return same(a, b);
        });
  } else if constexpr (shape_of<T> == shape::optional) {
    return written.has_value() == read.has_value() && (!written || same(*written, *read));
  } else if constexpr (shape_of<T> == shape::table) {
    return same_table(written, read);
  } else {
    return written == read;
  }
}

/// `rounds` facts of every type that there is.
std::vector<any_fact> facts_of_every_type(std::uint64_t seed, int rounds);

bool same_fact(const any_fact& written, const any_fact& read);

} // namespace ash::codec::testing
