// What a schema lets through and what it finds: a table for every keyword and every lowering.
#include "actors/definitions/artifact_schema.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<finding> check(std::string_view schema, std::string_view instance) {
  const auto compiled = artifact_schema::compile(schema, "s");
  if (!compiled)
    return {{"", "refused", to_string(compiled.error())}};
  return compiled.value()->validate(instance);
}

struct row {
  std::string_view schema;
  std::vector<std::string_view> valid;
  std::vector<std::string_view> invalid;
};

void expect(const std::vector<row>& rows) {
  for (const auto& each : rows) {
    const auto compiled = artifact_schema::compile(each.schema, "s");
    if (!compiled) {
      ADD_FAILURE() << each.schema << " was refused: " << to_string(compiled.error());
      continue;
    }
    for (const auto instance : each.valid)
      EXPECT_THAT(compiled.value()->validate(instance), IsEmpty())
          << each.schema << " on " << instance;
    for (const auto instance : each.invalid)
      EXPECT_FALSE(compiled.value()->validate(instance).empty())
          << each.schema << " on " << instance;
  }
}

TEST(artifact_schema, applies_types_and_takes_1_point_0_as_an_integer) {
  expect({
      {R"({"type":"integer"})", {"1", "1.0", "-0.0", "1e2"}, {"1.5", "\"1\"", "true", "null"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"\"1.5\"", "[]"}},
      {R"({"type":["string","null"]})", {"\"\"", "null"}, {"0", "false", "{}"}},
      {R"({"type":"boolean"})", {"true"}, {"0", "\"true\""}},
      {R"({"type":"object"})", {"{}"}, {"[]", "\"\""}},
      {R"({"type":"array"})", {"[]"}, {"{}", "\"\""}},
  });
}

TEST(artifact_schema, applies_const_and_enum_with_equal_numbers_equal) {
  expect({
      {R"({"const":1})", {"1", "1.0"}, {"2", "\"1\"", "true"}},
      {R"({"const":1.0})", {"1", "1.0"}, {"1.5"}},
      {R"({"const":{"a":[1,null]}})", {R"({"a":[1.0,null]})"}, {R"({"a":[1]})", "{}"}},
      {R"({"const":""})", {"\"\""}, {"null", "false", "[]", "{}", "0"}},
      {R"({"enum":[null,"a",0,[]]})",
       {"null", "\"a\"", "0.0", "[]"},
       {"\"\"", "false", "{}", "\"b\""}},
  });
}

TEST(artifact_schema, applies_bounds_to_values_of_their_type_only) {
  expect({
      {R"({"minimum":2,"maximum":3.5})", {"2", "3.5", "\"1\"", "null"}, {"1.9", "4"}},
      {R"({"exclusiveMinimum":2,"exclusiveMaximum":3})", {"2.5", "\"9\""}, {"2", "3"}},
      {R"({"maximum":9007199254740991})", {"9007199254740991"}, {"9007199254740992"}},
      {R"({"multipleOf":2})",
       {"4", "-6", "0", "\"3\"", "true", "null", "4.0"},
       {"3", "7.5", "0.5", "2.5"}},
      {R"({"multipleOf":1})", {"7", "7.0"}, {"7.5"}},
      {R"({"minLength":2,"maxLength":3})", {"\"äö\"", "\"€€€\"", "12345"}, {"\"a\"", "\"abcd\""}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "{}"}, {"[]", "[1,2,3]"}},
      {R"({"minProperties":1,"maxProperties":1})",
       {R"({"a":1})", "[]"},
       {"{}", R"({"a":1,"b":2})"}},
  });
}

TEST(artifact_schema, applies_patterns_unanchored_and_to_texts_only) {
  expect({
      {R"({"pattern":"^R[0-9]+$"})", {"\"R12\"", "5"}, {"\"r1\"", "\"R\"", "\"R1\\nx\"", "\"\""}},
      {R"({"pattern":"b"})", {"\"abc\""}, {"\"ac\""}},
      {R"({"pattern":"^a.*z$"})", {"\"a€z\""}, {"\"a€\""}},
  });
}

