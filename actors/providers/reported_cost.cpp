#include "actors/providers/reported_cost.hpp"

#include "events/base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <string>
#include <vector>

namespace ash::provider {
namespace {

constexpr std::int64_t max_pico = 1'000'000LL * 1'000'000'000'000LL;

/// Keeps the digits of the number at one path of two keys.
class number_finder {
public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::string_view outer;
  std::string_view inner;
  std::string found;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    keys_.pop_back();
    return true;
  }
  // A list is a level without a key, so that nothing inside one is at the path.
  bool on_array_begin(json::error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    keys_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    keys_.back() = std::exchange(key_, {});
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view part, json::error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, json::string_view part, json::error_code&) { return number(part); }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) { return number(part); }
  bool on_double(double, json::string_view part, json::error_code&) { return number(part); }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

private:
  bool number(json::string_view part) {
    number_.append(part.data(), part.size());
    if (keys_.size() == 2 && keys_[0] == outer && keys_[1] == inner)
      found = number_;
    number_.clear();
    return true;
  }

  std::vector<std::string> keys_;
  std::string key_;
  std::string number_;
};

} // namespace

std::optional<usd> parse_decimal_usd(std::string_view number) {
  const auto exponent_at = number.find_first_of("eE");
  int exponent = 0;
  if (exponent_at != std::string_view::npos) {
    auto text = number.substr(exponent_at + 1);
    text.remove_prefix(text.starts_with('+') ? 1 : 0);
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (ec != std::errc{} || end != text.data() + text.size())
      return std::nullopt;
  }
  std::string digits;
  int decimals = 0;
  bool after_point = false;
  for (const auto c : number.substr(0, exponent_at)) {
    if (c == '.' && !after_point) {
      after_point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      decimals += after_point ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() > 400 || exponent > 400 || exponent < -400)
    return std::nullopt;
  // How far the digits have to move so that the last one counts units of 10^-12.
  auto shift = exponent + 12 - decimals;
  bool up = false;
  for (; shift < 0 && !digits.empty(); ++shift) {
    up = digits.back() >= '5';
    digits.pop_back();
  }
  if (shift < 0)
    up = false; // the first digit lost is a zero in front of all of them
  digits.append(shift > 0 ? static_cast<std::size_t>(shift) : 0, '0');
  std::int64_t pico = 0;
  for (const auto c : digits)
    if (__builtin_mul_overflow(pico, 10, &pico) || __builtin_add_overflow(pico, c - '0', &pico) ||
        pico > max_pico)
      return std::nullopt;
  return usd{pico + (up ? 1 : 0)};
}

std::optional<usd>
reported_cost(std::string_view text, std::string_view outer, std::string_view inner) {
  json::parse_options options;
  options.max_depth = 128;
  json::basic_parser<number_finder> parser{options};
  parser.handler().outer = outer;
  parser.handler().inner = inner;
  json::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  if (ec || parser.handler().found.empty())
    return std::nullopt;
  return parse_decimal_usd(parser.handler().found);
}

} // namespace ash::provider
