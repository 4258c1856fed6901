// What is built into the binary fits together: definitions, schemas, prices, and the JSON Schemas
// that describe the files for editors.
#include "actors/definitions/binding.hpp"
#include "actors/definitions/config.hpp"
#include "actors/definitions/embedded.hpp"
#include "actors/definitions/library.hpp"
#include "actors/definitions/pricing.hpp"
#include "actors/definitions/schema_registry.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

std::shared_ptr<const artifact_schema> schema_of(std::string_view file) {
  auto compiled = artifact_schema::compile(embedded_text(file), file);
  EXPECT_TRUE(compiled.has_value()) << to_string(compiled.error());
  return compiled.value();
}

std::string as_json(std::string_view yaml_text) {
  const auto parsed = yaml::parse(yaml_text, "f");
  return to_json_text(yaml::to_json(parsed.value().root));
}

TEST(shipped, files_are_sorted_and_not_empty) {
  const auto files = embedded_files();
  EXPECT_TRUE(std::is_sorted(
      files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; }));
  for (const auto& file : files)
    EXPECT_FALSE(file.text.empty()) << file.path;
  EXPECT_TRUE(embedded_text("no/such.file").empty());
}

TEST(shipped, every_artifact_schema_compiles_and_every_phase_has_its_own) {
  schema_registry registry;
  for (const auto& name : registry.names())
    EXPECT_TRUE(registry.find(name).has_value()) << to_string(registry.find(name).error());
  const auto all = library::load({}).value();
  for (const auto& workflow : all.workflows())
    for (const auto& phase : workflow.phases)
      EXPECT_TRUE(registry.find(phase.artifact.schema).has_value()) << phase.artifact.schema;
}

TEST(shipped, every_persona_has_a_price_and_may_write_every_artifact) {
  const auto all = library::load({}).value();
  for (const auto& persona : all.personas()) {
    EXPECT_TRUE(price_table::shipped().find(persona.model).has_value()) << persona.model;
    for (const auto& fallback : persona.fallback_models)
      EXPECT_TRUE(price_table::shipped().find(fallback).has_value()) << fallback;
    EXPECT_TRUE(persona.max_cost_per_call.has_value()) << persona.name;
  }
}

TEST(shipped, every_workflow_binds_to_different_personas_with_each_backend_alone) {
  const auto all = library::load({}).value();
  for (const auto* only : {"openrouter", "anthropic", "openai", "scripted"}) {
    availability usable;
    usable.backend_problem = [&](const std::string& backend) {
      return backend == only ? std::nullopt : std::optional<std::string>{"no key"};
    };
    const auto bound =
        definitions::bind(all.find_workflow("spec-and-review").value(), all.personas(), usable);
    ASSERT_TRUE(bound.has_value()) << to_string(bound.error());
    ASSERT_EQ(bound.value().size(), 3U);
    EXPECT_THAT(bound.value()[0].persona.name, testing::EndsWith("spec-writer"));
    EXPECT_THAT(bound.value()[1].persona.name, testing::EndsWith("code-reviewer"));
    EXPECT_THAT(bound.value()[2].persona.name, testing::EndsWith("verifier"));
  }
}

TEST(shipped, file_names_are_those_of_the_definitions_in_them) {
  for (const auto& file : embedded_files()) {
    const auto name = file.path.substr(file.path.rfind('/') + 1);
    if (file.path.starts_with("personas/")) {
      EXPECT_EQ(identity(parse_persona(file.text, "f").value()) + ".yaml", name);
    }
    if (file.path.starts_with("workflows/")) {
      EXPECT_EQ(identity(parse_workflow(file.text, "f").value()) + ".yaml", name);
    }
  }
}

TEST(shipped, editor_schemas_accept_every_shipped_definition_as_written_and_as_stored) {
  const auto for_personas = schema_of("config/persona.schema.json");
  const auto for_workflows = schema_of("config/workflow.schema.json");
  for (const auto& file : embedded_files()) {
    if (file.path.starts_with("personas/")) {
      EXPECT_THAT(for_personas->validate(as_json(file.text)), testing::IsEmpty()) << file.path;
      EXPECT_THAT(for_personas->validate(canonical(parse_persona(file.text, "f").value())),
                  testing::IsEmpty());
    }
    if (file.path.starts_with("workflows/")) {
      EXPECT_THAT(for_workflows->validate(as_json(file.text)), testing::IsEmpty()) << file.path;
      EXPECT_THAT(for_workflows->validate(canonical(parse_workflow(file.text, "f").value())),
                  testing::IsEmpty());
    }
  }
}

