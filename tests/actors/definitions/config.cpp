// The configuration file.
#include "actors/definitions/config.hpp"
#include "tests/actors/definitions/scratch.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal_of_config(std::string_view text) {
  const auto parsed = parse_config(text, "config.yaml");
  return parsed ? "accepted"
                : to_string(parsed.error().code).data() + (": " + parsed.error().message);
}

TEST(config, has_its_defaults_where_the_file_is_empty_or_absent) {
  EXPECT_EQ(parse_config("", "c").value(), config{});
  EXPECT_EQ(parse_config("# nothing\n", "c").value(), config{});
  EXPECT_EQ(load_config("/no/such/config.yaml").value(), config{});
  EXPECT_EQ(to_string(config{}.budget.daily_cap), "$10.00");
  EXPECT_EQ(to_string(config{}.budget.run_cap), "$1.00");
}

TEST(config, reads_every_field) {
  const auto parsed = parse_config(R"(budget:
  daily_cap: 2.5
  run_cap: 0.25
  persona_daily_cap: 1
  warn_at_percent: 50
  policy: prompt
providers:
  openrouter: {api_key: sk-or-1}
  local: {kind: openai_compatible, base_url: "http://127.0.0.1:8080/v1"}
  anthropic: {api_key: sk-ant}
tools:
  sandbox: unsandboxed
  network: granted
  command_time_limit_ms: 5000
  secret_paths: ["**/*.pem"]
prices:
  - {model: "local:*", input: 0.5, output: 2, as_of: "2026-11-21"}
  - {model: "local:**", input: 0, output: 0}
defaults: {model: "openai:gpt-4o"}
)",
                                   "c");
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  const auto& c = parsed.value();
  EXPECT_EQ(to_string(c.budget.daily_cap), "$2.50");
  ASSERT_EQ(c.prices.size(), 2U);
  EXPECT_EQ(c.prices[0],
            (price_row{"local:*",
                       {{500'000}, {500'000}, {2'000'000}},
                       "2026-11-21",
                       price_source::config,
                       false}));
  EXPECT_EQ(c.prices[1].as_of, "");
  EXPECT_EQ(to_string(*c.budget.persona_daily_cap), "$1.00");
  EXPECT_EQ(c.budget.warn_at_percent, 50);
  EXPECT_EQ(c.budget.policy, budget_policy::prompt);
  EXPECT_EQ(c.providers.at("openrouter").api_key, "sk-or-1");
  EXPECT_EQ(c.providers.at("local").base_url, "http://127.0.0.1:8080/v1");
  EXPECT_EQ(c.providers.at("anthropic").kind, provider_kind::anthropic);
  EXPECT_EQ(c.tools.sandbox, sandbox_setting::unsandboxed);
  EXPECT_EQ(c.tools.command_time_limit_ms, 5'000);
  EXPECT_THAT(c.tools.secret_paths, testing::ElementsAre("**/*.pem"));
  EXPECT_EQ(c.default_model, "openai:gpt-4o");
}

TEST(config, names_file_line_column_and_field_of_what_is_wrong) {
  EXPECT_THAT(refusal_of_config("budget:\n  dayly_cap: 1\n"),
              AllOf(HasSubstr("config.yaml:2:3"), HasSubstr("dayly_cap")));
  EXPECT_THAT(
      refusal_of_config("budget:\n  daily_cap: much\n"),
      AllOf(HasSubstr("config_invalid: config.yaml:2:14"), HasSubstr("'budget.daily_cap'")));
  EXPECT_THAT(refusal_of_config("providers:\n  x: {base_url: \"ftp://x\"}\n"),
              HasSubstr("http:// or https://"));
  EXPECT_THAT(refusal_of_config("providers:\n  X: {}\n"), HasSubstr("not a provider's name"));
  EXPECT_THAT(refusal_of_config("providers:\n  x: {kind: other}\n"), HasSubstr("kind"));
  EXPECT_THAT(refusal_of_config("tools: {sandbox: off}\n"), HasSubstr("sandbox"));
  EXPECT_THAT(refusal_of_config("defaults: {model: gpt}\n"), HasSubstr("provider:model"));
  EXPECT_THAT(refusal_of_config("a: 1\na: 2\n"), HasSubstr("config.yaml:2:1"));
  EXPECT_THAT(refusal_of_config("[]"), HasSubstr("config_invalid"));
}

