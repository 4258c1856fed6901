#include "tests/gateway/api/schema_check.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <regex>
#include <set>

namespace ash::gateway::test {
namespace {

std::string text_of(const json::value& value) {
  return std::string{value.as_string()};
}

bool is_of_type(const json::value& value, std::string_view type) {
  if (type == "object")
    return value.is_object();
  if (type == "array")
    return value.is_array();
  if (type == "string")
    return value.is_string();
  if (type == "integer")
    return value.is_int64() || value.is_uint64();
  if (type == "number")
    return value.is_number();
  if (type == "boolean")
    return value.is_bool();
  return type == "null" && value.is_null();
}

class checker {
public:
  checker(const json::value& document, std::vector<std::string>& faults)
      : document_{document}, faults_{faults} {}

  void check(const json::value& value, const json::value& schema, const std::string& at) {
    for (const auto& [keyword, says] : schema.as_object())
      check_one(value, schema.as_object(), keyword, says, at);
  }

private:
  void wrong(const std::string& at, const std::string& what) {
    faults_.push_back((at.empty() ? "/" : at) + ": " + what);
  }

  void check_one(const json::value& value,
                 const json::object& schema,
                 std::string_view keyword,
                 const json::value& says,
                 const std::string& at) {
    static const std::set<std::string_view> notes{"description", "default", "format"};
    if (notes.contains(keyword))
      return;
    if (keyword == "$ref")
      check_reference(value, says, at);
    else if (keyword == "allOf")
      for (const auto& each : says.as_array())
        check(value, each, at);
    else if (keyword == "type")
      check_type(value, says, at);
    else if (keyword == "enum")
      check_enum(value, says.as_array(), at);
    else if (keyword == "properties" || keyword == "required" || keyword == "additionalProperties")
      check_members(value, schema, keyword, at);
    else if (keyword == "items")
      check_items(value, says, at);
    else
      check_bound(value, keyword, says, at);
  }

  void check_reference(const json::value& value, const json::value& says, const std::string& at) {
    if (const auto* target = resolve(document_, text_of(says)))
      check(value, *target, at);
    else
      wrong(at, "the schema's reference " + text_of(says) + " leads nowhere");
  }

  void check_type(const json::value& value, const json::value& says, const std::string& at) {
    auto fits = false;
    if (const auto* several = says.if_array())
      for (const auto& each : *several)
        fits = fits || is_of_type(value, text_of(each));
    else
      fits = is_of_type(value, text_of(says));
    if (!fits)
      wrong(at, "is no " + to_json_text(says) + ": " + to_json_text(value).substr(0, 80));
  }

  void check_enum(const json::value& value, const json::array& says, const std::string& at) {
    if (std::find(says.begin(), says.end(), value) == says.end())
      wrong(at, to_json_text(value) + " is none of " + to_json_text(says));
  }

  void check_members(const json::value& value,
                     const json::object& schema,
                     std::string_view keyword,
                     const std::string& at) {
    const auto* object = value.if_object();
    if (object == nullptr)
      return;
    const auto* known = schema.if_contains("properties");
    for (const auto& [name, member] : *object) {
      const auto* own = known == nullptr ? nullptr : known->as_object().if_contains(name);
      const auto path = at + "/" + std::string{name};
      if (keyword == "properties" && own != nullptr)
        check(member, *own, path);
      if (keyword != "additionalProperties" || own != nullptr)
        continue;
      const auto& others = schema.at("additionalProperties");
      if (others.is_object())
        check(member, others, path);
      else if (!others.as_bool())
        wrong(path, "is not described");
    }
    if (keyword == "required")
      for (const auto& name : schema.at("required").as_array())
        if (!object->contains(name.as_string()))
          wrong(at, "has no " + text_of(name));
  }

  void check_items(const json::value& value, const json::value& says, const std::string& at) {
    if (const auto* items = value.if_array())
      for (std::size_t i = 0; i < items->size(); ++i)
        check(items->at(i), says, at + "/" + std::to_string(i));
  }

  void check_bound(const json::value& value,
                   std::string_view keyword,
                   const json::value& says,
                   const std::string& at) {
    const auto number = [&] { return value.is_number() ? value.to_number<double>() : 0.0; };
    auto fits = true;
    if (keyword == "minimum")
      fits = !value.is_number() || number() >= says.to_number<double>();
    else if (keyword == "maximum")
      fits = !value.is_number() || number() <= says.to_number<double>();
    else if (keyword == "minLength")
      fits = !value.is_string() || value.as_string().size() >= says.to_number<std::size_t>();
    else if (keyword == "maxLength")
      fits = !value.is_string() || value.as_string().size() <= says.to_number<std::size_t>();
    else if (keyword == "pattern")
      fits = !value.is_string() || std::regex_search(text_of(value), std::regex{text_of(says)});
    else
      return wrong(at, "the schema has a keyword that is not known: " + std::string{keyword});
    if (!fits)
      wrong(at, to_json_text(value).substr(0, 80) + " breaks " + std::string{keyword});
  }

  const json::value& document_;
  std::vector<std::string>& faults_;
};

} // namespace

const json::value* resolve(const json::value& document, std::string_view reference) {
  if (!reference.starts_with("#/"))
    return nullptr;
  boost::json::error_code failed;
  return document.find_pointer(json::string_view{reference.data() + 1, reference.size() - 1},
                               failed);
}

std::vector<std::string>
faults_of(const json::value& value, const json::value& schema, const json::value& document) {
  std::vector<std::string> faults;
  checker{document, faults}.check(value, schema, {});
  return faults;
}

} // namespace ash::gateway::test
