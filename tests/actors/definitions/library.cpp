// Finding definitions and schemas in directories and in the binary.
#include "actors/definitions/library.hpp"
#include "actors/definitions/schema_registry.hpp"
#include "tests/actors/definitions/scratch.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::HasSubstr;

std::string persona_text(int version, const std::string& prompt) {
  return "name: mine\nversion: " + std::to_string(version) +
         "\nmodel: scripted:x\nsystem_prompt: " + prompt + "\n";
}

std::string workflow_text(int version) {
  return "name: mine\nversion: " + std::to_string(version) +
         "\nroles: [{name: r}]\nphases: [{key: p, role: r, artifact: {path: a.json, schema: "
         "dev/spec@1}}]\n";
}

TEST(library, has_the_shipped_definitions_without_any_directory) {
  const auto all = library::load({"/no/such/directory"});
  ASSERT_TRUE(all.has_value()) << to_string(all.error());
  EXPECT_EQ(all.value().find_workflow("spec-and-review@1").value().phases.size(), 3U);
  EXPECT_EQ(identity(all.value().find_persona("openrouter-deepseek-spec-writer").value()),
            "openrouter-deepseek-spec-writer@1");
}

TEST(library, finds_the_newest_version_of_a_bare_name) {
  const scratch dir;
  dir.write("personas/a.yaml", persona_text(2, "x"));
  dir.write("personas/b.yaml", persona_text(10, "x"));
  dir.write("workflows/deep/c.yaml", workflow_text(3));
  const auto all = library::load({dir.path()}).value();
  EXPECT_EQ(all.find_persona("mine").value().version, 10);
  EXPECT_EQ(all.find_persona("mine@2").value().version, 2);
  EXPECT_EQ(all.find_workflow("mine").value().version, 3);
}

TEST(library, reads_a_workflow_by_its_path) {
  const scratch dir;
  const auto file = dir.write("elsewhere.yaml", workflow_text(1));
  const auto all = library::load({}).value();
  EXPECT_EQ(identity(all.find_workflow(file).value()), "mine@1");
  const auto absent = all.find_workflow(dir.path("absent.yaml"));
  EXPECT_EQ(absent.error().code, errc::template_not_found);
  const auto broken = all.find_workflow(dir.write("broken.yaml", "name: x\nnope: 1\n"));
  EXPECT_THAT(broken.error().message, HasSubstr("broken.yaml:2:1"));
  EXPECT_FALSE(all.find_workflow(dir.path() + "/").has_value());
}

TEST(library, accepts_the_same_content_twice_and_refuses_another_under_the_same_name) {
  const scratch first;
  const scratch second;
  const auto a = first.write("personas/a.yaml", persona_text(1, "x"));
  const auto b = second.write("personas/b.yaml", "# the same\n" + persona_text(1, "x"));
  EXPECT_TRUE(library::load({first.path(), second.path()}).has_value());
  second.write("personas/b.yaml", persona_text(1, "y"));
  const auto refused = library::load({first.path(), second.path()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::definition_conflict);
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr(a), HasSubstr(b), HasSubstr("mine@1")));
}

TEST(library, lists_near_names_where_there_is_none) {
  const auto all = library::load({}).value();
  const auto workflow = all.find_workflow("spec-and-reveiw");
  EXPECT_EQ(workflow.error().code, errc::template_not_found);
  EXPECT_THAT(workflow.error().message, HasSubstr("'spec-and-review@1'"));
  const auto persona = all.find_persona("scripted-spec-writter@1");
  EXPECT_EQ(persona.error().code, errc::persona_not_found);
  EXPECT_THAT(persona.error().message, HasSubstr("the nearest are 'scripted-spec-writer@1'"));
  EXPECT_EQ(all.find_persona("spec-and\n").error().code, errc::persona_not_found);
}

TEST(library, says_where_a_broken_file_is_broken) {
  const scratch dir;
  dir.write("personas/bad.yaml", "name: bad\nversion: 1\nmodel: nonsense\nsystem_prompt: x\n");
  const auto refused = library::load({dir.path()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr("bad.yaml:3:8"), HasSubstr("'model'")));
}

TEST(schema_registry, finds_shipped_schemas_and_those_of_its_roots) {
  const scratch dir;
  dir.write("artifacts/team/note@2.json", R"({"type":"string"})");
  schema_registry registry({dir.path()});
  EXPECT_EQ(registry.find("team/note@2").value()->text(), R"({"type":"string"})");
  EXPECT_TRUE(registry.find("dev/spec@1").has_value());
  EXPECT_EQ(registry.find("dev/spec@1").value(), registry.find("dev/spec@1").value());
  EXPECT_THAT(registry.names(), testing::IsSupersetOf({"dev/spec@1", "team/note@2"}));
}

TEST(schema_registry, says_which_schemas_there_are) {
  schema_registry registry;
  for (const auto* name : {"dev/sepc@1", "dev/spec", "spec@1", "../dev/spec@1", ""}) {
    const auto refused = registry.find(name);
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_EQ(refused.error().code, errc::schema_not_found) << name;
  }
  EXPECT_THAT(registry.find("dev/sepc@1").error().message,
              HasSubstr("the nearest are 'dev/spec@1'"));
}

TEST(schema_registry, refuses_two_contents_under_one_name_and_what_it_can_not_apply) {
  const scratch dir;
  const auto file = dir.write("artifacts/dev/spec@1.json", "{}");
  dir.write("artifacts/dev/bad@1.json", R"({"maxContains":1,"contains":{}})");
  schema_registry registry({dir.path()});
  const auto refused = registry.find("dev/spec@1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::definition_conflict);
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr(file), HasSubstr("shipped:artifacts/dev/spec@1.json")));
  EXPECT_EQ(registry.find("dev/bad@1").error().code, errc::schema_unsupported);
}

} // namespace
} // namespace ash::definitions
