#include "events/feed/cursor.hpp"

#include "events/base/text.hpp"

#include <array>

namespace ash::feed {
namespace {

// version (1) | shard (2) | incarnation (16) | position (8) | last (8) | feed (3) | checksum (4),
// big-endian.
constexpr std::uint8_t format = 1;
constexpr std::size_t checked_bytes = 38;
constexpr std::size_t all_bytes = checked_bytes + 4;
constexpr std::size_t text_size = all_bytes / 3 * 4;
static_assert(all_bytes % 3 == 0, "no padding is needed");

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> values_of_alphabet() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}

using raw_cursor = std::array<std::uint8_t, all_bytes>;

/// FNV-1a: a slip of the hand is noticed. (Who forges a cursor only moves his own place.)
std::uint32_t checksum(const raw_cursor& raw) {
  std::uint32_t sum = 2'166'136'261U;
  for (std::size_t i = 0; i < checked_bytes; ++i)
    sum = (sum ^ raw[i]) * 16'777'619U;
  return sum;
}

class writer {
public:
  explicit writer(raw_cursor& into) : raw_{into} {}
  void put(std::uint64_t number, std::size_t bytes) {
    for (auto i = bytes; i-- > 0;)
      raw_[at_++] = static_cast<std::uint8_t>(number >> (8 * i));
  }

private:
  raw_cursor& raw_;
  std::size_t at_ = 0;
};

class reader {
public:
  explicit reader(const raw_cursor& from) : raw_{from} {}
  std::uint64_t take(std::size_t bytes) {
    std::uint64_t read = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      read = read << 8 | raw_[at_++];
    return read;
  }

private:
  const raw_cursor& raw_;
  std::size_t at_ = 0;
};

error not_a_cursor(std::string_view text) {
  return refuse(errc::cursor_invalid,
                "'" + printable(text.substr(0, text_size)) +
                    "' is no cursor: give one exactly as the server sent it, or 0");
}

} // namespace

std::string to_text(const cursor& of) {
  raw_cursor raw{};
  writer to{raw};
  to.put(format, 1);
  to.put(of.shard, 2);
  to.put(of.incarnation.value.high, 8);
  to.put(of.incarnation.value.low, 8);
  to.put(of.position, 8);
  to.put(of.last, 8);
  to.put(of.feed, 3);
  to.put(checksum(raw), 4);

  std::string text(text_size, '\0');
  for (std::size_t from = 0, at = 0; from < all_bytes; from += 3, at += 4) {
    const auto bits =
        static_cast<std::uint32_t>(raw[from] << 16 | raw[from + 1] << 8 | raw[from + 2]);
    for (std::size_t i = 0; i < 4; ++i)
      text[at + i] = alphabet[bits >> (18 - 6 * i) & 63U];
  }
  return text;
}

result<cursor> parse_cursor(std::string_view text) {
  static constexpr auto values = values_of_alphabet();
  if (text.size() != text_size)
    return not_a_cursor(text);
  raw_cursor raw{};
  for (std::size_t from = 0, to = 0; from < text_size; from += 4, to += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = values[static_cast<std::uint8_t>(text[from + i])];
      if (value < 0)
        return not_a_cursor(text);
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    raw[to] = static_cast<std::uint8_t>(bits >> 16);
    raw[to + 1] = static_cast<std::uint8_t>(bits >> 8);
    raw[to + 2] = static_cast<std::uint8_t>(bits);
  }
  reader from{raw};
  const auto version = from.take(1);
  cursor read;
  read.shard = static_cast<std::uint16_t>(from.take(2));
  read.incarnation.value.high = from.take(8);
  read.incarnation.value.low = from.take(8);
  read.position = from.take(8);
  read.last = from.take(8);
  read.feed = static_cast<std::uint32_t>(from.take(3));
  const auto sum = from.take(4);
  if (version != format || sum != checksum(raw) || read.shard != 0 || read.last > read.position)
    return not_a_cursor(text);
  return read;
}

} // namespace ash::feed