TEST(artifact_schema, bounds_the_texts_that_a_pattern_is_applied_to) {
  const std::string longest(512, 'a');
  EXPECT_THAT(check(R"({"pattern":"^a*$"})", '"' + longest + '"'), IsEmpty());
  EXPECT_FALSE(check(R"({"pattern":"^a*$"})", '"' + longest + "a\"").empty());
  EXPECT_THAT(check(R"({"properties":{"id":{"pattern":"^a+$"}}})",
                    R"({"id":"a","text":")" + std::string(100'000, 'x') + "\"}"),
              IsEmpty());
}

TEST(artifact_schema, applies_patterns_to_the_longest_texts_without_running_out_of_stack) {
  std::string longest = "\"";
  for (int i = 0; i < 512; ++i)
    longest += "\xF0\x9F\x98\x80";
  longest += '"';
  EXPECT_THAT(check(R"({"pattern":"^(?:[^a]+)?$"})", longest), IsEmpty());
  EXPECT_THAT(check(R"({"pattern":"^([^a]*b)?[^b]*$"})", longest), IsEmpty());
  EXPECT_EQ(check(R"({"pattern":"^.*x$"})", longest).size(), 1U);
}

TEST(artifact_schema, lowers_prefix_items_and_items) {
  expect({
      {R"({"prefixItems":[{"type":"integer"},{"type":"string"}]})",
       {"[]", "[1]", "[1,\"a\"]", "[1,\"a\",null]"},
       {"[\"a\"]", "[1,2]"}},
      {R"({"prefixItems":[{"type":"integer"}],"items":false})",
       {"[]", "[1]"},
       {"[1,2]", "[\"a\"]"}},
      {R"({"items":false,"prefixItems":[true]})", {"[]", "[1]"}, {"[1,2]"}},
      {R"({"prefixItems":[{}],"items":{"type":"string"}})", {"[1,\"a\"]", "{}"}, {"[1,2]"}},
      {R"({"items":{"type":"string"}})", {"[]", "[\"a\"]", "\"x\""}, {"[1]", "[\"a\",1]"}},
      {R"({"items":false})", {"[]", "{}"}, {"[1]"}},
      {R"({"items":true})", {"[]", "[1]"}, {}},
  });
}

TEST(artifact_schema, lowers_contains_with_the_bounds_that_are_exact) {
  expect({
      {R"({"contains":{"const":1}})", {"[2,1]", "{}"}, {"[]", "[2]"}},
      {R"({"contains":{"const":1},"minContains":1})", {"[1]"}, {"[]"}},
      {R"({"contains":{"const":1},"minContains":0})", {"[]", "[2]"}, {}},
      {R"({"minContains":5})", {"[]"}, {}},
      {R"({"uniqueItems":true})",
       {"[1,\"1\",true,null]", "[[1],[2]]"},
       {"[1,1.0]", "[{\"a\":1},{\"a\":1}]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
  });
}

TEST(artifact_schema, applies_properties_patterns_and_additional_properties) {
  expect({
      {R"({"properties":{"a":{"type":"string"},"b":false}})",
       {"{}", R"({"a":"x","c":1})", "[]"},
       {R"({"a":1})", R"({"b":1})"}},
      {R"({"patternProperties":{"^n_":{"type":"number"}},"additionalProperties":false})",
       {R"({"n_1":1})", "{}"},
       {R"({"n_1":"x"})", R"({"m":1})"}},
      {R"({"properties":{"a":{}},"additionalProperties":{"type":"string"}})",
       {R"({"a":1,"b":"x"})"},
       {R"({"b":1})"}},
      {R"({"required":["a","b"]})", {R"({"a":1,"b":2})", "[]", "\"a\""}, {"{}", R"({"a":1})"}},
      {R"({"required":[]})", {"{}"}, {}},
      {R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})", "{}", "[]"}, {R"({"abc":1})"}},
      {R"({"propertyNames":{"enum":["a"]}})", {R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"propertyNames":{"pattern":"^x"}})", {R"({"x1":1})"}, {R"({"y":1})"}},
      {R"({"propertyNames":false})", {"{}"}, {R"({"":1})"}},
      {R"({"properties":{"a/b":{"type":"string"},"a":{"properties":{"b":{"type":"number"}}},
          "a~1b":{"type":"null"}}})",
       {R"({"a/b":"x","a":{"b":1},"a~1b":null})"},
       {R"({"a/b":1})", R"({"a":{"b":"x"}})", R"({"a~1b":1})"}},
  });
}

