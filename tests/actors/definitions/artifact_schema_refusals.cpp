// What is refused when a schema is loaded, and how it is named.
#include "actors/definitions/artifact_schema.hpp"

#include <algorithm>
#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::HasSubstr;

std::string detail(const error& e, std::string_view name) {
  for (const auto& [key, value] : e.details)
    if (key == name)
      return value;
  return "-";
}

/// `code keyword pointer`.
std::string refusal(std::string_view schema) {
  const auto compiled = artifact_schema::compile(schema, "dev/x@1");
  if (compiled)
    return "accepted";
  const auto& e = compiled.error();
  return std::string{to_string(e.code)} + ' ' + detail(e, "keyword") + ' ' + detail(e, "pointer");
}

TEST(artifact_schema, refuses_what_cannot_be_lowered_naming_keyword_and_pointer) {
  const auto unsupported =
      [](std::string_view schema, std::string_view keyword, std::string_view pointer) {
        EXPECT_EQ(refusal(schema),
                  "schema_unsupported " + std::string{keyword} + ' ' + std::string{pointer})
            << schema;
      };
  unsupported(R"({"properties":{"a/b":{"maxContains":2,"contains":{}}}})",
              "maxContains",
              "/properties/a~1b/maxContains");
  unsupported(R"({"contains":{},"minContains":2})", "minContains", "/minContains");
  unsupported(R"({"$ref":"#/$defs/a","unevaluatedProperties":false,"$defs":{"a":{}}})",
              "unevaluatedProperties",
              "/unevaluatedProperties");
  unsupported(
      R"({"contains":{},"unevaluatedItems":false})", "unevaluatedItems", "/unevaluatedItems");
  unsupported(R"({"$dynamicRef":"#a"})", "$dynamicRef", "/$dynamicRef");
  unsupported(R"({"$defs":{"a":{"$anchor":"x"}}})", "$anchor", "/$defs/a/$anchor");
  unsupported(R"({"$ref":"https://example.com/s.json"})", "$ref", "/$ref");
  unsupported(R"({"$ref":"other.json#/a"})", "$ref", "/$ref");
  unsupported(R"({"$ref":"#anchor"})", "$ref", "/$ref");
  unsupported(R"({"items":{"$id":"x"}})", "$id", "/items/$id");
  unsupported(R"({"$schema":"http://json-schema.org/draft-07/schema#"})", "$schema", "/$schema");
  unsupported(R"({"items":[{}]})", "items", "/items");
  unsupported(R"({"additionalItems":false})", "additionalItems", "/additionalItems");
  unsupported(R"({"dependencies":{}})", "dependencies", "/dependencies");
  unsupported(R"({"requierd":["a"]})", "requierd", "/requierd");
  unsupported(R"({"multipleOf":0.01})", "multipleOf", "/multipleOf");
  unsupported(
      R"({"not":{"properties":{"a":{"pattern":"x"}}}})", "pattern", "/not/properties/a/pattern");
  unsupported(R"({"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"pattern":"x"}}})",
              "pattern",
              "/$defs/a/pattern");
}

TEST(artifact_schema, refuses_references_that_would_never_end) {
  EXPECT_EQ(refusal(R"({"$ref":"#"})"), "schema_unsupported $ref ");
  EXPECT_EQ(
      refusal(
          R"({"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},true]},"b":{"not":{"$ref":"#/$defs/a"}}},
                        "properties":{"x":{"$ref":"#/$defs/a"}}})")
          .substr(0, 23),
      "schema_unsupported $ref");
  EXPECT_EQ(refusal(R"({"allOf":[{"properties":{"x":{"$ref":"#"}}}]})"), "accepted");
}

TEST(artifact_schema, refuses_a_keyword_whose_value_has_the_wrong_type) {
  const auto wrong = [](std::string_view schema, std::string_view keyword) {
    EXPECT_THAT(refusal(schema), HasSubstr("definition_invalid " + std::string{keyword} + " /"))
        << schema;
  };
  wrong(R"({"type":"text"})", "type");
  wrong(R"({"type":[]})", "type");
  wrong(R"({"type":["string","string"]})", "type");
  wrong(R"({"minLength":-1})", "minLength");
  wrong(R"({"minLength":1.5})", "minLength");
  wrong(R"({"maximum":"3"})", "maximum");
  wrong(R"({"required":"a"})", "required");
  wrong(R"({"required":["a","a"]})", "required");
  wrong(R"({"enum":[]})", "enum");
  wrong(R"({"enum":1})", "enum");
  wrong(R"({"allOf":[]})", "allOf");
  wrong(R"({"prefixItems":[]})", "prefixItems");
  wrong(R"({"properties":[]})", "properties");
  wrong(R"({"multipleOf":0})", "multipleOf");
  wrong(R"({"uniqueItems":1})", "uniqueItems");
  wrong(R"({"title":1})", "title");
  wrong(R"({"dependentRequired":{"a":"b"}})", "dependentRequired");
  wrong(R"({"$ref":1})", "$ref");
  wrong(R"({"$ref":"#/$defs/absent"})", "$ref");
  wrong(R"({"pattern":1})", "pattern");
  EXPECT_THAT(refusal(R"({"properties":{"a":1}})"), HasSubstr("definition_invalid  /properties/a"));
  EXPECT_THAT(refusal("[]"), HasSubstr("definition_invalid"));
  EXPECT_THAT(refusal("{"), HasSubstr("definition_invalid"));
}

TEST(artifact_schema, refuses_patterns_that_are_slow_or_not_exact) {
  const auto why = [](std::string_view pattern) {
    const auto compiled =
        artifact_schema::compile(R"({"pattern":")" + std::string{pattern} + "\"}", "s");
    return compiled ? "accepted" : compiled.error().message;
  };
  for (const auto* pattern : {"(a+)+",
                              "(a*)*b",
                              "(a|b)*",
                              "((a+)b){5}",
                              "(x{2,})+",
                              "^((a|a))*$",
                              "^(a|aa){1,60}$",
                              "^(a|aa){60}$",
                              "^(a?){60}$",
                              "^(aa?)*$",
                              "^(a{1,2})*$"})
    EXPECT_THAT(why(pattern), HasSubstr("exponential")) << pattern;
  const auto times = [](int count, std::string_view part) {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += part;
    return out;
  };
  for (const auto& pattern : {times(4, "a*"),
                              times(5, "[a-z]{0,99}"),
                              times(25, "a?") + times(25, "a"),
                              times(25, "(a|a)"),
                              times(2, "a*") + times(9, "a?")})
    EXPECT_THAT(why("^" + pattern + "$"), HasSubstr("too many ways")) << pattern;
  EXPECT_THAT(why("a*a*a*"), HasSubstr("too many ways"));
  EXPECT_THAT(why("^|a*a*a*"), HasSubstr("too many ways"));
  EXPECT_THAT(why("^a+{20}$"), HasSubstr("repeats a repetition"));
  EXPECT_THAT(why("^a?{20}$"), HasSubstr("repeats a repetition"));
  EXPECT_THAT(why("a{1000}"), HasSubstr("counts beyond 256"));
  EXPECT_THAT(why("^.{3}$"), HasSubstr("bytes"));
  EXPECT_THAT(why("^.$"), HasSubstr("one byte"));
  EXPECT_THAT(why("a[^b]"), HasSubstr("one byte"));
  EXPECT_THAT(why("\\\\W$"), HasSubstr("one byte"));
  EXPECT_THAT(why("[\\\\W\\\\d]$"), HasSubstr("one byte"));
  EXPECT_THAT(why("^\\\\s$"), HasSubstr("white space"));
  EXPECT_THAT(why("^[\\\\S-]+$"), HasSubstr("white space"));
  EXPECT_THAT(why("[^](a+)+b]*"), HasSubstr("empty bracket"));
  EXPECT_THAT(why("[]"), HasSubstr("empty bracket"));
  EXPECT_THAT(why("ä"), HasSubstr("printable ASCII"));
  EXPECT_THAT(why("\\\\p{L}"), HasSubstr("escape"));
  EXPECT_THAT(why("(a)\\\\1"), HasSubstr("back-reference"));
  EXPECT_THAT(why("(?<=a)b"), HasSubstr("lookaround"));
  EXPECT_THAT(why("(a"), HasSubstr("not a regular expression"));
  EXPECT_THAT(why(std::string(300, 'a')), HasSubstr("longer than 256"));
  for (const auto* pattern : {"^[a-z0-9][a-z0-9-]*$",
                              "^(a|b)$",
                              "(foo|bar)?",
                              "^[^/]+/.*$",
                              "(ab)+",
                              "^\\\\d{4}-\\\\d{2}$",
                              "^[a-z]{1,64}(@[0-9]{1,9}(-(rc|beta)[0-9]+)?)?$",
                              "^(low|medium|high|critical)$",
                              "^a*b*c*$",
                              "a+?"})
    EXPECT_EQ(why(pattern), "accepted") << pattern;
}

TEST(artifact_schema, refuses_numbers_and_texts_that_are_not_exact) {
  EXPECT_THAT(refusal(R"({"maximum":18446744073709551615})"),
              HasSubstr("schema_unsupported - /maximum"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{"const":1e300}}})"),
              HasSubstr("schema_unsupported - /properties/a/const"));
  EXPECT_THAT(refusal(R"({"const":"a\u0000"})"), HasSubstr("schema_unsupported - /const"));
}

TEST(artifact_schema, says_which_schema_and_where_in_its_message) {
  const auto compiled = artifact_schema::compile(R"({"items":{"$anchor":"a"}})", "shipped:x.json");
  EXPECT_EQ(compiled.error().message,
            "shipped:x.json: the schema at '#/items/$anchor': '$anchor' is not a keyword that is "
            "supported here; put the schema under '$defs' and refer to it there");
  const auto older = artifact_schema::compile(R"({"definitions":{}})", "x");
  EXPECT_THAT(older.error().message, HasSubstr("it is '$defs'"));
}

} // namespace
} // namespace ash::definitions
