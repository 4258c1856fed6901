// What people look up before they run anything, and files that they check.
#include "tests/e2e/harness.hpp"

#include "events/base/json.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class definitions_commands : public testing::Test {
protected:
  [[nodiscard]] ended_process actor_shell(std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {ACTOR_SHELL_BINARY,
                  "--data-dir",
                  home_ / "data",
                  "--definitions",
                  E2E_FIXTURES "/definitions"});
    return run_process({.command = std::move(words),
                        .environment = clean_environment(home_.path()),
                        .directory = home_.path()});
  }
  std::string file(std::string_view name, std::string_view text) const {
    write_text(home_ / name, text);
    return home_ / name;
  }

  temporary_directory home_;
};

TEST_F(definitions_commands, list_and_show_what_is_known) {
  EXPECT_THAT(actor_shell({"workflows", "list"}).out,
              AllOf(HasSubstr("spec-and-review@1"), HasSubstr("graph@1")));
  EXPECT_THAT(actor_shell({"workflows", "show", "graph"}).out,
              AllOf(HasSubstr("left, right, extra"), HasSubstr("survey /note equals")));
  EXPECT_THAT(actor_shell({"personas", "list"}).out, HasSubstr("note-writer@1"));
  EXPECT_THAT(actor_shell({"personas", "show", "note-writer"}).out, HasSubstr("You write notes"));
  const auto whole = parse_json(actor_shell({"--json", "workflows", "show", "graph@1"}).out, "it");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole.value().at("name"), "graph");
  const auto missing = actor_shell({"personas", "show", "nobody"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("persona_not_found"));
}

TEST_F(definitions_commands, check_files_and_say_where_they_are_wrong) {
  const auto good =
      actor_shell({"workflows", "validate", E2E_FIXTURES "/definitions/workflows/graph@1.yaml"});
  EXPECT_EQ(good.exit_code, 0) << good.shown();
  auto text = read_text(E2E_FIXTURES "/definitions/workflows/graph@1.yaml");
  text.replace(text.find("needs: [survey]"), 15, "needs: [nobody]");
  const auto bad = actor_shell({"workflows", "validate", file("bad.yaml", text)});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(
      bad.err,
      AllOf(HasSubstr("definition_invalid"), HasSubstr("bad.yaml:16"), HasSubstr("nobody")));
  text.replace(text.find("nobody"), 6, "survey");
  text.replace(text.find("e2e/note@1"), 10, "e2e/none@1");
  const auto no_schema = actor_shell({"workflows", "validate", file("no_schema.yaml", text)});
  EXPECT_EQ(no_schema.exit_code, 3);
  EXPECT_THAT(no_schema.err,
              AllOf(HasSubstr("schema_not_found"),
                    HasSubstr("no_schema.yaml:"),
                    HasSubstr("artifact.schema'"),
                    HasSubstr("'e2e/none@1'; the nearest are 'e2e/note@1'")));
  auto persona =
      read_text(E2E_FIXTURES "/definitions/personas/note-writer@1.yaml") + "tools: [teleport]\n";
  const auto no_tool = actor_shell({"personas", "validate", file("persona.yaml", persona)});
  EXPECT_EQ(no_tool.exit_code, 2);
  EXPECT_THAT(no_tool.err,
              AllOf(HasSubstr("tool_unknown"),
                    HasSubstr("persona.yaml:"),
                    HasSubstr("field 'tools[0]': there is no tool 'teleport'")));
}

TEST_F(definitions_commands, find_sub_agents_whom_nobody_knows) {
  constexpr std::string_view lost = R"(name: leader
version: 1
capabilities: [note_writing]
model: scripted:none
system_prompt: You lead.
subagents:
  - note-writer
  - scout@2
)";
  constexpr std::string_view scout =
      "name: scout\nversion: 2\nmodel: scripted:none\nsystem_prompt: You look around.\n";
  const auto leader = file("leader.yaml", lost);
  const auto alone = actor_shell({"personas", "validate", leader});
  EXPECT_EQ(alone.exit_code, 3) << alone.shown();
  EXPECT_THAT(alone.err,
              AllOf(HasSubstr("persona_not_found"),
                    HasSubstr("leader.yaml:8:5: field 'subagents[1]'"),
                    HasSubstr("'scout@2'")));
  const auto beside = actor_shell({"personas", "validate", leader, file("scout.yaml", scout)});
  EXPECT_EQ(beside.exit_code, 0) << beside.shown();

  const std::string graph = E2E_FIXTURES "/definitions/workflows/graph@1.yaml";
  const auto known = file("data/definitions/personas/leader@1.yaml", lost);
  const auto reached = actor_shell({"workflows", "validate", graph});
  EXPECT_EQ(reached.exit_code, 3) << reached.shown();
  EXPECT_THAT(reached.err, HasSubstr(known + ":8:5: field 'subagents[1]'"));
  file("data/definitions/personas/scout@2.yaml", scout);
  EXPECT_EQ(actor_shell({"workflows", "validate", graph}).exit_code, 0);
}

TEST_F(definitions_commands, hold_an_artifact_against_its_schema) {
  const auto good = file("good.json", R"({"note": "x"})");
  const auto bad = file("bad.json", R"({"note": 1})");
  EXPECT_EQ(actor_shell({"artifacts", "validate", "--schema", "e2e/note@1", good}).exit_code, 0);
  const auto found = actor_shell({"artifacts", "validate", "--schema", "e2e/note@1", bad});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_THAT(found.out, HasSubstr("at /note, type"));
  const auto answer = parse_json(
      actor_shell({"--json", "artifacts", "validate", "--schema", "e2e/note@1", bad}).out, "it");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.value().at("valid"), false);
  const auto refused =
      actor_shell({"artifacts", "validate", "--schema", file("s.json", R"({"type": 5})"), good});
  EXPECT_EQ(refused.exit_code, 2) << refused.shown();
}

TEST_F(definitions_commands, are_found_beside_the_configuration) {
  auto text = read_text(E2E_FIXTURES "/definitions/workflows/note@1.yaml");
  text.replace(text.find("name: note"), 10, "name: mine");
  fs::create_directories(home_ / "definitions/workflows");
  write_text(home_ / "definitions/workflows/mine@1.yaml", text);
  EXPECT_THAT(actor_shell({"workflows", "list"}).out, HasSubstr("mine@1"));
  const auto elsewhere = file("elsewhere/config.yaml", "budget: {run_cap: 2}\n");
  const auto listed = actor_shell({"workflows", "list", "--config", elsewhere});
  EXPECT_EQ(listed.exit_code, 0) << listed.shown();
  EXPECT_THAT(listed.out, testing::Not(HasSubstr("mine@1")));
}

TEST_F(definitions_commands, refuse_a_configuration_that_is_named_and_not_there) {
  // Whoever names one counts on its rules and caps.
  const auto missing = actor_shell({"permissions", "show", "--config", home_ / "confg.yaml"});
  EXPECT_EQ(missing.exit_code, 3) << missing.shown();
  EXPECT_THAT(missing.err, AllOf(HasSubstr("file_not_found"), HasSubstr("confg.yaml")));
  EXPECT_EQ(actor_shell({"permissions", "show"}).exit_code, 0) << "nobody named one";
}

TEST_F(definitions_commands, name_the_field_that_nobody_knows) {
  auto text = read_text(E2E_FIXTURES "/definitions/workflows/note@1.yaml");
  text.replace(text.find("phases:"), 7, "phasess:");
  const auto bad = actor_shell({"workflows", "validate", file("typo.yaml", text)});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("unknown_field"), HasSubstr("'phasess'")));
}

} // namespace
} // namespace ash::e2e