TEST(artifact_schema, lowers_dependencies) {
  expect({
      {R"({"dependentRequired":{"a":["b","c"],"d":[]}})",
       {"{}", R"({"a":1,"b":1,"c":1})", R"({"d":1})", "[]"},
       {R"({"a":1,"b":1})"}},
      {R"({"dependentSchemas":{"a":{"required":["b"]},"n":false,"y":true}})",
       {"{}", R"({"a":1,"b":1})", R"({"y":1})"},
       {R"({"a":1})", R"({"n":1})"}},
      {R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"a":{"required":["c"]}}})",
       {R"({"a":1,"b":1,"c":1})"},
       {R"({"a":1,"b":1})", R"({"a":1,"c":1})"}},
  });
}

TEST(artifact_schema, applies_the_logical_keywords) {
  expect({
      {R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1", "2"}, {"0", "3"}},
      {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", {"\"a\"", "6", "null"}, {"1"}},
      {R"({"oneOf":[{"minimum":1},{"maximum":2}]})", {"0", "3"}, {"1", "2"}},
      {R"({"not":{"type":"string"}})", {"1"}, {"\"a\""}},
      {R"({"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}})",
       {"\"ab\"", "2", "null"},
       {"\"a\"", "1"}},
      {R"({"if":{"type":"string"},"else":false})", {"\"a\""}, {"1"}},
      {R"({"if":true,"then":{"const":1}})", {"1"}, {"2"}},
      {R"({"if":false,"then":false,"else":{"const":1}})", {"1"}, {"2"}},
      {R"({"then":false})", {"1"}, {}},
      {R"({"allOf":[true,true]})", {"1"}, {}},
      {R"({"anyOf":[false,{"const":1}]})", {"1"}, {"2"}},
      {"true", {"1", "null"}, {}},
      {"false", {}, {"1", "null"}},
      {"{}", {"1"}, {}},
  });
}

TEST(artifact_schema, follows_references_and_keeps_their_siblings) {
  expect({
      {R"({"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"minimum":2}}})", {"3"}, {"1", "6"}},
      {R"({"properties":{"x":{"$ref":"#/$defs/a","description":"d"}},
          "$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c/$defs/d"},
                   "c":{"$defs":{"d":{"type":"string"}}}}})",
       {R"({"x":"a"})"},
       {R"({"x":1})"}},
      {R"({"type":"object","additionalProperties":{"$ref":"#"}})",
       {"{}", R"({"a":{"b":{}}})"},
       {R"({"a":{"b":1}})", "1"}},
      {R"({"$defs":{"tree":{"type":"object","properties":{"kids":{"type":"array",
          "items":{"$ref":"#/$defs/tree"}}},"additionalProperties":false}},"$ref":"#/$defs/tree"})",
       {R"({"kids":[{"kids":[]},{}]})"},
       {R"({"kids":[{"kids":[1]}]})", R"({"kids":[{"x":1}]})"}},
      {R"({"$ref":"#/$defs/a~1b%25","$defs":{"a/b%":{"const":1}}})", {"1"}, {"2"}},
      {R"({"properties":{"a":{"const":1},"b":{"$ref":"#/properties/a"}}})",
       {R"({"b":1})"},
       {R"({"b":2})"}},
      {R"({"not":{"$ref":"#/$defs/s"},"$defs":{"s":{"type":"string"}}})", {"1"}, {"\"a\""}},
      {R"({"properties":{"$ref":{"type":"string"}}})", {R"({"$ref":"x"})"}, {R"({"$ref":1})"}},
      {R"({"$defs":{"t":true,"f":false},"anyOf":[{"$ref":"#/$defs/f"},{"$ref":"#/$defs/t"}]})",
       {"1"},
       {}},
  });
}