TEST(config, refuses_what_could_do_nothing) {
  const auto rule = [](const std::string& more) {
    return refusal_of_config(
        "permissions:\n  rules:\n    - {verdict: ask}\n    - {verdict: deny, " + more + "}\n");
  };
  EXPECT_THAT(rule("tool: wirte_file"),
              AllOf(HasSubstr("config.yaml:4:"),
                    HasSubstr("'permissions.rules[1].tool'"),
                    HasSubstr("matches no tool: there are read_file, ")));
  EXPECT_THAT(rule("path: \"../**\""),
              AllOf(HasSubstr("'permissions.rules[1].path'"), HasSubstr("leads out")));
  EXPECT_THAT(rule("path: docs/"), HasSubstr("'docs/**'"));
  EXPECT_TRUE(parse_config("permissions: {rules: [{verdict: ask, tool: \"request_*\"}]}", "c"));
  EXPECT_THAT(refusal_of_config("hooks: [{on: pre_tool, command: x, match: \"wirte_*\"}]"),
              AllOf(HasSubstr("'hooks[0].match'"), HasSubstr("matches no tool")));
  for (const std::string name : {"daily_cap", "run_cap", "persona_daily_cap"})
    for (const auto* cap : {"0", "1000000.01"})
      EXPECT_THAT(refusal_of_config("budget: {" + name + ": " + cap + "}"),
                  AllOf(HasSubstr("'budget." + name + "'"), HasSubstr("above 0 and up to")))
          << cap;
  EXPECT_THAT(refusal_of_config("approvals: {on_time_limit: approve}"),
              AllOf(HasSubstr("'approvals.on_time_limit'"), HasSubstr("'time_limit_s'")));
  EXPECT_THAT(refusal_of_config("providers: {scripted: {}}"), HasSubstr("nothing to set"));
}

TEST(config, does_not_show_a_key_that_it_refuses) {
  EXPECT_THAT(refusal_of_config("providers:\n  x: {api_key: \"sk secret\"}\n"),
              testing::Not(HasSubstr("sk secret")));
}

TEST(config, refuses_a_file_with_a_key_that_others_may_read) {
  const scratch dir;
  const auto file = dir.write("config.yaml", "providers:\n  openai: {api_key: sk-1}\n");
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write | perms::group_read);
  const auto refused = load_config(file);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::config_invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("chmod 600"));
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write);
  EXPECT_TRUE(load_config(file).has_value());
  const auto open = dir.write("open.yaml", "tools: {network: none}\n");
  std::filesystem::permissions(open, perms::owner_all | perms::others_read);
  EXPECT_TRUE(load_config(open).has_value());
}

TEST(config, names_a_model_that_reviews_and_nobody_else_can) {
  const auto parsed =
      parse_config("permissions: {mode: default, reviewer: \"openai:gpt-4o\"}\n", "c");
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  EXPECT_EQ(parsed.value().reviewer, "openai:gpt-4o");
  EXPECT_FALSE(config{}.reviewer);
  EXPECT_THAT(refusal_of_config("permissions:\n  reviewer: gpt\n"),
              AllOf(HasSubstr("config.yaml:2:"), HasSubstr("'permissions.reviewer'")));
  const auto of_persona =
      parse_persona("name: a\nversion: 1\ntitle: A\nmodel: \"openai:x\"\nsystem_prompt: A.\n"
                    "permissions: {reviewer: \"openai:x\"}\n",
                    "p.yaml");
  ASSERT_FALSE(of_persona.has_value());
  EXPECT_EQ(of_persona.error().code, errc::unknown_field);
  const scratch dir;
  const auto rules = dir.write("c.yaml", "permissions: {reviewer: \"openai:x\", mode: plan}\n");
  EXPECT_EQ(load_permission_settings(rules).value().mode, permission_mode::plan);
}

