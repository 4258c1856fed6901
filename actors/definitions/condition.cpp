#include "actors/definitions/condition.hpp"

#include "events/base/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace ash::definitions {
namespace {

constexpr std::size_t max_shown_value = 200;

std::string shown(const json::value& what) {
  return printable(utf8_prefix(json::serialize(what), max_shown_value));
}

bool contains(const json::value& whole, const json::value& part) {
  if (const auto* list = whole.if_array())
    return std::find(list->begin(), list->end(), part) != list->end();
  return whole.is_string() && part.is_string() &&
         std::string_view{whole.get_string()}.find(std::string_view{part.get_string()}) !=
             std::string_view::npos;
}

bool compares(comparison is, const json::value& found, const json::value& wanted) {
  switch (is) {
  case comparison::equals:
    return found == wanted;
  case comparison::not_equals:
    return found != wanted;
  case comparison::less_than:
    return found.is_number() && wanted.is_number() &&
           found.to_number<double>() < wanted.to_number<double>();
  case comparison::greater_than:
    return found.is_number() && wanted.is_number() &&
           found.to_number<double>() > wanted.to_number<double>();
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
  return what.value.empty() ? out : out + ' ' + what.value;
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
