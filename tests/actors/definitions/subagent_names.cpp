// Whom personas name as their sub-agents, and what as their tools, looked up where files are
// checked.
#include "actors/definitions/subagent_names.hpp"
#include "tests/actors/definitions/scratch.hpp"

#include <gmock/gmock.h>
#include <stdexcept>

namespace ash::definitions {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string a_persona(const std::string& name, const std::string& more = {}) {
  return "name: " + name + "\nversion: 1\nmodel: scripted:x\nsystem_prompt: You work.\n" + more;
}

/// Those beneath `dir`, and the shipped ones.
std::vector<persona_file> known_in(const scratch& dir) {
  return persona_files({dir.path()}).value();
}

const persona_file& named(const std::vector<persona_file>& in, const std::string& name) {
  for (const auto& each : in)
    if (each.definition.name == name)
      return each;
  throw std::out_of_range{name};
}

workflow one_that_requires(const std::string& capability) {
  return parse_workflow("name: w\nversion: 1\nroles: [{name: r, required_capabilities: [" +
                            capability +
                            "]}]\nphases: [{key: p, role: r, artifact: {path: a.json, schema: "
                            "dev/spec@1}}]\n",
                        "w.yaml")
      .value();
}

TEST(subagent_names, are_found_by_their_newest_version_or_by_the_one_that_is_named) {
  const scratch dir;
  dir.write("personas/helper.yaml", a_persona("helper"));
  dir.write("personas/lead.yaml", a_persona("lead", "subagents: [helper, helper@1, lead]\n"));
  const auto known = known_in(dir);
  EXPECT_TRUE(check_subagents(named(known, "lead"), known).has_value());
}

TEST(subagent_names, that_nobody_has_are_told_with_their_place) {
  const scratch dir;
  dir.write("personas/helper.yaml", a_persona("helper"));
  const auto file =
      dir.write("personas/lead.yaml", a_persona("lead", "subagents: [helper, helper@2]\n"));
  const auto known = known_in(dir);
  const auto found = check_subagents(named(known, "lead"), known);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, errc::persona_not_found);
  EXPECT_THAT(found.error().message,
              AllOf(HasSubstr(file + ":5:21: "), HasSubstr("'helper@2'"), HasSubstr("'helper@1'")));
}

TEST(subagent_names, matter_to_a_workflow_where_somebody_in_it_can_reach_them) {
  const scratch dir;
  dir.write("personas/lead.yaml", a_persona("lead", "capabilities: [a, b]\nsubagents: [middle]\n"));
  dir.write("personas/middle.yaml", a_persona("middle", "subagents: [lead, nobody]\n"));
  const auto known = known_in(dir);
  const auto found = check_subagents(one_that_requires("a"), known);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, AllOf(HasSubstr("middle.yaml:5:19: "), HasSubstr("'nobody'")));
  EXPECT_TRUE(check_subagents(one_that_requires("c"), known).has_value());
}

TEST(tool_names, that_no_tool_has_are_told_with_their_place) {
  const scratch dir;
  const auto file = dir.write("personas/lost.yaml", a_persona("lost", "tools: [grep, teleport]\n"));
  const auto found = check_tools(named(known_in(dir), "lost"));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, errc::tool_unknown);
  EXPECT_THAT(found.error().message,
              AllOf(HasSubstr(file + ":5:15: field 'tools[1]'"),
                    HasSubstr("'teleport'"),
                    HasSubstr("read_file")));
  EXPECT_THAT(found.error().details,
              testing::IsSupersetOf({std::pair<std::string, std::string>{"file", file},
                                     {"line", "5"},
                                     {"column", "15"},
                                     {"field", "tools[1]"}}));
}

TEST(tool_names, are_right_where_a_persona_has_those_of_tools_or_names_none) {
  const scratch dir;
  dir.write("personas/some.yaml", a_persona("some", "tools: [grep, complete]\n"));
  dir.write("personas/none.yaml", a_persona("none", "tools: []\n"));
  dir.write("personas/all.yaml", a_persona("all"));
  const auto known = known_in(dir);
  for (const auto* name : {"some", "none", "all"})
    EXPECT_TRUE(check_tools(named(known, name)).has_value()) << name;
}

} // namespace
} // namespace ash::definitions