TEST(artifact_schema, lowers_unevaluated_where_nothing_applies_in_place) {
  expect({
      {R"({"properties":{"a":{}},"unevaluatedProperties":false})", {R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"prefixItems":[{}],"unevaluatedItems":false})", {"[1]"}, {"[1,2]"}},
      {R"({"unevaluatedItems":false,"prefixItems":[{}]})", {"[1]"}, {"[1,2]"}},
      {R"({"items":{"type":"string"},"unevaluatedItems":false})", {"[\"a\"]"}, {"[1]"}},
      {R"({"additionalProperties":true,"unevaluatedProperties":false})", {R"({"a":1})"}, {}},
      {R"({"anyOf":[{}],"unevaluatedProperties":true})", {R"({"a":1})"}, {}},
  });
}

TEST(artifact_schema, ignores_annotations) {
  expect({{R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://x.example/s",
             "title":"t","description":"d","$comment":"c","default":1,"examples":[1],
             "deprecated":true,"readOnly":true,"writeOnly":false,"format":"date",
             "contentMediaType":"a/b","x-mine":{"a":1}})",
           {"1", "\"no date\""},
           {}}});
}

TEST(artifact_schema, says_where_and_by_which_keyword_an_instance_fails) {
  const auto schema = R"({"type":"object","required":["id"],"additionalProperties":false,
      "properties":{"id":{"type":"string"},"kind":{"enum":["a","b"]},
                    "list":{"type":"array","items":{"type":"object","required":["x"],
                            "properties":{"x":{"minimum":3}}}}}})";
  const auto found = check(schema, R"({"kind":"c","list":[{"x":5},{"x":1},{}],"extra":1,"a/b":2})");
  EXPECT_THAT(
      found,
      Contains(finding{"/kind", "enum", "is none of the values that are allowed: it is \"c\""}));
  EXPECT_THAT(found, Contains(finding{"", "required", "Missing required property 'id'"}));
  EXPECT_THAT(found, Contains(finding{"/list/2", "required", "Missing required property 'x'"}));
  EXPECT_THAT(found, Contains(finding{"/extra", "false", "this is not allowed here"}));
  EXPECT_THAT(found, Contains(finding{"/a~1b", "false", "this is not allowed here"}));
  EXPECT_THAT(found, Contains(testing::Field(&finding::path, "/list/1/x")));
  EXPECT_EQ(found.size(), 6U);
}

TEST(artifact_schema, names_the_keyword_of_every_kind_of_failure) {
  const auto keyword = [](std::string_view schema, std::string_view instance) {
    const auto found = check(schema, instance);
    return found.empty() ? std::string{} : found.back().keyword;
  };
  EXPECT_EQ(keyword(R"({"type":"string"})", "1"), "type");
  EXPECT_EQ(keyword(R"({"const":1})", "2"), "const");
  EXPECT_EQ(keyword(R"({"pattern":"a"})", "\"b\""), "pattern");
  EXPECT_EQ(keyword(R"({"multipleOf":2})", "3"), "multipleOf");
  EXPECT_EQ(keyword(R"({"maximum":2})", "3"), "maximum");
  EXPECT_EQ(keyword(R"({"exclusiveMaximum":2})", "3"), "exclusiveMaximum");
  EXPECT_EQ(keyword(R"({"minimum":2})", "1"), "minimum");
  EXPECT_EQ(keyword(R"({"exclusiveMinimum":2})", "1"), "exclusiveMinimum");
  EXPECT_EQ(keyword(R"({"contains":{"const":2}})", "[]"), "contains");
  EXPECT_EQ(keyword(R"({"uniqueItems":true})", "[1,1]"), "uniqueItems");
  EXPECT_EQ(keyword(R"({"not":{}})", "1"), "not");
  EXPECT_EQ(keyword(R"({"anyOf":[{"const":1}]})", "2"), "anyOf");
  EXPECT_EQ(keyword(R"({"oneOf":[{"const":1}]})", "2"), "oneOf");
  EXPECT_EQ(keyword(R"({"oneOf":[{},{}]})", "2"), "oneOf");
  EXPECT_EQ(keyword(R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})"), "propertyNames");
  EXPECT_EQ(keyword(R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})"), "dependentRequired");
  EXPECT_EQ(keyword(R"({"allOf":[{"minLength":2}]})", "\"a\""), "minLength");
  EXPECT_EQ(keyword(R"({"maxItems":0})", "[1]"), "maxItems");
}

