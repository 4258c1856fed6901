#include "actors/definitions/lowering.hpp"
#include "events/base/text.hpp"

namespace ash::definitions {
namespace {

json::object nothing_allowed() {
  return {{"allOf", json::array{json::value(false)}}};
}

json::object of_strings_only(json::object then) {
  return {{"if", {{"maxLength", max_pattern_subject}}},
          {"then", std::move(then)},
          {"else", {{"maxLength", max_pattern_subject}}}};
}

/// What to write instead of a keyword that is not supported.
std::string_view instead_of(std::string_view keyword) {
  constexpr std::string_view name_it = "; put the schema under '$defs' and refer to it there";
  static const std::map<std::string_view, std::string_view> known{
      {"$anchor", name_it},
      {"$dynamicAnchor", name_it},
      {"$dynamicRef", name_it},
      {"$recursiveAnchor", name_it},
      {"$recursiveRef", name_it},
      {"definitions", "; in 2020-12 it is '$defs'"},
      {"dependencies", "; in 2020-12 it is 'dependentRequired' or 'dependentSchemas'"},
      {"additionalItems", "; in 2020-12 it is 'items', beside 'prefixItems'"},
      {"id", "; in 2020-12 it is '$id'"}};
  const auto found = known.find(keyword);
  return found == known.end() ? std::string_view{} : found->second;
}

} // namespace

result<lowered_schema> lowering::run() {
  if (!root_.is_object() && !root_.is_bool())
    return refuse(errc::definition_invalid, "a schema is a JSON object, true or false");
  (void)definition_for("", false);
  json::object definitions;
  while (!owed_.empty()) {
    const auto next = owed_.front();
    owed_.pop_front();
    TRY(auto done, schema(*next.target, {next.pointer, next.name, true, next.negative}));
    definitions[next.name] = std::move(done);
  }
  TRY(refuse_endless());
  json::object out{{"allOf", json::array{json::object{{"$ref", "#/definitions/r0"}}}},
                   {"definitions", std::move(definitions)}};
  // The wrapper's own index must not be taken for one of the two markers.
  out["allOf"].as_array().insert(out["allOf"].as_array().begin(), 2, json::value(true));
  return lowered_schema{std::move(out), unique_items_, dots_};
}

error lowering::at(errc code,
                   const std::string& pointer,
                   std::string_view keyword,
                   std::string why) {
  return refuse(code, "the schema at '#" + pointer + "': " + std::move(why))
      .with("pointer", pointer)
      .with("keyword", std::string{keyword});
}

error lowering::unsupported(const place& where, std::string_view keyword, std::string_view why) {
  return at(errc::schema_unsupported,
            where.pointer + pointer_step(keyword),
            keyword,
            '\'' + printable(keyword) + "' " + std::string{why});
}

error lowering::wrong(const place& where, std::string_view keyword, std::string_view expected) {
  return at(errc::definition_invalid,
            where.pointer + pointer_step(keyword),
            keyword,
            '\'' + printable(keyword) + "' has to be " + std::string{expected});
}

std::string lowering::definition_for(const std::string& pointer, bool negative) {
  const auto [found, added] =
      names_.try_emplace({pointer, negative}, "r" + std::to_string(names_.size()));
  if (added)
    owed_.push_back({found->second, pointer, resolve(pointer), negative});
  return found->second;
}

const json::value* lowering::resolve(const std::string& pointer) const {
  json::error_code ec;
  return pointer.empty() ? &root_ : root_.find_pointer(pointer, ec);
}

std::optional<std::string> lowering::percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

result<>
lowering::ref(const json::value& value, const place& where, const json::object&, lowered& into) {
  if (!value.is_string())
    return wrong(where, "$ref", "a text");
  const std::string_view text{value.get_string().data(), value.get_string().size()};
  if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/'))
    return unsupported(
        where, "$ref", "leads out of this schema or to an anchor: use '#/$defs/NAME'");
  const auto pointer = percent_decoded(text.substr(1));
  if (!pointer || !resolve(*pointer))
    return at(errc::definition_invalid,
              where.pointer + "/$ref",
              "$ref",
              "'$ref' leads to nothing: '" + printable(text) + "'");
  const auto name = definition_for(*pointer, where.negative);
  if (where.same_instance)
    jumps_[where.owner].insert(name);
  into.besides.push_back(json::object{{"$ref", "#/definitions/" + name}});
  return success();
}

result<> lowering::refuse_endless() const {
  std::set<std::string> done;
  for (const auto& [name, targets] : jumps_) {
    std::set<std::string> on_path;
    if (endless(name, on_path, done)) {
      const auto same = [&](const auto& each) { return each.second == name; };
      const auto found = std::find_if(names_.begin(), names_.end(), same);
      return at(errc::schema_unsupported,
                found->first.first,
                "$ref",
                "'$ref' leads back to itself without going deeper into the value");
    }
  }
  return success();
}

bool lowering::endless(const std::string& name,
                       std::set<std::string>& on_path,
                       std::set<std::string>& done) const {
  if (on_path.contains(name))
    return true;
  const auto targets = jumps_.find(name);
  if (targets == jumps_.end() || done.contains(name))
    return false;
  on_path.insert(name);
  for (const auto& target : targets->second)
    if (endless(target, on_path, done))
      return true;
  on_path.erase(name);
  done.insert(name);
  return false;
}

result<json::value> lowering::schema(const json::value& value, const place& where) {
  if (const auto* truth = value.if_bool())
    return json::value(*truth ? json::object{} : nothing_allowed());
  const auto* object = value.if_object();
  if (!object)
    return at(errc::definition_invalid, where.pointer, "", "a schema is an object, true or false");
  lowered out;
  for (const auto& pair : *object) {
    const std::string_view keyword{pair.key().data(), pair.key().size()};
    const auto known = steps().find(keyword);
    if (known != steps().end()) {
      TRY((this->*known->second)(pair.value(), where, *object, out));
    } else if (!keyword.starts_with("x-")) {
      TRY(simple(keyword, pair.value(), where, out));
    }
  }
  if (!out.besides.empty()) {
    out.besides.insert(out.besides.begin(), 2, json::value(true));
    out.object["allOf"] = std::move(out.besides);
  }
  return json::value(std::move(out.object));
}

result<> lowering::simple(std::string_view keyword,
                          const json::value& value,
                          const place& where,
                          lowered& into) {
  enum class shape { count, number, positive, flag, text, list, anything };
  static const std::map<std::string_view, std::pair<shape, bool>> shapes{
      {"maxLength", {shape::count, true}},
      {"minLength", {shape::count, true}},
      {"maxItems", {shape::count, true}},
      {"minItems", {shape::count, true}},
      {"maxProperties", {shape::count, true}},
      {"minProperties", {shape::count, true}},
      {"maximum", {shape::number, true}},
      {"minimum", {shape::number, true}},
      {"exclusiveMaximum", {shape::number, true}},
      {"exclusiveMinimum", {shape::number, true}},
      {"const", {shape::anything, true}},
      {"title", {shape::text, false}},
      {"description", {shape::text, false}},
      {"$comment", {shape::text, false}},
      {"format", {shape::text, false}},
      {"contentEncoding", {shape::text, false}},
      {"contentMediaType", {shape::text, false}},
      {"contentSchema", {shape::anything, false}},
      {"default", {shape::anything, false}},
      {"examples", {shape::list, false}},
      {"deprecated", {shape::flag, false}},
      {"readOnly", {shape::flag, false}},
      {"writeOnly", {shape::flag, false}}};
  const auto found = shapes.find(keyword);
  if (found == shapes.end())
    return unsupported(where,
                       keyword,
                       "is not a keyword that is supported here" +
                           std::string{instead_of(keyword)});
  const auto [wanted, kept] = found->second;
  if (wanted == shape::count && !(value.is_int64() && value.get_int64() >= 0))
    return wrong(where, keyword, "an integer of 0 or more");
  if (wanted == shape::number && !value.is_number())
    return wrong(where, keyword, "a number");
  if (wanted == shape::flag && !value.is_bool())
    return wrong(where, keyword, "true or false");
  if (wanted == shape::text && !value.is_string())
    return wrong(where, keyword, "a text");
  if (wanted == shape::list && !value.is_array())
    return wrong(where, keyword, "a list");
  if (kept)
    into.object[keyword] = value;
  return success();
}

result<>
lowering::dialect(const json::value& value, const place& where, const json::object&, lowered&) {
  const auto* text = value.if_string();
  const std::string_view uri = text ? std::string_view{text->data(), text->size()} : "";
  if (!where.pointer.empty() || (uri != "https://json-schema.org/draft/2020-12/schema" &&
                                 uri != "https://json-schema.org/draft/2020-12/schema#"))
    return unsupported(where, "$schema", "has to be that of 2020-12, at the root of the schema");
  return success();
}

result<> lowering::id(const json::value& value, const place& where, const json::object&, lowered&) {
  if (!value.is_string())
    return wrong(where, "$id", "a text");
  if (!where.pointer.empty())
    return unsupported(where, "$id", "is supported at the root of the schema only");
  return success();
}

result<>
lowering::definitions(const json::value& value, const place& where, const json::object&, lowered&) {
  if (!value.is_object())
    return wrong(where, "$defs", "a mapping of schemas");
  // Lowered even where nothing refers to it, so that an unsupported keyword never hides.
  for (const auto& pair : value.get_object())
    (void)definition_for(where.pointer + "/$defs" + pointer_step(pair.key()), where.negative);
  return success();
}

result<>
lowering::type(const json::value& value, const place& where, const json::object&, lowered& into) {
  static const std::set<std::string_view> types{
      "array", "boolean", "integer", "null", "number", "object", "string"};
  std::set<std::string> seen;
  const auto known = [&](const json::value& each) {
    const auto* text = each.if_string();
    return text && types.contains({text->data(), text->size()}) &&
           seen.insert(std::string{text->data(), text->size()}).second;
  };
  const auto* list = value.if_array();
  if (list ? list->empty() || !std::all_of(list->begin(), list->end(), known) : !known(value))
    return wrong(
        where, "type", "one or several of array, boolean, integer, null, number, object, string");
  into.object["type"] = value;
  return success();
}

result<> lowering::enumeration(const json::value& value,
                               const place& where,
                               const json::object&,
                               lowered& into) {
  if (!value.is_array() || value.get_array().empty())
    return wrong(where, "enum", "a list of at least one value");
  into.object["enum"] = value;
  return success();
}

result<> lowering::multiple_of(const json::value& value,
                               const place& where,
                               const json::object&,
                               lowered& into) {
  if (!value.is_number() || value.to_number<double>() <= 0)
    return wrong(where, "multipleOf", "a number above 0");
  if (!value.is_int64())
    return unsupported(where, "multipleOf", "is exact for whole numbers only");
  // As a double, for valijson cuts 7.5 to 7 where the divisor is an integer; and of numbers only,
  // for it reads texts as numbers here.
  into.besides.push_back(
      json::object{{"if", {{"type", "number"}}},
                   {"then", {{"multipleOf", static_cast<double>(value.get_int64())}}}});
  return success();
}

result<> lowering::pattern(const json::value& value,
                           const place& where,
                           const json::object&,
                           lowered& into) {
  if (!value.is_string())
    return wrong(where, "pattern", "a text");
  if (const auto why = pattern_problem(std::string{value.get_string()}); !why.empty())
    return unsupported(where, "pattern", why);
  if (where.negative)
    return unsupported(where, "pattern", "is not supported beneath 'not', 'if' and 'oneOf'");
  dots_ |= has_dot(value.get_string());
  into.besides.push_back(of_strings_only({{"pattern", value}}));
  return success();
}

result<lowered_schema> lower_schema(const json::value& schema) {
  return lowering{schema}.run();
}

} // namespace ash::definitions