TEST(config, reads_hooks_in_their_order) {
  const auto parsed = parse_config(R"(hooks:
  - {on: pre_tool, match: "write_*", command: "./check.sh", time_limit_s: 300}
  - on: run_end
    command: [notify, "it's over", $HOME]
)",
                                   "c");
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  const auto& hooks = parsed.value().hooks;
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks[0].on, hook_event::pre_tool);
  EXPECT_EQ(hooks[0].match, "write_*");
  EXPECT_EQ(hooks[0].command, "./check.sh");
  EXPECT_EQ(hooks[0].time_limit_s, 300);
  EXPECT_EQ(hooks[1].on, hook_event::run_end);
  EXPECT_EQ(hooks[1].command, R"(exec 'notify' 'it'\''s over' '$HOME')");
  EXPECT_EQ(hooks[1].time_limit_s, 10);
}

TEST(config, says_where_a_hook_is_wrong) {
  EXPECT_THAT(refusal_of_config(
                  "hooks:\n  - on: pre_tool\n    command: x\n  - on: later\n    command: x\n"),
              AllOf(HasSubstr("config.yaml:4:"), HasSubstr("'hooks[1].on'")));
  EXPECT_THAT(refusal_of_config("hooks: [{on: run_end}]"), HasSubstr("'hooks[0].command'"));
  EXPECT_THAT(refusal_of_config("hooks: [{on: run_end, command: {a: b}}]"),
              HasSubstr("'hooks[0].command'"));
  EXPECT_THAT(refusal_of_config("hooks: [{on: run_end, command: x, match: a}]"),
              HasSubstr("is for the hooks of tools"));
  EXPECT_THAT(
      refusal_of_config(
          "hooks: [{on: run_end, command: 'say ghp_R7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB7nM2q'}]"),
      AllOf(HasSubstr("looks like a key"), testing::Not(HasSubstr("ghp_R7"))));
  EXPECT_THAT(refusal_of_config("hooks: [{on: run_end, command: x, time_limit_s: 0}]"),
              HasSubstr("'hooks[0].time_limit_s'"));
}

// Each tool call is recorded with the hooks and rules that hold for it.
TEST(config, bounds_what_hooks_and_rules_hold_together) {
  const auto hooks_of = [](std::size_t bytes) {
    const auto one = "  - {on: run_end, command: " + std::string(bytes / 2, 'x') + "}\n";
    return "hooks:\n" + one + one;
  };
  EXPECT_TRUE(parse_config(hooks_of(64 * 1024), "c").has_value());
  EXPECT_THAT(refusal_of_config(hooks_of(64 * 1024 + 2)),
              AllOf(HasSubstr("config.yaml:3:"), HasSubstr("'hooks[1].command'")));
  const auto rules_of = [](std::size_t count, std::size_t bytes) {
    std::string out = "permissions:\n  rules:\n";
    for (std::size_t i = 0; i < count; ++i)
      out += "    - {verdict: ask, pattern: " + std::string(bytes, 'x') + "}\n";
    return out;
  };
  EXPECT_TRUE(parse_config(rules_of(64, 1'024), "c").has_value());
  EXPECT_THAT(refusal_of_config(rules_of(1, 1'025)),
              AllOf(HasSubstr("config.yaml:3:"), HasSubstr("'permissions.rules[0].pattern'")));
  EXPECT_THAT(refusal_of_config(rules_of(65, 1'024)),
              AllOf(HasSubstr("config.yaml:67:"), HasSubstr("64")));
}

} // namespace
} // namespace ash::definitions
