#include "actors/definitions/schema_lowering.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <deque>
#include <map>
#include <set>

namespace ash::definitions {
namespace {

constexpr std::size_t max_key = 1'024;

/// Where in the schema a subschema stands.
struct place {
  std::string pointer;
  std::string owner;     ///< the lowered definition that it is a part of
  bool same_instance;    ///< applies to the value that the owner applies to
  bool negative;         ///< beneath `not`, `if` or `oneOf`: failing there can make the whole succeed

  [[nodiscard]] place below(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, same_instance, negative};
  }
  [[nodiscard]] place inside(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, false, negative};
  }
  [[nodiscard]] place refuted(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, same_instance, true};
  }
};

/// What one schema object becomes: its keywords, and schemas that hold besides.
struct lowered {
  json::object object;
  json::array besides;
};

json::object nothing_allowed() { return {{"allOf", json::array{json::value(false)}}}; }

json::object of_strings_only(json::object then) {
  return {{"if", {{"maxLength", max_pattern_subject}}},
          {"then", std::move(then)},
          {"else", {{"maxLength", max_pattern_subject}}}};
}

class lowering {
public:
  explicit lowering(const json::value& root) : root_(root) {}

  result<lowered_schema> run() {
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
    return lowered_schema{std::move(out), unique_items_};
  }

private:
  struct owed_definition {
    std::string name;
    std::string pointer;
    const json::value* target;
    bool negative;
  };
  using step = result<> (lowering::*)(const json::value&, const place&, const json::object&, lowered&);

  // -- errors --------------------------------------------------------------------------------------

  static error at(errc code, const std::string& pointer, std::string_view keyword, std::string why) {
    return refuse(code, "the schema at '#" + pointer + "': " + std::move(why))
        .with("pointer", pointer)
        .with("keyword", std::string{keyword});
  }
  static error unsupported(const place& where, std::string_view keyword, std::string_view why) {
    return at(errc::schema_unsupported,
              where.pointer + pointer_step(keyword),
              keyword,
              '\'' + printable(keyword) + "' " + std::string{why});
  }
  static error wrong(const place& where, std::string_view keyword, std::string_view expected) {
    return at(errc::definition_invalid,
              where.pointer + pointer_step(keyword),
              keyword,
              '\'' + printable(keyword) + "' has to be " + std::string{expected});
  }

  // -- references ----------------------------------------------------------------------------------

  /// The name under `definitions` of the schema at `pointer`; it is lowered later.
  std::string definition_for(const std::string& pointer, bool negative) {
    const auto [found, added] = names_.try_emplace({pointer, negative}, "r" + std::to_string(names_.size()));
    if (added)
      owed_.push_back({found->second, pointer, resolve(pointer), negative});
    return found->second;
  }

  const json::value* resolve(const std::string& pointer) const {
    json::error_code ec;
    return pointer.empty() ? &root_ : root_.find_pointer(pointer, ec);
  }

