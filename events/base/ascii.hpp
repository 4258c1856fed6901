// Small things about text whose rules are ASCII's: header names, ids, keys. Letters beyond it stay
// as they are.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace ash {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// `text` without what it begins and ends with of `blanks`.
constexpr std::string_view trimmed(std::string_view text,
                                   std::string_view blanks = " \t\r\n") noexcept {
  const auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

/// The texts of a range, with `between` between them.
template <class Texts> std::string joined(const Texts& texts, std::string_view between = ", ") {
  std::string out;
  auto is_first = true;
  for (const auto& text : texts) {
    if (!is_first)
      out += between;
    out += text;
    is_first = false;
  }
  return out;
}

} // namespace ash