TEST(shipped, editor_schemas_and_readers_agree_on_what_is_wrong) {
  struct row {
    std::string_view schema;
    std::string_view text;
  };
  const std::string_view persona = "config/persona.schema.json";
  const std::string_view workflow = "config/workflow.schema.json";
  const std::string_view config_file = "config/config.schema.json";
  const auto refused = [&](const row& each) {
    return each.schema == persona    ? !parse_persona(each.text, "f").has_value()
           : each.schema == workflow ? !parse_workflow(each.text, "f").has_value()
                                     : !parse_config(each.text, "f").has_value();
  };
  for (const auto& each : std::vector<row>{
           {persona, "{name: a, version: 1, model: 'x:y'}"},
           {persona, "{name: A, version: 1, model: 'x:y', system_prompt: s}"},
           {persona, "{name: a, version: 0, model: 'x:y', system_prompt: s}"},
           {persona, "{name: a, version: 1, model: xy, system_prompt: s}"},
           {persona, "{name: a, version: 1, model: 'x:y', system_prompt: s, extra: 1}"},
           {persona, "{name: a, version: 1, model: 'x:y', system_prompt: s, network: all}"},
           {workflow, "{name: a, version: 1, roles: [{name: r}], phases: []}"},
           {workflow, "{name: a, version: 1, roles: [{name: r}], phases: [{key: k, role: r}]}"},
           {config_file, "budget: {daily: 1}"},
           {config_file, "budget: {daily_cap: -1}"},
           {config_file, "budget: {daily_cap: 0}"},
           {config_file, "providers: {X: {}}"},
           {config_file, "tools: {sandbox: none}"},
           {config_file, "prices: [{model: 'x:y', input: 1}]"},
           {config_file, "prices: [{model: xy, input: 1, output: 1}]"},
           {persona,
            "{name: a, version: 1, model: 'x:y', system_prompt: s, permissions: {mode: yolo}}"},
           {persona,
            "{name: a, version: 1, model: 'x:y', system_prompt: s, permissions: {reviewer: "
            "'x:y'}}"},
           {config_file, "permissions: {mode: standard}"},
           {config_file, "permissions: {reviewer: gpt}"},
           {config_file, "permissions: {rules: [{tool: write_file}]}"},
           {config_file, "permissions: {rules: [{verdict: deny, path: /etc}]}"},
           {config_file, "permissions: {writable_paths: [a]}"},
           {config_file, "approvals: {on_time_limit: forget}"},
           {config_file, "hooks: [{on: pre_tool}]"},
           {config_file, "hooks: [{on: after_tool, command: x}]"},
           {config_file, "hooks: [{on: run_end, command: x, time_limit_s: 301}]"},
           {config_file, "hooks: [{on: run_end, command: []}]"},
           {config_file, "hooks: [{on: run_end, command: x, shell: bash}]"},
           {config_file, "retry: {attempts: 2}"}}) {
    EXPECT_TRUE(refused(each)) << each.text;
    EXPECT_FALSE(schema_of(each.schema)->validate(as_json(each.text)).empty()) << each.text;
  }
  for (const auto* good : {"budget: {daily_cap: 2.5, policy: prompt}",
                           "providers: {openai: {api_key: k}}",
                           "{tools: {secret_paths: ['*.pem']}}",
                           "permissions: {reviewer: 'openai:gpt-4o'}",
                           "permissions: {mode: dont-ask, rules: [{verdict: deny, path: 'a/**'}]}",
                           "hooks: [{on: pre_tool, match: 'write_*', command: [sh, x.sh]}]",
                           "hooks: [{on: run_end, command: 'true', time_limit_s: 300}]",
                           "approvals: {time_limit_s: 60, on_time_limit: abort}"}) {
    EXPECT_TRUE(parse_config(good, "f").has_value()) << good;
    EXPECT_THAT(schema_of(config_file)->validate(as_json(good)), testing::IsEmpty()) << good;
  }
  for (const std::string good : {"exists: true", "path: '', contains: a", "path: /v, equals: ~"}) {
    const auto text = "{name: a, version: 1, roles: [{name: r}], phases: [{key: k, role: r, "
                      "artifact: {path: k, kind: patch}}, {key: l, role: r, when: {phase: k, " +
                      good + "}, artifact: {path: l, kind: patch}}]}";
    EXPECT_TRUE(parse_workflow(text, "f").has_value()) << good;
    EXPECT_THAT(schema_of(workflow)->validate(as_json(text)), testing::IsEmpty()) << good;
  }
}

} // namespace
} // namespace ash::definitions
