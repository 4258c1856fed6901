#include "actors/aggregates/permissions.hpp"

#include "events/base/tool_arguments.hpp"

#include <gtest/gtest.h>

namespace ash::testing {
namespace {

using policy::writable;
using mode = permission_mode;
using verdict = permission_verdict;

struct asked_call {
  std::string tool;
  std::string arguments;
  effect_class effect;
};

const asked_call a_read{"read_file", R"({"path":"docs/a"})", effect_class::read};
const asked_call inside{"write_file", R"({"path":"src/a"})", effect_class::write};
const asked_call outside{"edit_file", R"({"file_path":"docs/a"})", effect_class::write};
const asked_call with_a_key{"edit_file", R"({"path":"src/b"})", effect_class::idempotent};
const asked_call taken_back{"write_file", R"({"path":"src/gen/a"})", effect_class::write};
const asked_call a_command{"run_command", R"({"command":"make all"})", effect_class::write};

tool_terms terms_in(mode m) {
  tool_terms out;
  out.mode = m;
  out.writable_paths = {"src/**", "!src/gen/**"};
  return out;
}

policy::permit judged(const tool_terms& terms, const asked_call& call) {
  return policy::permit_call(terms, {call.tool, call.arguments, call.effect, "/worktree"});
}

verdict of(const tool_terms& terms, const asked_call& call) {
  return judged(terms, call).verdict;
}

TEST(permissions, of_every_mode_for_every_effect_without_a_rule) {
  struct row {
    mode in;
    verdict reads, within, beyond, back, command;
  };
  constexpr auto yes = verdict::allow;
  constexpr auto ask = verdict::ask;
  constexpr auto no = verdict::deny;
  for (const auto& r : {row{mode::standard, yes, yes, ask, no, ask},
                        row{mode::accept_edits, yes, yes, yes, no, ask},
                        row{mode::plan, yes, no, no, no, no},
                        row{mode::dont_ask, yes, yes, no, no, no},
                        row{mode::bypass, yes, yes, yes, no, yes}}) {
    SCOPED_TRACE(static_cast<int>(r.in));
    const auto terms = terms_in(r.in);
    EXPECT_EQ(of(terms, a_read), r.reads);
    EXPECT_EQ(of(terms, inside), r.within);
    EXPECT_EQ(of(terms, with_a_key), r.within);
    EXPECT_EQ(of(terms, outside), r.beyond);
    EXPECT_EQ(of(terms, taken_back), r.back);
    EXPECT_EQ(of(terms, a_command), r.command);
  }
  EXPECT_EQ(judged(terms_in(mode::plan), inside).code, errc::plan_mode_violation);
  EXPECT_EQ(judged(terms_in(mode::dont_ask), outside).code, errc::permission_denied);
}

TEST(permissions, of_every_mode_for_every_effect_under_every_rule) {
  for (const auto in :
       {mode::standard, mode::accept_edits, mode::plan, mode::dont_ask, mode::bypass})
    for (const auto rule : {verdict::allow, verdict::ask, verdict::deny})
      for (const auto& call : {a_read, inside, with_a_key, outside, taken_back, a_command}) {
        auto terms = terms_in(in);
        terms.permissions = {{rule}};
        const auto writes = call.effect != effect_class::read;
        auto want = rule;
        if (rule == verdict::ask && in == mode::dont_ask)
          want = verdict::deny;
        if (rule == verdict::ask && in == mode::bypass)
          want = verdict::allow;
        if (writes && (in == mode::plan || call.arguments == taken_back.arguments))
          want = verdict::deny;
        EXPECT_EQ(of(terms, call), want)
            << static_cast<int>(in) << ' ' << policy::to_string(rule) << ' ' << call.tool;
      }
}

TEST(permissions, are_decided_by_the_first_rule_that_matches) {
  auto terms = terms_in(mode::standard);
  terms.permissions = {{verdict::deny, "write_*", {}, "src/main.*", "config"},
                       {verdict::allow, "*", {}, "src/**", {}},
                       {verdict::ask, {}, {}, {}, "config"}};
  const asked_call main{
      "write_file", R"({"path":"/worktree/src/./main.cpp"})", effect_class::write};
  EXPECT_EQ(of(terms, main), verdict::deny);
  EXPECT_EQ(judged(terms, main).rule, "deny write_* in 'src/main.*' (config)");
  EXPECT_EQ(of(terms, inside), verdict::allow);
  EXPECT_EQ(of(terms, a_read), verdict::ask);
}

bool rule_matches(verdict v, const std::string& pattern, const std::string& command) {
  const auto arguments = "{\"command\":\"" + command + "\"}";
  return policy::matches({v, "run_command", pattern, {}, {}},
                         {"run_command", arguments, effect_class::write, "/worktree"});
}

TEST(permissions, over_a_command_hold_for_each_command_in_it) {
  for (const auto* slips_by : {"git push",
                               "cd x && git push",
                               "true; git push --force",
                               "echo $(git push)",
                               "ls | git push"})
    EXPECT_TRUE(rule_matches(verdict::deny, "git push*", slips_by)) << slips_by;
  EXPECT_FALSE(rule_matches(verdict::deny, "git push*", "git pull"));
  EXPECT_TRUE(rule_matches(verdict::allow, "git *", "git status && git diff a/b"));
  for (const auto* more : {"git status; rm -r x", "git log $(rm x)", "git log > x", "rm x"})
    EXPECT_FALSE(rule_matches(verdict::allow, "git *", more)) << more;
}

TEST(permissions, over_arguments_see_them_as_canonical_json) {
  const policy::permission_request call{
      "fetch", R"({"b":1, "a":"x"})", effect_class::write, "/worktree"};
  EXPECT_TRUE(policy::matches({verdict::deny, {}, R"({"a":"x"*)", {}, {}}, call));
  EXPECT_FALSE(policy::matches({verdict::deny, {}, {}, "**", {}}, call)) << "it names no path";
}

TEST(permissions, to_write_follow_the_last_path_that_matches) {
  const std::vector<std::string> paths{"src/**", "!src/gen/**", "src/gen/keep/**"};
  EXPECT_EQ(policy::is_writable(paths, "src/a"), writable::yes);
  EXPECT_EQ(policy::is_writable(paths, "src/gen/a"), writable::taken_back);
  EXPECT_EQ(policy::is_writable(paths, "src/gen/keep/a"), writable::yes);
  EXPECT_EQ(policy::is_writable(paths, "docs/a"), writable::no);
  EXPECT_EQ(policy::is_writable({}, "docs/a"), writable::yes);
}

TEST(permissions, take_grants_and_revocations_in_their_order) {
  using paths = std::vector<std::string>;
  const policy::path_change grant{writable::yes, "docs/**"};
  const policy::path_change revoke{writable::taken_back, "docs/**"};
  EXPECT_EQ(policy::with_changes({"src/**"}, std::vector{grant}), (paths{"src/**", "docs/**"}));
  EXPECT_EQ(policy::with_changes({}, std::vector{grant}), (paths{"**", "docs/**"}));
  const auto back = policy::with_changes({}, std::vector{grant, revoke});
  EXPECT_EQ(policy::is_writable(back, "docs/a"), writable::taken_back);
  const auto again = policy::with_changes({}, std::vector{revoke, grant});
  EXPECT_EQ(policy::is_writable(again, "docs/a"), writable::yes);
}

TEST(permissions, show_all_of_a_command_that_is_asked_about_or_say_that_they_do_not) {
  tool_terms terms;
  terms.permissions = {{verdict::ask, "run_command", {}, {}, "config"}};
  const auto question = [&](const std::string& command) {
    return judged(terms,
                  {"run_command", R"({"command":")" + command + R"("})", effect_class::write})
        .message;
  };
  const auto hidden = "ls -la " + std::string(600, 'd') + " ; rm -rf infra";
  EXPECT_NE(question(hidden).find("; rm -rf infra'"), std::string::npos) << question(hidden);
  const auto longer = "ls -la " + std::string(5'000, 'd') + " ; rm -rf infra";
  EXPECT_NE(question(longer).find("(the first 4096 of 5022 bytes: look at all of it)"),
            std::string::npos)
      << question(longer);
}

TEST(permissions, see_through_another_spelling_of_a_path) {
  for (const auto* spelt : {"src/../docs/a", "./docs//a", "/worktree/docs/a", "docs/x/../a"})
    for (const auto* worktree : {"/worktree", "/worktree/"})
      EXPECT_EQ(path_in_worktree(spelt, worktree), "docs/a") << spelt;
}

TEST(permissions, let_commands_run_until_a_path_is_taken_back) {
  tool_terms terms;
  EXPECT_EQ(of(terms, a_command), verdict::allow);
  terms.writable_paths = {"src/**"};
  EXPECT_EQ(of(terms, a_command), verdict::allow);
  terms.writable_paths.emplace_back("!docs/**");
  EXPECT_EQ(of(terms, a_command), verdict::ask);
}

} // namespace
} // namespace ash::testing