TEST(artifact_schema, reports_an_instance_that_is_no_json_or_beyond_its_bounds_as_a_finding) {
  const auto message = [](std::string_view instance) {
    const auto found = check(R"({"uniqueItems":true})", instance);
    return found.size() == 1 ? found[0].message : "";
  };
  EXPECT_THAT(message("{\"a\":"), HasSubstr("not JSON"));
  EXPECT_THAT(message("```json\n{}\n```"), HasSubstr("not JSON"));
  EXPECT_THAT(message(R"({"a":1,"a":2})"), HasSubstr("the key 'a' twice"));
  EXPECT_THAT(message("\"\xff\""), HasSubstr("UTF-8"));
  EXPECT_THAT(message("18446744073709551615"), HasSubstr("2^53"));
  EXPECT_THAT(message("1e300"), HasSubstr("2^53"));
  EXPECT_THAT(message(R"("a\u0000b")"), HasSubstr("U+0000"));
  EXPECT_THAT(message(std::string(100, '[') + std::string(100, ']')), HasSubstr("not JSON"));
  EXPECT_THAT(message('"' + std::string(max_artifact_bytes, 'a') + '"'), HasSubstr("larger than"));
  std::string many = "[0";
  for (int i = 1; i <= 2'000; ++i)
    many += ',' + std::to_string(i);
  EXPECT_THAT(message(many + ']'), HasSubstr("more than 2000 items"));
}

TEST(artifact_schema, judges_no_line_end_of_unicode_by_a_dot) {
  const auto keyword = [](std::string_view schema, std::string_view instance) {
    const auto found = check(schema, instance);
    return found.empty() ? std::string{} : found.front().keyword;
  };
  EXPECT_EQ(keyword(R"({"pattern":"^.*$"})", R"("a\u2028b")"), "json");
  EXPECT_EQ(keyword(R"({"patternProperties":{"a.*b":{"type":"null"}}})", R"({"a\u2029b":1})"),
            "json");
  EXPECT_EQ(keyword(R"({"pattern":"^a[^x]*b$"})", R"("a\u2028b")"), "");
  EXPECT_EQ(keyword(R"({"pattern":"\\."})", R"("\u2028.")"), "");
  EXPECT_EQ(keyword(R"({"pattern":"^.*$"})", R"("a\nb")"), "pattern");
}

TEST(artifact_schema, gives_at_most_fifty_findings) {
  std::string many = "[0";
  for (int i = 1; i < 500; ++i)
    many += ",0";
  EXPECT_EQ(check(R"({"items":{"type":"string"}})", many + ']').size(), max_findings);
}

TEST(artifact_schema, keeps_its_text_and_a_hash_that_spelling_does_not_change) {
  const auto a = artifact_schema::compile(R"({"type": "string", "minLength": 1})", "a").value();
  const auto b = artifact_schema::compile(R"({"minLength":1,"type":"string"})", "b").value();
  EXPECT_EQ(a->text(), R"({"type": "string", "minLength": 1})");
  EXPECT_EQ(a->hash(), b->hash());
}

} // namespace
} // namespace ash::definitions
