// Graphs of phases, their conditions, and artifacts that are no JSON.
#include "actors/definitions/condition.hpp"
#include "actors/definitions/markdown_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::definitions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string workflow_text(const std::string& phases) {
  return "name: w\nversion: 1\nroles: [{name: r}]\nphases:\n" + phases;
}
result<workflow> parsed(const std::string& phases) {
  return parse_workflow(workflow_text(phases), "w.yaml");
}
std::string problem(const std::string& phases) {
  const auto read = parsed(phases);
  return read ? "" : read.error().message;
}

constexpr auto first_phase =
    "  - {key: a, role: r, artifact: {path: a.json, schema: dev/spec@1}}\n";

TEST(graph, reads_needs_conditions_retries_and_limits) {
  const auto read = parsed(std::string{first_phase} + R"(
  - key: b
    role: r
    needs: [a]
    when: {phase: a, path: /verdict, equals: reject}
    retries: 2
    time_limit_s: 60
    approval: true
    approval_time_limit_s: 30
    on_approval_time_limit: abort
    artifact: {path: b.md, kind: markdown, headings: [Plan, Risks]}
)");
  ASSERT_TRUE(read) << read.error().message;
  const auto& b = read.value().phases[1];
  EXPECT_THAT(b.needs, ElementsAre("a"));
  EXPECT_EQ(*b.when, (condition{"a", "/verdict", comparison::equals, R"("reject")"}));
  EXPECT_EQ(b.retries, 2);
  EXPECT_EQ(b.on_approval_time_limit, unanswered::abort);
  EXPECT_EQ(b.artifact.kind, artifact_kind::markdown);
  EXPECT_TRUE(is_graph(read.value()));
  const auto again = workflow_from_json(canonical(read.value()));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value(), read.value());
}

TEST(graph, says_where_a_graph_is_wrong) {
  const auto second = [](const std::string& more) {
    return std::string{first_phase} + "  - {key: b, role: r, " + more +
           ", artifact: {path: b.json, schema: dev/spec@1}}\n";
  };
  EXPECT_THAT(problem(second("needs: [b]")), HasSubstr("there is no phase 'b' before this one"));
  EXPECT_THAT(problem(second("when: {phase: c, exists: true}")),
              HasSubstr("there is no phase 'c' before this one"));
  EXPECT_THAT(problem(second("when: {phase: a}")), HasSubstr("needs one of equals"));
  EXPECT_THAT(problem(second("when: {phase: a, equals: 1, exists: true}")),
              HasSubstr("needs one of equals"));
  EXPECT_THAT(problem(second("when: {phase: a, path: x, equals: 1}")), HasSubstr("JSON pointer"));
  EXPECT_THAT(problem(second("needs: [a]") +
                      "  - {key: c, role: r, when: {phase: b, exists: true}, artifact: {path: c, "
                      "kind: patch}}\n"),
              HasSubstr("add it to 'needs'"));
  EXPECT_THAT(problem(second("approval_time_limit_s: 5")), HasSubstr("'approval' is not true"));
  EXPECT_THAT(problem("  - {key: a, role: r, artifact: {path: a, kind: command}}\n"),
              HasSubstr("command"));
}

// -- conditions -----------------------------------------------------------------------------------

/// A workflow whose second phase has this condition.
std::string with_condition(const std::string& when) {
  return std::string{first_phase} + "  - {key: b, role: r, when: " + when +
         ", artifact: {path: b.json, schema: dev/spec@1}}\n";
}

/// As a run has it: read from the file, stored, and read again.
std::optional<condition> kept(const std::string& when) {
  const auto read = parsed(with_condition(when));
  if (!read) {
    ADD_FAILURE() << when << ": " << read.error().message;
    return std::nullopt;
  }
  const auto again = workflow_from_json(canonical(read.value()));
  if (!again) {
    ADD_FAILURE() << when << ": " << again.error().message;
    return std::nullopt;
  }
  EXPECT_EQ(again.value(), read.value()) << when;
  return again.value().phases[1].when;
}

