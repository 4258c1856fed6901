#include "actors/definitions/lowering.hpp"

namespace ash::definitions {

result<json::array> lowering::schemas(std::string_view keyword,
                                      const json::value& value,
                                      const place& where,
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

result<>
lowering::all_of(const json::value& value, const place& where, const json::object&, lowered& into) {
  TRY(auto done, schemas("allOf", value, where, enter_below));
  into.besides.insert(into.besides.end(), done.begin(), done.end());
  return success();
}

result<>
lowering::any_of(const json::value& value, const place& where, const json::object&, lowered& into) {
  TRY(auto done, schemas("anyOf", value, where, enter_below));
  into.object["anyOf"] = std::move(done);
  return success();
}

result<>
lowering::one_of(const json::value& value, const place& where, const json::object&, lowered& into) {
  TRY(auto done, schemas("oneOf", value, where, enter_refuted));
  into.object["oneOf"] = std::move(done);
  return success();
}

result<> lowering::negation(const json::value& value,
                            const place& where,
                            const json::object&,
                            lowered& into) {
  TRY(auto done, schema(value, where.refuted("not")));
  into.object["not"] = std::move(done);
  return success();
}

result<> lowering::condition(const json::value& value,
                             const place& where,
                             const json::object&,
                             lowered& into) {
  TRY(auto done, schema(value, where.refuted("if")));
  into.object["if"] = std::move(done);
  return success();
}

result<json::object>
lowering::mapping(std::string_view keyword, const json::value& value, const place& where) {
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

result<> lowering::properties(const json::value& value,
                              const place& where,
                              const json::object&,
                              lowered& into) {
  TRY(auto done, mapping("properties", value, where));
  into.object["properties"] = std::move(done);
  return success();
}

result<> lowering::pattern_properties(const json::value& value,
                                      const place& where,
                                      const json::object&,
                                      lowered& into) {
  TRY(auto done, mapping("patternProperties", value, where));
  for (const auto& pair : done) {
    if (const auto why = pattern_problem(std::string{pair.key()}); !why.empty())
      return unsupported(where.below("patternProperties"), pair.key(), why);
    dots_ |= has_dot(pair.key());
  }
  into.object["patternProperties"] = std::move(done);
  return success();
}

result<> lowering::additional_properties(const json::value& value,
                                         const place& where,
                                         const json::object&,
                                         lowered& into) {
  TRY(auto done, schema(value, where.inside("additionalProperties")));
  into.object["additionalProperties"] = std::move(done);
  return success();
}

result<> lowering::property_names(const json::value& value,
                                  const place& where,
                                  const json::object&,
                                  lowered& into) {
  TRY(auto done, schema(value, where.inside("propertyNames")));
  into.besides.push_back(json::object{
      {"allOf", json::array{json::value(true), json::object{{"propertyNames", std::move(done)}}}}});
  return success();
}

bool lowering::are_names(const json::value& value) {
  std::set<std::string_view> seen;
  const auto fresh = [&](const json::value& each) {
    const auto* text = each.if_string();
    return text && seen.insert({text->data(), text->size()}).second;
  };
  return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(), fresh);
}

result<> lowering::required(const json::value& value,
                            const place& where,
                            const json::object&,
                            lowered& into) {
  if (!are_names(value))
    return wrong(where, "required", "a list of different texts");
  if (!value.get_array().empty())
    into.object["required"] = value;
  return success();
}

result<> lowering::dependent_required(const json::value& value,
                                      const place& where,
                                      const json::object&,
                                      lowered& into) {
  const auto* object = value.if_object();
  if (!object || !std::all_of(object->begin(), object->end(), [](const auto& pair) {
        return are_names(pair.value());
      }))
    return wrong(where, "dependentRequired", "a mapping to lists of different texts");
  into.besides.push_back(json::object{{"dependencies", value}});
  return success();
}

result<> lowering::dependent_schemas(const json::value& value,
                                     const place& where,
                                     const json::object&,
                                     lowered& into) {
  TRY(auto done, mapping("dependentSchemas", value, where));
  into.object["dependencies"] = std::move(done);
  return success();
}

result<> lowering::prefix_items(const json::value& value,
                                const place& where,
                                const json::object& all,
                                lowered& into) {
  TRY(auto done, schemas("prefixItems", value, where, enter_inside));
  into.object["items"] = std::move(done);
  if (!all.contains("items") && !into.object.contains("additionalItems"))
    into.object["additionalItems"] = json::object{};
  return success();
}

result<> lowering::items(const json::value& value,
                         const place& where,
                         const json::object& all,
                         lowered& into) {
  if (value.is_array())
    return unsupported(where, "items", "is a list: that is 'prefixItems' in 2020-12");
  TRY(auto done, schema(value, where.inside("items")));
  into.object[all.contains("prefixItems") ? "additionalItems" : "items"] = std::move(done);
  return success();
}

result<> lowering::contains(const json::value& value,
                            const place& where,
                            const json::object& all,
                            lowered& into) {
  TRY(auto done, schema(value, where.inside("contains")));
  const auto* least = all.if_contains("minContains");
  if (!least || *least != 0)
    into.object["contains"] = std::move(done);
  return success();
}

result<> lowering::min_contains(const json::value& value,
                                const place& where,
                                const json::object& all,
                                lowered&) {
  if (!value.is_int64() || value.get_int64() < 0)
    return wrong(where, "minContains", "an integer of 0 or more");
  if (value.get_int64() > 1 && all.contains("contains"))
    return unsupported(where, "minContains", "is supported as 0 or 1 only");
  return success();
}

result<> lowering::max_contains(const json::value& value,
                                const place& where,
                                const json::object& all,
                                lowered&) {
  if (!value.is_int64() || value.get_int64() < 0)
    return wrong(where, "maxContains", "an integer of 0 or more");
  if (all.contains("contains"))
    return unsupported(where, "maxContains", "is not supported: 'maxItems' bounds all of them");
  return success();
}

result<> lowering::unique_items(const json::value& value,
                                const place& where,
                                const json::object&,
                                lowered& into) {
  if (!value.is_bool())
    return wrong(where, "uniqueItems", "true or false");
  unique_items_ |= value.get_bool();
  if (value.get_bool())
    into.object["uniqueItems"] = true;
  return success();
}

bool lowering::has_any(const json::object& all, std::initializer_list<std::string_view> keywords) {
  return std::any_of(
      keywords.begin(), keywords.end(), [&](std::string_view each) { return all.contains(each); });
}

bool lowering::applies_in_place(const json::object& all) {
  return has_any(
      all, {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"});
}

bool lowering::allows_all(const json::value& value) {
  return (value.is_bool() && value.get_bool()) || (value.is_object() && value.get_object().empty());
}

result<> lowering::unevaluated_properties(const json::value& value,
                                          const place& where,
                                          const json::object& all,
                                          lowered& into) {
  TRY(auto done, schema(value, where.inside("unevaluatedProperties")));
  if (allows_all(value) || all.contains("additionalProperties"))
    return success();
  if (applies_in_place(all))
    return unsupported(where, "unevaluatedProperties", "beside a schema in place is not supported");
  into.object["additionalProperties"] = std::move(done);
  return success();
}

result<> lowering::unevaluated_items(const json::value& value,
                                     const place& where,
                                     const json::object& all,
                                     lowered& into) {
  TRY(auto done, schema(value, where.inside("unevaluatedItems")));
  if (allows_all(value) || all.contains("items"))
    return success();
  if (applies_in_place(all) || all.contains("contains"))
    return unsupported(where, "unevaluatedItems", "beside a schema in place is not supported");
  into.object[all.contains("prefixItems") ? "additionalItems" : "items"] = std::move(done);
  return success();
}

const std::map<std::string_view, lowering::step>& lowering::steps() {
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

} // namespace ash::definitions
