// Numbers as bytes: a bounds-checked reader for untrusted values and a writer. Private to
// events/log.
#pragma once

#include "events/base/hash.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace ash::log {

template <class Number> void put_little(char* at, Number number) {
  auto rest = static_cast<std::make_unsigned_t<Number>>(number);
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    at[i] = static_cast<char>(static_cast<std::uint64_t>(rest) >> (8 * i));
}

inline void append_big(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(number >> shift);
}

inline std::uint64_t read_big(std::string_view eight) {
  std::uint64_t number = 0;
  for (const auto c : eight)
    number = (number << 8) | static_cast<std::uint8_t>(c);
  return number;
}

/// Appends fixed-size numbers and length-prefixed texts.
class byte_writer {
public:
  explicit byte_writer(std::string& out) : out_{out} {}

  template <class Number> byte_writer& number(Number value) {
    char bytes[sizeof(Number)];
    put_little(bytes, value);
    out_.append(bytes, sizeof bytes);
    return *this;
  }
  /// Up to 65,535 bytes.
  byte_writer& text(std::string_view value) {
    number(static_cast<std::uint16_t>(value.size()));
    out_.append(value);
    return *this;
  }
  byte_writer& digest(const sha256_digest& value) {
    out_.append(view(value));
    return *this;
  }

private:
  std::string& out_;
};

/// Reads what `byte_writer` wrote. After a read beyond the end it is not `good` and gives zeros.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_{bytes} {}

  template <class Number> Number number() {
    const auto bytes = take(sizeof(Number));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    return static_cast<Number>(value);
  }
  std::string_view text() { return take(number<std::uint16_t>()); }
  sha256_digest digest() {
    sha256_digest value;
    if (const auto bytes = take(value.bytes.size()); bytes.size() == value.bytes.size())
      std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
    return value;
  }
  /// The next `size` bytes, or none where there are fewer.
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool good() const { return good_; }
  /// Nothing was missing and nothing is left over.
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool good_ = true;
};

} // namespace ash::log
