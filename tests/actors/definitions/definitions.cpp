// Personas and workflows from YAML and from stored JSON, and what is refused of them.
#include "actors/definitions/definitions.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view a_persona = R"(name: writer
version: 2
title: A writer
capabilities: [spec_write, phase_planning]
model: openrouter:deepseek/deepseek-chat
fallback_models: ["openai:gpt-4o"]
system_prompt: |
  Write well.
max_cost_per_call: 0.01
temperature: 0.2
tool_quota: 100
memory_files: [docs/notes.md]
network: granted
permissions:
  writable_paths: ["out/**"]
)";

constexpr std::string_view a_workflow = R"(name: two-steps
version: 1
title: Two steps
roles:
  - name: writer
    required_capabilities: [spec_write]
    preferred_backends: [openrouter]
  - name: reviewer
    distinct_from: [writer]
    diversity: require
phases:
  - key: write
    role: writer
    instructions: Write it.
    artifact: {path: out/spec.json, schema: dev/spec@1}
  - key: review
    role: reviewer
    approval: true
    max_steps: 10
    time_limit_s: 600
    artifact: {path: out/review.json, schema: dev/review@1}
budget: {cap: 0.50, warn_at: 0.25, policy: warn_continue}
)";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out{text};
  out.replace(out.find(from), from.size(), to);
  return out;
}

std::string persona_error(const std::string& text) {
  const auto parsed = parse_persona(text, "p.yaml");
  return parsed ? "accepted"
                : to_string(parsed.error().code).data() + (": " + parsed.error().message);
}
std::string workflow_error(const std::string& text) {
  const auto parsed = parse_workflow(text, "w.yaml");
  return parsed ? "accepted"
                : to_string(parsed.error().code).data() + (": " + parsed.error().message);
}