  static std::optional<std::string> percent_decoded(std::string_view text) {
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

  result<> ref(const json::value& value, const place& where, const json::object&, lowered& into) {
    if (!value.is_string())
      return wrong(where, "$ref", "a text");
    const std::string_view text{value.get_string().data(), value.get_string().size()};
    if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/'))
      return unsupported(where, "$ref", "leads out of this schema or to an anchor: use '#/$defs/…'");
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

  /// A definition that leads to itself without going deeper into the instance would never end.
  result<> refuse_endless() const {
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

  bool endless(const std::string& name, std::set<std::string>& on_path, std::set<std::string>& done) const {
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

  // -- one schema ----------------------------------------------------------------------------------

  result<json::value> schema(const json::value& value, const place& where) {
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

  /// Keywords whose value is taken over as it is, and annotations, which are left out.
  static result<>
  simple(std::string_view keyword, const json::value& value, const place& where, lowered& into) {
    enum class shape { count, number, positive, flag, text, list, anything };
    static const std::map<std::string_view, std::pair<shape, bool>> shapes{
        {"maxLength", {shape::count, true}},       {"minLength", {shape::count, true}},
        {"maxItems", {shape::count, true}},        {"minItems", {shape::count, true}},
        {"maxProperties", {shape::count, true}},   {"minProperties", {shape::count, true}},
        {"maximum", {shape::number, true}},        {"minimum", {shape::number, true}},
        {"exclusiveMaximum", {shape::number, true}}, {"exclusiveMinimum", {shape::number, true}},
        {"const", {shape::anything, true}},        {"title", {shape::text, false}},
        {"description", {shape::text, false}},     {"$comment", {shape::text, false}},
        {"format", {shape::text, false}},          {"contentEncoding", {shape::text, false}},
        {"contentMediaType", {shape::text, false}}, {"contentSchema", {shape::anything, false}},
        {"default", {shape::anything, false}},     {"examples", {shape::list, false}},
        {"deprecated", {shape::flag, false}},      {"readOnly", {shape::flag, false}},
        {"writeOnly", {shape::flag, false}}};
    const auto found = shapes.find(keyword);
    if (found == shapes.end())
      return unsupported(where, keyword, "is not a keyword that is supported here");
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

  // -- identification ------------------------------------------------------------------------------

  result<> dialect(const json::value& value, const place& where, const json::object&, lowered&) {
    const auto* text = value.if_string();
    const std::string_view uri = text ? std::string_view{text->data(), text->size()} : "";
    if (!where.pointer.empty() || (uri != "https://json-schema.org/draft/2020-12/schema" &&
                                   uri != "https://json-schema.org/draft/2020-12/schema#"))
      return unsupported(where, "$schema", "has to be that of 2020-12, at the root of the schema");
    return success();
  }

  result<> id(const json::value& value, const place& where, const json::object&, lowered&) {
    if (!value.is_string())
      return wrong(where, "$id", "a text");
    if (!where.pointer.empty())
      return unsupported(where, "$id", "is supported at the root of the schema only");
    return success();
  }

  result<> definitions(const json::value& value, const place& where, const json::object&, lowered&) {
    if (!value.is_object())
      return wrong(where, "$defs", "a mapping of schemas");
    // Lowered even where nothing refers to it, so that an unsupported keyword never hides.
    for (const auto& pair : value.get_object())
      (void)definition_for(where.pointer + "/$defs" + pointer_step(pair.key()), where.negative);
    return success();
  }

  // -- any value -----------------------------------------------------------------------------------

  result<> type(const json::value& value, const place& where, const json::object&, lowered& into) {
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
      return wrong(where, "type", "one or several of array, boolean, integer, null, number, object, string");
    into.object["type"] = value;
    return success();
  }

  result<> enumeration(const json::value& value, const place& where, const json::object&, lowered& into) {
    if (!value.is_array() || value.get_array().empty())
      return wrong(where, "enum", "a list of at least one value");
    into.object["enum"] = value;
    return success();
  }

  result<> multiple_of(const json::value& value, const place& where, const json::object&, lowered& into) {
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

  result<> pattern(const json::value& value, const place& where, const json::object&, lowered& into) {
    if (!value.is_string())
      return wrong(where, "pattern", "a text");
    if (const auto why = pattern_problem(std::string{value.get_string()}); !why.empty())
      return unsupported(where, "pattern", why);
    if (where.negative)
      return unsupported(where, "pattern", "is not supported beneath 'not', 'if' and 'oneOf'");
    into.besides.push_back(of_strings_only({{"pattern", value}}));
    return success();
  }

  // -- applicators in place ------------------------------------------------------------------------

  result<json::array> schemas(std::string_view keyword, const json::value& value, const place& where,
                              place (*enter)(const place&, std::string_view)) {
    if (!value.is_array() || value.get_array().empty())
      return wrong(where, keyword, "a list of at least one schema");
    json::array out;
    const auto base = enter(where, keyword);
    for (const auto& each : value.get_array()) {
      TRY(auto done, schema(each, base.below(std::to_string(out.size()))));
      out.push_back(std::move(done));
    }
    return out;
  }
  static place enter_below(const place& p, std::string_view k) { return p.below(k); }
  static place enter_inside(const place& p, std::string_view k) { return p.inside(k); }
  static place enter_refuted(const place& p, std::string_view k) { return p.refuted(k); }

  result<> all_of(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, schemas("allOf", value, where, enter_below));
    into.besides.insert(into.besides.end(), done.begin(), done.end());
    return success();
  }

  result<> any_of(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, schemas("anyOf", value, where, enter_below));
    into.object["anyOf"] = std::move(done);
    return success();
  }

  result<> one_of(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, schemas("oneOf", value, where, enter_refuted));
    into.object["oneOf"] = std::move(done);
    return success();
  }

  result<> negation(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, schema(value, where.refuted("not")));
    into.object["not"] = std::move(done);
    return success();
  }

  result<> condition(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, schema(value, where.refuted("if")));
    into.object["if"] = std::move(done);
    return success();
  }

  template <bool then>
  result<> branch(const json::value& value, const place& where, const json::object& all, lowered& into) {
    const std::string_view keyword = then ? "then" : "else";
    TRY(auto done, schema(value, where.below(keyword)));
    if (all.contains("if"))
      into.object[keyword] = std::move(done);
    return success();
  }

  // -- objects -------------------------------------------------------------------------------------

  result<json::object> mapping(std::string_view keyword, const json::value& value, const place& where) {
    if (!value.is_object())
      return wrong(where, keyword, "a mapping of schemas");
    json::object out;
    const auto base = keyword == "dependentSchemas" ? where.below(keyword) : where.inside(keyword);
    for (const auto& pair : value.get_object()) {
      TRY(auto done, schema(pair.value(), base.below(pair.key())));
      out[pair.key()] = std::move(done);
    }
    return out;
  }

  result<> properties(const json::value& value, const place& where, const json::object&, lowered& into) {
    TRY(auto done, mapping("properties", value, where));
    into.object["properties"] = std::move(done);
    return success();
  }

  result<> pattern_properties(const json::value& value, const place& where, const json::object&,
                              lowered& into) {
    TRY(auto done, mapping("patternProperties", value, where));
    for (const auto& pair : done)
      if (const auto why = pattern_problem(std::string{pair.key()}); !why.empty())
        return unsupported(where.below("patternProperties"), pair.key(), why);
    into.object["patternProperties"] = std::move(done);
    return success();
  }

  result<> additional_properties(const json::value& value, const place& where, const json::object&,
                                 lowered& into) {
    TRY(auto done, schema(value, where.inside("additionalProperties")));
    into.object["additionalProperties"] = std::move(done);
    return success();
  }

  result<> property_names(const json::value& value, const place& where, const json::object&,
                          lowered& into) {
    TRY(auto done, schema(value, where.inside("propertyNames")));
    into.besides.push_back(json::object{
        {"allOf", json::array{json::value(true), json::object{{"propertyNames", std::move(done)}}}}});
    return success();
  }

  static bool are_names(const json::value& value) {
    std::set<std::string_view> seen;
    const auto fresh = [&](const json::value& each) {
      const auto* text = each.if_string();
      return text && seen.insert({text->data(), text->size()}).second;
    };
    return value.is_array() &&
           std::all_of(value.get_array().begin(), value.get_array().end(), fresh);
  }

  result<> required(const json::value& value, const place& where, const json::object&, lowered& into) {
    if (!are_names(value))
      return wrong(where, "required", "a list of different texts");
    if (!value.get_array().empty())
      into.object["required"] = value;
    return success();
  }

  result<> dependent_required(const json::value& value, const place& where, const json::object&,
                              lowered& into) {
    const auto* object = value.if_object();
    if (!object || !std::all_of(object->begin(), object->end(),
                                [](const auto& pair) { return are_names(pair.value()); }))
      return wrong(where, "dependentRequired", "a mapping to lists of different texts");
    into.besides.push_back(json::object{{"dependencies", value}});
    return success();
  }

  result<> dependent_schemas(const json::value& value, const place& where, const json::object&,
                             lowered& into) {
    TRY(auto done, mapping("dependentSchemas", value, where));
    into.object["dependencies"] = std::move(done);
    return success();
  }

  // -- arrays --------------------------------------------------------------------------------------

  result<> prefix_items(const json::value& value, const place& where, const json::object& all,
                        lowered& into) {
    TRY(auto done, schemas("prefixItems", value, where, enter_inside));
    into.object["items"] = std::move(done);
    if (!all.contains("items") && !into.object.contains("additionalItems"))
      into.object["additionalItems"] = json::object{};
    return success();
  }

  result<> items(const json::value& value, const place& where, const json::object& all, lowered& into) {
    if (value.is_array())
      return unsupported(where, "items", "is a list: that is 'prefixItems' in 2020-12");
    TRY(auto done, schema(value, where.inside("items")));
    into.object[all.contains("prefixItems") ? "additionalItems" : "items"] = std::move(done);
    return success();
  }

  result<> contains(const json::value& value, const place& where, const json::object& all, lowered& into) {
    TRY(auto done, schema(value, where.inside("contains")));
    const auto* least = all.if_contains("minContains");
    if (!least || *least != 0)
      into.object["contains"] = std::move(done);
    return success();
  }

  result<> min_contains(const json::value& value, const place& where, const json::object& all, lowered&) {
    if (!value.is_int64() || value.get_int64() < 0)
      return wrong(where, "minContains", "an integer of 0 or more");
    if (value.get_int64() > 1 && all.contains("contains"))
      return unsupported(where, "minContains", "is supported as 0 or 1 only");
    return success();
  }

  result<> max_contains(const json::value& value, const place& where, const json::object& all, lowered&) {
    if (!value.is_int64() || value.get_int64() < 0)
      return wrong(where, "maxContains", "an integer of 0 or more");
    if (all.contains("contains"))
      return unsupported(where, "maxContains", "is not supported");
    return success();
  }

  result<> unique_items(const json::value& value, const place& where, const json::object&, lowered& into) {
    if (!value.is_bool())
      return wrong(where, "uniqueItems", "true or false");
    unique_items_ |= value.get_bool();
    if (value.get_bool())
      into.object["uniqueItems"] = true;
    return success();
  }

  // -- unevaluated: exact where nothing in place evaluates anything ----------------------------------

  static bool has_any(const json::object& all, std::initializer_list<std::string_view> keywords) {
    return std::any_of(keywords.begin(), keywords.end(),
                       [&](std::string_view each) { return all.contains(each); });
  }
  static bool applies_in_place(const json::object& all) {
    return has_any(all, {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"});
  }
  static bool allows_all(const json::value& value) {
    return (value.is_bool() && value.get_bool()) || (value.is_object() && value.get_object().empty());
  }

  result<> unevaluated_properties(const json::value& value, const place& where, const json::object& all,
                                  lowered& into) {
    TRY(auto done, schema(value, where.inside("unevaluatedProperties")));
    if (allows_all(value) || all.contains("additionalProperties"))
      return success();
    if (applies_in_place(all))
      return unsupported(where, "unevaluatedProperties", "beside a schema in place is not supported");
    into.object["additionalProperties"] = std::move(done);
    return success();
  }

  result<> unevaluated_items(const json::value& value, const place& where, const json::object& all,
                             lowered& into) {
    TRY(auto done, schema(value, where.inside("unevaluatedItems")));
    if (allows_all(value) || all.contains("items"))
      return success();
    if (applies_in_place(all) || all.contains("contains"))
      return unsupported(where, "unevaluatedItems", "beside a schema in place is not supported");
    into.object[all.contains("prefixItems") ? "additionalItems" : "items"] = std::move(done);
    return success();
  }

  static const std::map<std::string_view, step>& steps() {
    static const std::map<std::string_view, step> table{
        {"$schema", &lowering::dialect},
        {"$id", &lowering::id},
        {"$defs", &lowering::definitions},
        {"$ref", &lowering::ref},
        {"type", &lowering::type},
        {"enum", &lowering::enumeration},
        {"multipleOf", &lowering::multiple_of},
        {"pattern", &lowering::pattern},
        {"allOf", &lowering::all_of},
        {"anyOf", &lowering::any_of},
        {"oneOf", &lowering::one_of},
        {"not", &lowering::negation},
        {"if", &lowering::condition},
        {"then", &lowering::branch<true>},
        {"else", &lowering::branch<false>},
        {"properties", &lowering::properties},
        {"patternProperties", &lowering::pattern_properties},
        {"additionalProperties", &lowering::additional_properties},
        {"propertyNames", &lowering::property_names},
        {"required", &lowering::required},
        {"dependentRequired", &lowering::dependent_required},
        {"dependentSchemas", &lowering::dependent_schemas},
        {"prefixItems", &lowering::prefix_items},
        {"items", &lowering::items},
        {"contains", &lowering::contains},
        {"minContains", &lowering::min_contains},
        {"maxContains", &lowering::max_contains},
        {"uniqueItems", &lowering::unique_items},
        {"unevaluatedProperties", &lowering::unevaluated_properties},
        {"unevaluatedItems", &lowering::unevaluated_items}};
    return table;
  }

  const json::value& root_;
  std::map<std::pair<std::string, bool>, std::string> names_;
  std::deque<owed_definition> owed_;
  std::map<std::string, std::set<std::string>> jumps_;
  bool unique_items_ = false;
};

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
  constexpr std::string_view too_big = "is beyond ±2^53, where JSON numbers stop being exact: write a text";
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
