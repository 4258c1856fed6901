#include "actors/definitions/condition.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace ash::definitions {
namespace {

constexpr std::size_t max_shown_value = 200;

/// Without an exponent where people would write none.
std::string decimal(double of) {
  const auto size = std::fabs(of);
  const auto plain = size == 0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 32> out{};
  const auto end = std::to_chars(out.data(),
                                 out.data() + out.size(),
                                 of,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  return {out.data(), end};
}

/// JSON text whose numbers read as people write them: Boost.JSON makes `1E0` of 1.0.
void write(const json::value& what, std::string& out) {
  if (const auto* object = what.if_object()) {
    out += '{';
    for (const auto& pair : *object) {
      if (out.back() != '{')
        out += ',';
      out.append(json::serialize(json::string_view{pair.key()})) += ':';
      write(pair.value(), out);
    }
    out += '}';
  } else if (const auto* list = what.if_array()) {
    out += '[';
    for (const auto& item : *list) {
      if (&item != list->data())
        out += ',';
      write(item, out);
    }
    out += ']';
  } else if (const auto* number = what.if_double()) {
    out += decimal(*number);
  } else {
    out += json::serialize(what);
  }
}

std::string text_of(const json::value& what) {
  std::string out;
  write(what, out);
  return out;
}

std::string shown(const json::value& what) {
  return printable(utf8_prefix(text_of(what), max_shown_value));
}

/// The number itself, whichever of three types JSON keeps it in.
long double number(const json::value& of) {
  static_assert(std::numeric_limits<long double>::digits >= 64,
                "as a double, integers beyond 2^53 would be equal to their neighbours");
  if (const auto* whole = of.if_int64())
    return static_cast<long double>(*whole);
  if (const auto* large = of.if_uint64())
    return static_cast<long double>(*large);
  return of.get_double();
}

bool are_numbers(const json::value& a, const json::value& b) {
  return a.is_number() && b.is_number();
}

/// `wanted` is never a list or an object, so no number within one has to be looked at.
bool same(const json::value& found, const json::value& wanted) {
  return are_numbers(found, wanted) ? number(found) == number(wanted) : found == wanted;
}

bool contains(const json::value& whole, const json::value& part) {
  if (const auto* list = whole.if_array())
    return std::any_of(
        list->begin(), list->end(), [&](const json::value& item) { return same(item, part); });
  return whole.is_string() && part.is_string() &&
         std::string_view{whole.get_string()}.find(std::string_view{part.get_string()}) !=
             std::string_view::npos;
}

bool compares(comparison is, const json::value& found, const json::value& wanted) {
  switch (is) {
  case comparison::equals:
    return same(found, wanted);
  case comparison::not_equals:
    return !same(found, wanted);
  case comparison::less_than:
    return are_numbers(found, wanted) && number(found) < number(wanted);
  case comparison::greater_than:
    return are_numbers(found, wanted) && number(found) > number(wanted);
  case comparison::contains:
    return contains(found, wanted);
  case comparison::exists:
    return true;
  case comparison::absent:
    return false;
  }
  return false;
}

condition_verdict verdict(bool holds, const condition& what, const std::string& found) {
  return {holds, to_text(what) + (holds ? " holds: " : " does not hold: ") + found};
}

} // namespace

std::string to_text(const condition& what) {
  auto out = what.phase + (what.pointer.empty() ? "" : ' ' + what.pointer) + ' ' +
             std::string{to_string(what.is)};
  return what.value.empty() ? out : out + ' ' + text_of(json::parse(what.value));
}

condition_verdict judge(const condition& what, const std::optional<std::string>& artifact) {
  const auto absent = what.is == comparison::absent;
  if (!artifact)
    return verdict(absent, what, "the phase left no artifact");
  const auto wanted = what.value.empty() ? json::value{} : json::parse(what.value);
  auto parsed = parse_json(*artifact, "the artifact");
  if (!parsed && what.pointer.empty() && what.is == comparison::contains)
    return verdict(contains(json::value(to_valid_utf8(*artifact)), wanted), what, "it is a text");
  if (!parsed && what.pointer.empty() && (absent || what.is == comparison::exists))
    return verdict(!absent, what, "it is there");
  if (!parsed)
    return verdict(false, what, "the artifact is no JSON");
  boost::system::error_code failed;
  const auto* found = parsed.value().find_pointer(what.pointer, failed);
  if (found == nullptr)
    return verdict(absent, what, "nothing is there");
  return verdict(compares(what.is, *found, wanted), what, "it is " + shown(*found));
}

} // namespace ash::definitions
