#include "events/codec/json_text.hpp"

#include "events/base/text.hpp"
#include "events/codec/describe_json.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace ash::codec {
namespace {

template <class T> void append_value(std::string& out, const T& value);

template <std::integral Number> void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_uuid(std::string& out, const uuid& id) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 38> text;
  std::size_t at = 0;
  text[at++] = '"';
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20)
      text[at++] = '-';
    const auto half = nibble < 16 ? id.high : id.low;
    text[at++] = digits[half >> (60 - 4 * (nibble % 16)) & 15U];
  }
  text[at++] = '"';
  out.append(text.data(), at);
}

template <class T> void append_scalar(std::string& out, const T& value) {
  if constexpr (std::same_as<T, usd>) {
    auto text = to_string(value);
    text.erase(text.find('$'), 1);
    append_json_text(out, text);
  } else if constexpr (std::same_as<T, instant>) {
    append_json_text(out, to_iso(value));
  } else if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    append_json_text(out, enumerator_name(value));
  } else {
    append_number(out, value);
  }
}

template <class T> void append_members(std::string& out, const T& value) {
  out += '{';
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    if (out.back() != '{')
      out += ',';
    out += '"';
    out += member.name;
    out += "\":";
    append_value(out, value.*member.pointer);
  });
  out += '}';
}

void append_document(std::string& out, const document& doc) {
  out += "{\"sha256\":";
  append_json_text(out, doc.sha256);
  out += ",\"size\":";
  append_number(out, doc.size);
  if (!doc.text.empty()) {
    out += ",\"text\":";
    append_json_text(out, doc.text);
  }
  out += '}';
}

template <class T> void append_table(std::string& out, const T& value) {
  if constexpr (std::same_as<T, document>) {
    append_document(out, value);
  } else if constexpr (variant_type<T>) {
    std::visit(
        [&](const auto& held) {
          out += "{\"kind\":";
          append_json_text(out, detail::kind_name<std::remove_cvref_t<decltype(held)>>());
          out += ",\"value\":";
          append_value(out, held);
          out += '}';
        },
        value);
  } else if constexpr (pair_type<T>) {
    out += '[';
    append_value(out, value.first);
    out += ',';
    append_value(out, value.second);
    out += ']';
  } else if constexpr (std::same_as<T, std::monostate>) {
    out += "null";
  } else {
    append_members(out, value);
  }
}

template <class T> void append_list(std::string& out, const T& values) {
  static_assert(!map_type<T>, "no fact has a map: give it a form here, as describe_json has one");
  out += '[';
  for (const auto& each : values) {
    if (out.back() != '[')
      out += ',';
    append_value(out, each);
  }
  out += ']';
}

template <class T> void append_value(std::string& out, const T& value) {
  if constexpr (interned_type<T>) {
    append_value(out, *value);
  } else if constexpr (shape_of<T> == shape::scalar) {
    append_scalar(out, value);
  } else if constexpr (shape_of<T> == shape::uuid) {
    append_uuid(out, uuid_of(value));
  } else if constexpr (shape_of<T> == shape::text) {
    append_json_text(out, text_of(value));
  } else if constexpr (shape_of<T> == shape::list) {
    append_list(out, value);
  } else if constexpr (shape_of<T> == shape::optional) {
    if (value)
      append_value(out, *value);
    else
      out += "null";
  } else {
    append_table(out, value);
  }
}

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    break;
  case '\\':
    out += "\\\\";
    break;
  case '\b':
    out += "\\b";
    break;
  case '\f':
    out += "\\f";
    break;
  case '\n':
    out += "\\n";
    break;
  case '\r':
    out += "\\r";
    break;
  case '\t':
    out += "\\t";
    break;
  default:
    out += "\\u00";
    out += digits[static_cast<std::uint8_t>(c) >> 4U];
    out += digits[static_cast<std::uint8_t>(c) & 15U];
  }
}

bool is_plain(char c) {
  return static_cast<std::uint8_t>(c) >= 0x20 && c != '"' && c != '\\';
}

constexpr std::uint64_t every_byte = 0x0101'0101'0101'0101;

/// Whether a byte of the word is below `bound` (at most 0x80); those above 0x7F never are.
bool has_below(std::uint64_t word, std::uint8_t bound) {
  return ((word - every_byte * bound) & ~word & (every_byte << 7U)) != 0;
}

/// Where what has to be escaped first is, from `at` on.
std::size_t next_escaped(std::string_view text, std::size_t at) {
  for (std::uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (has_below(word, 0x20) || has_below(word ^ every_byte * '"', 1) ||
        has_below(word ^ every_byte * '\\', 1))
      break;
  }
  while (at < text.size() && is_plain(text[at]))
    ++at;
  return at;
}

} // namespace

void append_json_text(std::string& out, std::string_view text) {
  if (!is_valid_utf8(text)) {
    append_json_text(out, to_valid_utf8(text));
    return;
  }
  out += '"';
  for (std::size_t plain = 0;;) { // where what is yet to be copied as it is begins
    const auto end = next_escaped(text, plain);
    out.append(text.substr(plain, end - plain));
    if (end == text.size())
      break;
    append_escaped(out, text[end]);
    plain = end + 1;
  }
  out += '"';
}

void append_json(std::string& out, const any_fact& fact) {
  std::visit([&](const auto& f) { append_members(out, f); }, fact);
}

} // namespace ash::codec