TEST(definitions, reads_a_persona) {
  const auto parsed = parse_persona(a_persona, "p.yaml");
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  const auto& p = parsed.value();
  EXPECT_EQ(identity(p), "writer@2");
  EXPECT_THAT(p.capabilities, ElementsAre("spec_write", "phase_planning"));
  EXPECT_EQ(p.backend, "openrouter");
  EXPECT_EQ(p.model, "openrouter:deepseek/deepseek-chat");
  EXPECT_THAT(p.fallback_models, ElementsAre("openai:gpt-4o"));
  EXPECT_EQ(p.system_prompt, "Write well.\n");
  EXPECT_EQ(p.max_cost_per_call, usd{10'000'000'000});
  EXPECT_EQ(p.temperature, 0.2);
  EXPECT_EQ(p.max_turns, 50);
  EXPECT_EQ(p.tools, builtin_tool_names());
  EXPECT_EQ(p.tool_quota, 100);
  EXPECT_EQ(p.network, network_access::granted);
  EXPECT_THAT(p.writable_paths, ElementsAre("out/**"));
}

TEST(definitions, reads_a_workflow) {
  const auto parsed = parse_workflow(a_workflow, "w.yaml");
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  const auto& w = parsed.value();
  EXPECT_EQ(identity(w), "two-steps@1");
  ASSERT_EQ(w.phases.size(), 2U);
  EXPECT_EQ(w.phases[0].artifact,
            (artifact{"out/spec.json", artifact_kind::json, "dev/spec@1", {}, {}}));
  EXPECT_FALSE(w.phases[0].approval);
  EXPECT_TRUE(w.phases[1].approval);
  EXPECT_EQ(w.phases[1].max_steps, 10);
  EXPECT_EQ(w.phases[1].time_limit_s, 600);
  ASSERT_EQ(w.roles.size(), 2U);
  EXPECT_EQ(w.roles[0].diversity, diversity::prefer);
  EXPECT_EQ(w.roles[1].diversity, diversity::require);
  EXPECT_EQ(w.budget.cap, usd{500'000'000'000});
  EXPECT_EQ(w.budget.policy, budget_policy::warn_continue);
}

TEST(definitions, go_through_canonical_json_and_back_unchanged) {
  const auto p = parse_persona(a_persona, "p.yaml").value();
  const auto w = parse_workflow(a_workflow, "w.yaml").value();
  EXPECT_EQ(persona_from_json(canonical(p)).value(), p);
  EXPECT_EQ(workflow_from_json(canonical(w)).value(), w);
  persona bare;
  bare.name = "bare";
  bare.backend = "scripted";
  bare.model = "scripted:x";
  bare.system_prompt = "1";
  bare.tools.clear();
  bare.writable_paths.clear();
  EXPECT_EQ(persona_from_json(canonical(bare)).value(), bare);
  auto whole = bare;
  whole.temperature = 1.0;
  EXPECT_EQ(persona_from_json(canonical(whole)).value(), whole);
}

TEST(definitions, have_a_hash_that_spelling_does_not_change_but_content_does) {
  const auto p = parse_persona(a_persona, "p.yaml").value();
  const auto spelt = replaced(a_persona, "network: granted\n", "network: \"granted\" # yes\n");
  EXPECT_EQ(hash_of(parse_persona(spelt, "q.yaml").value()), hash_of(p));
  EXPECT_EQ(hash_of(p).size(), 64U);
  const auto other = replaced(a_persona, "Write well", "Write better");
  EXPECT_NE(hash_of(parse_persona(other, "q.yaml").value()), hash_of(p));
  EXPECT_EQ(hash_of(p), hash_of(persona_from_json(canonical(p)).value()));
}

TEST(definitions, refuse_a_stored_text_that_is_broken_or_has_an_unknown_field) {
  EXPECT_EQ(persona_from_json("{").error().code, errc::definition_invalid);
  EXPECT_EQ(persona_from_json("[]").error().code, errc::definition_invalid);
  auto text = canonical(parse_persona(a_persona, "p.yaml").value());
  text.insert(1, "\"extra\":1,");
  const auto refused = persona_from_json(text);
  EXPECT_EQ(refused.error().code, errc::unknown_field);
  EXPECT_THAT(refused.error().message, HasSubstr("the stored persona"));
}

TEST(definitions, name_file_line_column_and_field_in_every_refusal) {
  EXPECT_THAT(persona_error(replaced(a_persona, "title:", "titel:")),
              testing::AllOf(HasSubstr("unknown_field: p.yaml:3:1"), HasSubstr("titel")));
  EXPECT_THAT(persona_error(replaced(a_persona, "version: 2", "version: two")),
              testing::AllOf(HasSubstr("definition_invalid: p.yaml:2:10"), HasSubstr("'version'")));
  EXPECT_THAT(workflow_error(replaced(a_workflow, "role: reviewer\n", "role: critic\n")),
              testing::AllOf(HasSubstr("w.yaml:17:11"),
                             HasSubstr("'phases[1].role'"),
                             HasSubstr("there is no role 'critic'")));
  const auto refused = parse_persona(replaced(a_persona, "version: 2", "version: 0"), "p.yaml");
  EXPECT_THAT(refused.error().details,
              testing::IsSupersetOf({std::pair<std::string, std::string>{"file", "p.yaml"},
                                     {"line", "2"},
                                     {"column", "10"},
                                     {"field", "version"}}));
}

TEST(definitions, refuse_duplicate_keys_and_broken_yaml) {
  EXPECT_THAT(persona_error(std::string{a_persona} + "name: again\n"), HasSubstr("p.yaml:16:1"));
  EXPECT_THAT(persona_error("name: [a\n"), HasSubstr("definition_invalid: p.yaml:"));
  EXPECT_THAT(persona_error(""), HasSubstr("definition_invalid: p.yaml:"));
}

TEST(definitions, refuse_a_persona_with_wrong_values) {
  const auto refused = [](std::string_view from, std::string_view to, std::string_view why) {
    EXPECT_THAT(persona_error(replaced(a_persona, from, to)), HasSubstr(std::string{why})) << to;
  };
  refused("name: writer", "name: Writer", "not a name");
  refused("model: openrouter:deepseek/deepseek-chat", "model: deepseek-chat", "provider:model");
  refused("model:", "backend: openai\nmodel:", "the model is one of 'openrouter'");
  refused("[\"openai:gpt-4o\"]", "[gpt-4o]", "provider:model");
  refused("max_cost_per_call: 0.01", "max_cost_per_call: -1", "max_cost_per_call");
  refused("temperature: 0.2", "temperature: 3", "temperature");
  refused("network: granted", "network: all", "network");
  refused("[spec_write, phase_planning]", "[spec_write, spec_write]", "names 'spec_write' twice");
  refused("docs/notes.md", "../notes.md", "leads out of the worktree");
  refused("system_prompt: |\n  Write well.\n", "", "system_prompt");
}

TEST(definitions, say_whom_a_persona_may_ask_for_help) {
  const auto with = [](const std::string& more) { return std::string{a_persona} + more; };
  const auto p = parse_persona(with("subagents: [helper, reviewer@2]\n"), "p.yaml").value();
  EXPECT_EQ(p.subagents, (std::vector<std::string>{"helper", "reviewer@2"}));
  EXPECT_EQ(persona_from_json(canonical(p)).value(), p);
  EXPECT_NE(hash_of(p), hash_of(parse_persona(a_persona, "p.yaml").value()));
  EXPECT_EQ(canonical(parse_persona(a_persona, "p.yaml").value()).find("subagents"),
            std::string::npos)
      << "a persona that asks nobody keeps the hash that it had";
  EXPECT_THAT(persona_error(with("subagents: [Not A Name]\n")), HasSubstr("p.yaml:"));
  EXPECT_THAT(persona_error(with("subagents: [helper, helper]\n")), HasSubstr("twice"));
  EXPECT_THAT(persona_error(with("tools: [request_subagent]\n")), HasSubstr("subagents"));
}

TEST(definitions, refuse_a_workflow_whose_parts_do_not_fit) {
  const auto refused = [](std::string_view from, std::string_view to, std::string_view why) {
    EXPECT_THAT(workflow_error(replaced(a_workflow, from, to)), HasSubstr(std::string{why})) << to;
  };
  refused("key: review", "key: write", "there are two phases 'write'");
  refused("name: reviewer", "name: writer", "there are two roles 'writer'");
  refused("[writer]", "[nobody]", "there is no role 'nobody' before this one");
  refused("out/review.json", "out/spec.json", "same artifact path");
  refused("dev/review@1", "review", "such as 'dev/spec@1'");
  refused("dev/review@1", "dev/review", "such as 'dev/spec@1'");
  refused("warn_at: 0.25", "warn_at: 0.75", "above the cap of $0.50");
  refused("max_steps: 10", "max_steps: 0", "max_steps");
  refused("approval: true", "approval: maybe", "true or false");
  refused("role: reviewer", "role: writer", "no phase has the role 'reviewer'");
}

TEST(definitions, keep_artifacts_inside_the_worktree) {
  for (const auto* path : {"a.json", "a/b/c.json", ".actor-shell/out/a.json", "..a/b", "a/.git"})
    EXPECT_EQ(artifact_path_problem(path), "") << path;
  EXPECT_THAT(artifact_path_problem("/etc/passwd"), HasSubstr("relative"));
  EXPECT_THAT(artifact_path_problem("../a"), HasSubstr("out of the worktree"));
  EXPECT_THAT(artifact_path_problem("a/../../b"), HasSubstr("out of the worktree"));
  for (const auto* path : {"./a", "a//b", "a/", "a/./b"})
    EXPECT_THAT(artifact_path_problem(path), HasSubstr("not normalised")) << path;
  EXPECT_THAT(artifact_path_problem(".git/hooks/post-commit"), HasSubstr("'.git'"));
  EXPECT_THAT(artifact_path_problem("a\nb"), HasSubstr("control"));
  EXPECT_THAT(artifact_path_problem(""), HasSubstr("1 to 1024"));
}

TEST(definitions, parse_references_and_models) {
  EXPECT_EQ(parse_reference("a-b@12").value().version, 12);
  EXPECT_FALSE(parse_reference("a-b").value().version);
  for (const auto* text : {"", "@1", "a@", "a@0", "a@01", "a@x", "A", "-a", "a@1@2", "a b"})
    EXPECT_FALSE(parse_reference(text).has_value()) << text;
  EXPECT_FALSE(is_name(std::string(65, 'a')));
  EXPECT_EQ(parse_model("scripted:/a:b.yaml").value().model, "/a:b.yaml");
  for (const auto* text : {"", "gpt", ":x", "openai:", "open ai:x", "openai:a b"})
    EXPECT_FALSE(parse_model(text).has_value()) << text;
}

} // namespace
} // namespace ash::definitions
