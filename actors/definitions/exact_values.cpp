#include "actors/definitions/schema_lowering.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>

namespace ash::definitions {
namespace {

constexpr std::size_t max_key = 1'024;

} // namespace

std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const auto c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::optional<inexact> make_exact(json::value& value, const std::string& pointer) {
  constexpr auto bound = static_cast<double>(max_exact_integer);
  constexpr std::string_view too_big =
      "is beyond ±2^53, where JSON numbers stop being exact: write a text";
  if (auto* object = value.if_object()) {
    for (auto& pair : *object) {
      if (pair.key().size() > max_key)
        return inexact{pointer, "has a key of more than 1024 bytes"};
      if (pair.key().find('\0') != json::string_view::npos)
        return inexact{pointer, "has a key with the character U+0000"};
      if (auto found = make_exact(pair.value(), pointer + pointer_step(pair.key())))
        return found;
    }
  } else if (auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto found = make_exact((*array)[i], pointer + '/' + std::to_string(i)))
        return found;
  } else if (const auto* text = value.if_string()) {
    if (text->find('\0') != json::string::npos)
      return inexact{pointer, "has the character U+0000"};
  } else if (const auto* number = value.if_double()) {
    if (std::trunc(*number) == *number) {
      if (std::fabs(*number) > bound)
        return inexact{pointer, std::string{too_big}};
      value = static_cast<std::int64_t>(*number);
    }
  } else if (value.is_uint64() || (value.is_int64() && (value.get_int64() > max_exact_integer ||
                                                        value.get_int64() < -max_exact_integer))) {
    return inexact{pointer, std::string{too_big}};
  }
  return std::nullopt;
}

} // namespace ash::definitions
