#include "events/base/text.hpp"

#include "events/base/ascii.hpp"

#include <cstdint>
#include <cstring>

namespace ash {
namespace {

/// The length of the valid sequence at the front of `bytes`, or 0.
std::size_t sequence_length(std::string_view bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto lead = at(0);
  if (lead < 0x80)
    return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80)
      return 0;
  // Overlong forms, surrogates and code points beyond U+10FFFF.
  if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
      (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F))
    return 0;
  return length;
}

/// How many bytes at the front are ASCII, in eights.
std::size_t ascii_prefix(std::string_view bytes) noexcept {
  constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080;
  std::size_t size = 0;
  for (std::uint64_t some = 0; bytes.size() - size >= sizeof some; size += sizeof some) {
    std::memcpy(&some, bytes.data() + size, sizeof some);
    if ((some & high_bits) != 0)
      break;
  }
  return size;
}

char folded(char c, glob_case folding) noexcept {
  return folding == glob_case::insensitive ? lower(c) : c;
}

} // namespace

bool is_valid_utf8(std::string_view bytes) noexcept {
  for (;;) {
    bytes.remove_prefix(ascii_prefix(bytes));
    if (bytes.empty())
      return true;
    // Whatever is not ASCII rarely comes alone.
    constexpr std::size_t some = 8;
    for (const auto left = bytes.size(); !bytes.empty() && left - bytes.size() < some;) {
      const auto length = sequence_length(bytes);
      if (length == 0)
        return false;
      bytes.remove_prefix(length);
    }
  }
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) {
      text += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
      continue;
    }
    text.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return text;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes)
    return text;
  auto end = max_bytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

std::size_t code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const auto c : text)
    count += (static_cast<std::uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string shown;
  shown.reserve(text.size());
  for (const auto c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '\n')
      shown += "\\n";
    else if (c == '\t')
      shown += "\\t";
    else if (byte < 0x20 || byte == 0x7F)
      shown.append("\\x") += {digits[byte >> 4], digits[byte & 0xF]};
    else
      shown += c;
  }
  return shown;
}

bool glob_match(std::string_view pattern, std::string_view path, glob_case folding) noexcept {
  // Two places to come back to: the last `**`, and the last `*` within the present directory.
  struct mark {
    std::size_t pattern = std::string_view::npos;
    std::size_t path = 0;
  };
  mark star;
  mark double_star;
  std::size_t p = 0;
  std::size_t i = 0;
  while (true) {
    if (pattern.substr(p).starts_with("**")) {
      p += 2;
      // `**/` also matches no directory at all.
      if (p < pattern.size() && pattern[p] == '/' && (p == 2 || pattern[p - 3] == '/'))
        ++p;
      double_star = {p, i};
      star = {};
      continue;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      star = {++p, i};
      continue;
    }
    if (i == path.size() && p == pattern.size())
      return true;
    if (i < path.size() && p < pattern.size() &&
        (pattern[p] == '?' ? path[i] != '/'
                           : folded(pattern[p], folding) == folded(path[i], folding))) {
      ++p;
      ++i;
      continue;
    }
    if (star.pattern != std::string_view::npos && star.path < path.size() &&
        path[star.path] != '/') {
      p = star.pattern;
      i = ++star.path;
      continue;
    }
    if (double_star.pattern == std::string_view::npos || double_star.path >= path.size())
      return false;
    // After `**/` a match may only begin at a directory's first character.
    const auto whole_names = double_star.pattern > 0 && pattern[double_star.pattern - 1] == '/';
    do
      ++double_star.path;
    while (whole_names && double_star.path < path.size() && path[double_star.path - 1] != '/');
    p = double_star.pattern;
    i = double_star.path;
    star = {};
  }
}

} // namespace ash