TEST(condition, reads_the_whole_artifact_where_it_has_no_path) {
  const condition whole{"a", "", comparison::contains, R"("Note")"};
  for (const auto* path : {"", "path: '', ", "path: \"\", "})
    EXPECT_EQ(kept(std::string{"{phase: a, "} + path + "contains: Note}"), whole) << path;
  EXPECT_EQ(kept("{phase: a, exists: true}"), (condition{"a", "", comparison::exists, ""}));
  EXPECT_EQ(kept("{phase: a, exists: false}"), (condition{"a", "", comparison::absent, ""}));
  EXPECT_EQ(to_text(whole), R"(a contains "Note")");
  EXPECT_TRUE(judge(whole, "# Note\n").holds);
  for (const auto* path : {"~", "[]", "verdict"})
    EXPECT_THAT(
        problem(with_condition(std::string{"{phase: a, exists: true, path: "} + path + "}")),
        HasSubstr("field 'phases[1].when.path': not a JSON pointer"))
        << path;
}

// Runs that began before an empty path was left out have one in what they keep.
TEST(condition, reads_a_stored_path_that_is_empty) {
  auto text = canonical(parsed(with_condition("{phase: a, exists: true}")).value());
  const std::string stored = R"("when":{"exists":true,)";
  const auto at = text.find(stored);
  ASSERT_NE(at, std::string::npos) << text;
  text.insert(at + stored.size(), R"("path":"",)");
  const auto again = workflow_from_json(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value().phases[1].when, (condition{"a", "", comparison::exists, ""}));
}

TEST(condition, compares_with_null) {
  const condition null{"a", "/v", comparison::equals, "null"};
  for (const auto* written : {"null", "~"})
    EXPECT_EQ(kept(std::string{"{phase: a, path: /v, equals: "} + written + "}"), null) << written;
  EXPECT_EQ(kept("{phase: a, path: /v, not_equals: ~}"),
            (condition{"a", "/v", comparison::not_equals, "null"}));
  EXPECT_EQ(kept("{phase: a, path: /v, contains: null}"),
            (condition{"a", "/v", comparison::contains, "null"}));
  EXPECT_EQ(kept("{phase: a, path: /v, equals: 'null'}"),
            (condition{"a", "/v", comparison::equals, R"("null")"}));
  EXPECT_TRUE(judge(null, R"({"v": null})").holds);
  EXPECT_FALSE(judge(null, R"({"v": "null"})").holds);
  EXPECT_FALSE(judge(null, R"({"w": 1})").holds) << "nothing is compared";
  EXPECT_EQ(to_text(null), "a /v equals null");
  for (const auto* ordered : {"less_than", "greater_than"})
    EXPECT_THAT(problem(with_condition(std::string{"{phase: a, path: /v, "} + ordered + ": ~}")),
                HasSubstr("compares with a number"));
}

bool holds(comparison is,
           const std::string& value,
           const std::optional<std::string>& artifact,
           const std::string& pointer = "/v") {
  return judge({"a", pointer, is, value}, artifact).holds;
}

TEST(condition, compares_by_type_and_value) {
  using enum comparison;
  EXPECT_TRUE(holds(equals, "1", R"({"v": 1})"));
  EXPECT_FALSE(holds(equals, R"("1")", R"({"v": 1})"));
  EXPECT_TRUE(holds(equals, R"("x")", R"({"v": "x"})"));
  EXPECT_TRUE(holds(not_equals, R"("x")", R"({"v": "y"})"));
  EXPECT_TRUE(holds(less_than, "2", R"({"v": 1.5})"));
  EXPECT_FALSE(holds(less_than, "2", R"({"v": "1"})"));
  EXPECT_TRUE(holds(greater_than, "2", R"({"v": 3})"));
  EXPECT_TRUE(holds(contains, R"("b")", R"({"v": ["a", "b"]})"));
  EXPECT_TRUE(holds(contains, R"("b")", R"({"v": "abc"})"));
  EXPECT_FALSE(holds(contains, R"("z")", R"({"v": ["a"]})"));
  EXPECT_TRUE(holds(exists, "", R"({"v": null})"));
  EXPECT_TRUE(holds(absent, "", R"({"w": 1})"));
}

