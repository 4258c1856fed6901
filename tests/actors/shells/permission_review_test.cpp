#include "actors/shells/permission_review.hpp"

#include <gtest/gtest.h>

namespace ash::testing {
namespace {

using permissions::change;
using permissions::compare;
using mode = definitions::permission_mode;

tool_call::requested a_call(const char* tool, const char* arguments) {
  tool_call::requested out;
  out.call = {random_uuid()};
  out.name = tool;
  out.arguments = arguments;
  out.worktree = "/worktree";
  out.root = stream_of(run_id{random_uuid()});
  out.terms.writable_paths = {"src/**"};
  out.terms.permissions = {{permission_verdict::allow, "run_command", "make*", {}, "config"},
                           {permission_verdict::deny, "run_command", "curl*", {}, "persona p@1"}};
  return out;
}

change rules(std::vector<definitions::permission_rule> of) {
  change out;
  out.rules = std::move(of);
  out.origin = "stricter.yaml";
  return out;
}

change in_mode(mode m) {
  change out;
  out.mode = m;
  return out;
}

TEST(permission_review, tells_only_verdicts_that_change) {
  const auto make = a_call("run_command", R"({"command":"make all"})");
  EXPECT_FALSE(compare(make, rules({}), {})) << "it runs without the rule too";
  const auto under = rules({{definitions::permission_verdict::ask, "run_command", "make*", {}}});
  const auto changed = compare(make, under, {});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->before.verdict, permission_verdict::allow);
  EXPECT_EQ(changed->after.verdict, permission_verdict::ask);
  EXPECT_EQ(changed->after.rule, "ask run_command 'make*' (stricter.yaml)");
  EXPECT_EQ(changed->what, "make all");
}

TEST(permission_review, leaves_the_persona_its_rules) {
  const auto fetch = a_call("run_command", R"({"command":"curl x"})");
  EXPECT_FALSE(compare(fetch, rules({}), {})) << "the persona denies it as before";
  const auto changed =
      compare(fetch, rules({{definitions::permission_verdict::allow, {}, "curl*", {}}}), {});
  ASSERT_TRUE(changed) << "the configuration goes first";
  EXPECT_EQ(changed->before.verdict, permission_verdict::deny);
  EXPECT_EQ(changed->after.verdict, permission_verdict::allow);
}

TEST(permission_review, keeps_what_narrows_a_sub_agent) {
  auto fetch = a_call("run_command", R"({"command":"curl x"})");
  fetch.depth = 1;
  fetch.terms.permissions = {
      {permission_verdict::deny, "run_command", "curl*", {}, "sub-agent h@1"},
      {permission_verdict::ask, "run_command", {}, {}, "config"}};
  EXPECT_FALSE(
      compare(fetch, rules({{definitions::permission_verdict::allow, {}, "curl*", {}}}), {}));
  fetch.arguments = R"({"command":"ls"})";
  const auto changed =
      compare(fetch, rules({{definitions::permission_verdict::deny, {}, "ls*", {}}}), {});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->after.rule, "deny * 'ls*' (stricter.yaml)");
}

TEST(permission_review, lets_a_persona_narrow_the_mode) {
  const auto outside = a_call("write_file", R"({"path":"docs/a"})");
  const auto freer = compare(outside, in_mode(mode::bypass), {});
  ASSERT_TRUE(freer);
  EXPECT_EQ(freer->after.verdict, permission_verdict::allow);
  EXPECT_FALSE(compare(outside, in_mode(mode::bypass), mode::standard));
  const auto stricter = compare(outside, in_mode(mode::bypass), mode::plan);
  ASSERT_TRUE(stricter);
  EXPECT_EQ(stricter->after.code, errc::plan_mode_violation);
}

TEST(permission_review, shows_what_a_persona_may_do) {
  definitions::config config;
  config.permissions.mode = mode::accept_edits;
  config.permissions.rules = {
      {definitions::permission_verdict::deny, "run_command", "git push*", {}}};
  definitions::persona who;
  who.name = "p";
  who.permissions.mode = mode::dont_ask;
  who.permissions.rules = {{definitions::permission_verdict::ask, {}, {}, "infra/**"}};
  who.writable_paths = {"src/**"};
  const auto alone = permissions::of_config(config);
  EXPECT_EQ(alone.terms.mode, permission_mode::accept_edits);
  EXPECT_EQ(alone.terms.permissions.size(), 1U);
  const auto both = permissions::of_persona(config, who);
  EXPECT_EQ(both.terms.mode, permission_mode::dont_ask);
  ASSERT_EQ(both.terms.permissions.size(), 2U);
  EXPECT_EQ(both.terms.permissions[0].origin, "config");
  EXPECT_TRUE(both.terms.permissions[1].origin.starts_with("persona p@"));
  EXPECT_EQ(both.terms.writable_paths, who.writable_paths);
}

} // namespace
} // namespace ash::testing
