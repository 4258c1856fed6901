#include "events/base/yaml.hpp"

#include <gtest/gtest.h>

namespace ash::yaml {
namespace {

std::string refusal(const std::string& text, const limits& bounds = {}) {
  const auto made = parse(text, "f.yaml", errc::definition_invalid, bounds);
  if (made)
    return "accepted";
  EXPECT_EQ(made.error().code, errc::definition_invalid);
  return made.error().message;
}

std::string as_json(const std::string& text) {
  return to_json_text(to_json(parse(text, "f.yaml").value().root));
}

TEST(yaml, gives_positions_from_1) {
  const auto made = parse("a: 1\nb:\n  - x\n  - {c: \"q\"}\n", "f.yaml").value();
  const auto* list = made.root.find("b");
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].line, 3);
  EXPECT_EQ(list->items[0].column, 5);
  EXPECT_EQ(made.root.entries[1].line, 2);
  EXPECT_EQ(made.root.entries[1].column, 1);
  EXPECT_TRUE(list->items[1].find("c")->quoted);
  EXPECT_EQ(list->items[1].find("none"), nullptr);
}

TEST(yaml, types_plain_scalars_as_json_does_and_leaves_the_rest_as_text) {
  EXPECT_EQ(as_json("[1, -2, 1.5, 1e3, true, false, null, ~, x]"),
            R"([1,-2,1.5E0,1E3,true,false,null,null,"x"])");
  EXPECT_EQ(as_json("[\"1\", 'true', 007, 0x1F, 1_000, .5, yes, True, 2026-11-21]"),
            R"(["1","true","007","0x1F","1_000",".5","yes","True","2026-11-21"])");
  EXPECT_EQ(as_json("t: |\n  1\n  2\nf: >\n  a\n  b\n"), R"({"t":"1\n2\n","f":"a b\n"})");
  EXPECT_EQ(as_json(""), "null");
}

TEST(yaml, refuses_what_is_ambiguous_with_its_place) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: duplicate key 'a'");
  EXPECT_EQ(refusal("a: &x 1\nb: *x\n"), "f.yaml:1:4: anchors are not accepted");
  EXPECT_EQ(refusal("b: !!int 1\n").substr(0, 35), "f.yaml:1:4: tags are not accepted: ");
  EXPECT_EQ(refusal("<<: {a: 1}\n"), "f.yaml:1:1: merge keys are not accepted");
  EXPECT_EQ(refusal("? [a]\n: 1\n"), "f.yaml:1:3: a key must be plain text");
  EXPECT_EQ(refusal("~: 1\n"), "f.yaml:1:1: a key must be plain text");
  EXPECT_TRUE(refusal("a: 1\n---\nb: 2\n").ends_with("more than one document in a file"));
  EXPECT_TRUE(refusal("a: [1\nb: 2").starts_with("f.yaml:2:"));
}

TEST(yaml, refuses_bytes_that_are_no_text) {
  EXPECT_EQ(refusal("a: x\nb: \xFF\n"), "f.yaml:2:4: not valid UTF-8");
  EXPECT_EQ(refusal(std::string{"a: x\0", 5}), "f.yaml:1:5: a control character");
}

TEST(yaml, refuses_what_is_beyond_its_bounds) {
  EXPECT_EQ(refusal("a: 1234567890", {.max_bytes = 8}), "f.yaml:1:1: larger than 8 bytes");
  EXPECT_EQ(refusal("[[[1]]]", {.max_depth = 2}), "f.yaml:1:3: nested deeper than 2 levels");
  EXPECT_EQ(refusal("[1, 2, 3]", {.max_nodes = 3}), "f.yaml:1:8: more than 3 values");
  EXPECT_NE(refusal(std::string(100'000, '[')), "accepted");
}

TEST(yaml, reads_fields_by_name) {
  const auto made = parse("name: n\ncount: 3\nratio: 0.5\non: true\ncap: 0.25\ntags: [a, b]\n"
                          "inner: {x: 1}\nlist: [{x: 2}]\nmode: fast\n",
                          "f.yaml")
                        .value();
  reading in{made};
  object_reader top{in, made.root};
  EXPECT_EQ(top.text("name"), "n");
  EXPECT_EQ(top.integer("count", {1, 5}), 3);
  EXPECT_EQ(top.number_if("ratio", 0, 1), 0.5);
  EXPECT_EQ(top.boolean_if("on"), true);
  EXPECT_EQ(top.money("cap"), usd{250'000'000'000});
  EXPECT_EQ(top.texts_if("tags"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(top.object("inner").integer("x"), 1);
  EXPECT_EQ(top.objects("list").at(0).integer("x"), 2);
  EXPECT_EQ(top.one_of("mode", {"slow", "fast"}), 1u);
  EXPECT_EQ(top.text_if("absent"), std::nullopt);
  EXPECT_TRUE(top.named_objects_if("absent").empty());
  top.finish();
  EXPECT_TRUE(in.outcome());
}

/// The first error of reading `text` as {name, list: [{n}]}.
error error_of(const std::string& text) {
  const auto made = parse(text, "f.yaml").value();
  reading in{made};
  object_reader top{in, made.root};
  top.text("name");
  for (auto& each : top.objects_if("list")) {
    each.integer("n", {1, 9});
    each.finish();
  }
  top.finish();
  return in.outcome().error();
}

TEST(yaml, names_the_place_and_the_field_of_a_mistake) {
  EXPECT_EQ(error_of("name: x\nlist:\n  - n: 1\n  - n: ten\n").message,
            "f.yaml:4:8: field 'list[1].n': expected an integer from 1 to 9, found 'ten'");
  EXPECT_EQ(error_of("name: [x]").message, "f.yaml:1:7: field 'name': expected text, found a list");
  EXPECT_EQ(error_of("name:\n").message, "f.yaml:2:1: field 'name': expected text, found nothing");
  EXPECT_EQ(error_of("name: x\nlist: [7]").message,
            "f.yaml:2:8: field 'list[0]': expected a mapping, found text");
  EXPECT_EQ(error_of("list: []").message, "f.yaml:1:1: field 'name': a required field is missing");
}

TEST(yaml, prefers_an_unknown_field_to_the_missing_one_that_it_may_be) {
  const auto why = error_of("nmae: x");
  EXPECT_EQ(why.code, errc::unknown_field);
  EXPECT_EQ(why.message, "f.yaml:1:1: field 'nmae': unknown field; known here: name, list");
  EXPECT_EQ(why.details,
            (std::vector<std::pair<std::string, std::string>>{
                {"file", "f.yaml"}, {"line", "1"}, {"column", "1"}, {"field", "nmae"}}));
}

TEST(yaml, bounds_and_cleans_what_it_quotes) {
  const auto why = error_of("name: x\nlist: [{n: \"\\e[31m" + std::string(500, 'y') + "\"}]");
  EXPECT_LT(why.message.size(), 250u);
  EXPECT_EQ(why.message.find('\x1B'), std::string::npos);
}

} // namespace
} // namespace ash::yaml