TEST(condition, compares_numbers_by_value_however_they_are_written) {
  using enum comparison;
  for (const auto* wanted : {"1", "1.0", "1e0", "10E-1"})
    for (const auto* found : {"1", "1.0", "1e0", "0.1e1"}) {
      const auto artifact = R"({"v": )" + std::string{found} + "}";
      EXPECT_TRUE(holds(equals, wanted, artifact)) << wanted << " and " << found;
      EXPECT_FALSE(holds(not_equals, wanted, artifact)) << wanted << " and " << found;
      EXPECT_FALSE(holds(less_than, wanted, artifact)) << wanted << " and " << found;
      EXPECT_TRUE(holds(contains, wanted, R"({"v": [0, )" + std::string{found} + "]}"));
    }
  EXPECT_TRUE(holds(equals, "18446744073709551615", R"({"v": 18446744073709551615})"));
  EXPECT_FALSE(holds(equals, "1", R"({"v": true})"));
  EXPECT_FALSE(holds(equals, "9007199254740992.0", R"({"v": 9007199254740993})"));
  EXPECT_TRUE(holds(greater_than, "9007199254740992", R"({"v": 9007199254740993})"));
}

TEST(condition, takes_what_is_not_there_as_it_is) {
  using enum comparison;
  EXPECT_FALSE(holds(equals, "1", R"({"w": 1})"));
  EXPECT_FALSE(holds(not_equals, "1", R"({"w": 1})")) << "nothing is compared";
  EXPECT_FALSE(holds(exists, "", std::nullopt));
  EXPECT_TRUE(holds(absent, "", std::nullopt));
  EXPECT_FALSE(holds(equals, "1", "no json"));
  EXPECT_TRUE(holds(contains, R"("son")", "no json", ""));
  EXPECT_FALSE(holds(contains, R"("son")", "\xff", ""));
}

TEST(condition, says_what_it_found) {
  const auto verdict =
      judge({"review", "/verdict", comparison::equals, R"("reject")"}, R"({"verdict": "accept"})");
  EXPECT_FALSE(verdict.holds);
  EXPECT_EQ(verdict.reason, R"(review /verdict equals "reject" does not hold: it is "accept")");
}

TEST(condition, writes_numbers_as_people_do) {
  const auto what = kept("{phase: a, path: /v, equals: 0.25}");
  ASSERT_TRUE(what);
  const auto found = [&](const std::string& value) {
    return judge(*what, R"({"v": )" + value + "}").reason;
  };
  EXPECT_EQ(found("1.0"), "a /v equals 0.25 does not hold: it is 1");
  EXPECT_EQ(found("0.25"), "a /v equals 0.25 holds: it is 0.25");
  EXPECT_THAT(found("-100000.5"), testing::EndsWith("it is -100000.5"));
  EXPECT_THAT(found("1e300"), testing::EndsWith("it is 1e+300"));
  EXPECT_THAT(found(R"({"b": [1.5, {}, 2], "a": "x"})"),
              testing::EndsWith(R"(it is {"b":[1.5,{},2],"a":"x"})"));
}

// -- Markdown -------------------------------------------------------------------------------------

TEST(markdown_check, finds_headings_of_both_kinds) {
  EXPECT_THAT(check_markdown("# Plan\n\ntext\n\nRisks\n-----\nnone\n", {"Plan", "risks"}),
              IsEmpty());
  EXPECT_THAT(check_markdown("## Plan ##\n### Step\ntext\n", {"Plan", "Step"}), IsEmpty());
}

TEST(markdown_check, names_what_is_missing_or_empty) {
  const auto missing = check_markdown("# Plan\ntext\n", {"Plan", "Risks"});
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_THAT(missing.front().message, HasSubstr("no heading 'Risks'"));
  EXPECT_THAT(check_markdown("# Plan\n# Risks\ntext\n", {"Plan"}), SizeIs(1));
  EXPECT_THAT(check_markdown("# Plan\n\nRisks\n-----\nnone\n", {"Plan"}), IsEmpty())
      << "a chapter with a section";
  EXPECT_THAT(check_markdown(" \n\n", {}), SizeIs(1));
  EXPECT_THAT(check_markdown("\xff", {}), SizeIs(1));
}

TEST(markdown_check, takes_nothing_in_a_fence_for_a_heading) {
  EXPECT_THAT(check_markdown("# Code\n```sh\n# Plan\n```\n", {"Code", "Plan"}), SizeIs(1));
  EXPECT_THAT(check_markdown("#nothing\ntext\n", {"nothing"}), SizeIs(1));
}

} // namespace
} // namespace ash::definitions
