// Sub-agents as they are made and come back: their bounds, what pays for them, their worktrees.
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/permissions.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/performers/child_effects.hpp"
#include "actors/performers/child_workspace.hpp"
#include "actors/performers/workspace.hpp"
#include "events/codec/codec.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <gmock/gmock.h>

namespace ash::performers {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

const run_id a_run{random_uuid()};
const phase_id a_phase{random_uuid()};
const tool_call_id a_call{random_uuid()};

definitions::persona a_reader() {
  definitions::persona who;
  who.name = "reader";
  who.model = "fake:one";
  who.backend = "fake";
  who.system_prompt = "You read.";
  who.tools = {"read_file", "complete"};
  who.subagents = {"helper"};
  return who;
}

// -- bounds and money -----------------------------------------------------------------------------

std::vector<std::string> writable(std::vector<std::string> asker, std::vector<std::string> child) {
  tool_terms terms;
  terms.writable_paths = std::move(asker);
  auto who = a_reader();
  who.writable_paths = std::move(child);
  return child_bounds(terms, who).writable_paths;
}

TEST(subagent, may_write_what_both_it_and_its_asker_may) {
  EXPECT_THAT(writable({}, {"docs/**"}), ElementsAre("docs/**"));
  EXPECT_THAT(writable({"**"}, {"docs/**"}), ElementsAre("docs/**"));
  EXPECT_THAT(writable({"src/**"}, {"**"}), ElementsAre("src/**"));
  EXPECT_THAT(writable({"src/**"}, {"src/api/**", "docs/**"}), ElementsAre("src/api/**"));
  EXPECT_THAT(writable({"src/**"}, {"docs/**"}), Not(Contains("docs/**")));
  EXPECT_THAT(writable({"src/*"}, {"src/**"}), Not(Contains("src/**")))
      << "one level is not every level";
  EXPECT_THAT(writable({"**", "!secret/**"}, {"**"}), ElementsAre("**", "!secret/**"));
  EXPECT_THAT(writable({"**"}, {"**", "!own/**"}), ElementsAre("**", "!own/**"));
}

TEST(subagent, is_bound_by_its_askers_rules_and_its_own) {
  tool_terms terms;
  terms.network = true;
  terms.mode = permission_mode::dont_ask;
  terms.permissions = {{permission_verdict::deny, "run_command", {}, {}, "config"}};
  auto who = a_reader();
  who.permissions.mode = definitions::permission_mode::bypass;
  const auto bounds = child_bounds(terms, who);
  EXPECT_FALSE(bounds.network) << "its persona has none";
  EXPECT_EQ(bounds.mode, permission_mode::dont_ask) << "the stricter one holds";
  ASSERT_FALSE(bounds.permissions.empty());
  EXPECT_EQ(bounds.permissions.front().origin, "config");
}

using own_rules = std::vector<definitions::permission_rule>;

permission_verdict verdict_on(const tool_terms& asker,
                              own_rules own,
                              std::string_view tool,
                              std::string_view arguments) {
  auto who = a_reader();
  who.permissions.rules = std::move(own);
  who.writable_paths = {"**"};
  return policy::permit_call(child_bounds(asker, who),
                             {tool, arguments, effect_class::write, "/worktree"})
      .verdict;
}

TEST(subagent, may_do_nothing_that_its_asker_or_its_own_persona_may_not) {
  using verdict = definitions::permission_verdict;
  constexpr auto write = R"({"path":"docs/a"})";
  constexpr auto push = R"({"command":"git push"})";
  tool_terms narrow;
  narrow.writable_paths = {"src/**"};
  EXPECT_EQ(verdict_on(narrow, {{verdict::allow, "write_file", {}, {}}}, "write_file", write),
            permission_verdict::ask)
      << "an allow of its own widens nothing";
  tool_terms allows;
  allows.permissions = {{permission_verdict::allow, "run_command", {}, {}, "config"}};
  EXPECT_EQ(verdict_on(allows, {}, "run_command", push), permission_verdict::allow);
  EXPECT_EQ(verdict_on(allows, {{verdict::deny, {}, "git push*", {}}}, "run_command", push),
            permission_verdict::deny)
      << "what its asker may does not lift what it may not";
  tool_terms denies;
  denies.permissions = {{permission_verdict::deny, {}, "git push*", {}, "config"}};
  EXPECT_EQ(verdict_on(denies, {{verdict::ask, "run_command", {}, {}}}, "run_command", push),
            permission_verdict::deny)
      << "nobody is asked about what its asker may not do";
  EXPECT_EQ(verdict_on({},
                       {{verdict::allow, {}, "git push", {}}, {verdict::deny, {}, "git*", {}}},
                       "run_command",
                       push),
            permission_verdict::allow)
      << "its own exceptions from its own rules hold";
}

TEST(subagent, spends_from_all_that_pay_for_its_asker) {
  const session_id child{random_uuid()};
  const std::vector<budget_terms> asker{{"run:x", {100}, {}, budget_policy::block},
                                        {"persona:leader:2026-11-21", {50}, {}, {}},
                                        {"day:2026-11-21", {1'000}, {}, budget_policy::block}};
  const auto names = [](const std::vector<budget_terms>& scopes) {
    std::vector<std::string> out;
    for (const auto& one : scopes)
      out.push_back(one.scope.substr(0, one.scope.rfind(':')));
    return out;
  };
  const auto own = "session";
  EXPECT_THAT(names(child_scopes(child, asker, "reader", {})),
              ElementsAre(own, "run", "persona:leader", "day"));
  const budget_terms persona_day{"", {7}, {}, budget_policy::block};
  const auto all = child_scopes(child, asker, "reader", persona_day);
  EXPECT_THAT(names(all), ElementsAre(own, "run", "persona:leader", "persona:reader", "day"));
  EXPECT_EQ(all.front().policy, budget_policy::warn_continue) << "it counts, and blocks nothing";
  EXPECT_THAT(names(child_scopes(child, asker, "leader", persona_day)),
              ElementsAre(own, "run", "persona:leader", "day"));
}

TEST(subagent, is_asked_for_by_a_tool_that_names_who_may_be_asked) {
  const auto tools = tool_specs_of(a_reader(), tool::builtin_tools());
  ASSERT_TRUE(tools);
  EXPECT_EQ(tools.value().back().name, delegation::tool_name);
  EXPECT_THAT(tools.value().back().parameters, HasSubstr(R"("enum":["helper"])"));
  EXPECT_FALSE(writes_files(tools.value()));
  auto alone = a_reader();
  alone.subagents.clear();
  EXPECT_EQ(tool_specs_of(alone, tool::builtin_tools()).value().back().name, "complete");
}

// -- opening --------------------------------------------------------------------------------------

class opening : public ::testing::Test {
protected:
  opening() {
    performer_options options;
    options.log = log_.get();
    options.providers =
        [](const std::string&) -> result<std::shared_ptr<provider::model_provider>> {
      return refuse(errc::secret_missing, "no model here");
    };
    options.schemas = std::make_shared<definitions::schema_registry>();
    options.personas = [this](const stream_id&,
                              const std::string& name) -> result<definitions::persona> {
      ++looked_up_;
      if (name == "reader")
        return a_reader();
      return refuse(errc::persona_not_found, "there is nobody named " + name);
    };
    performer_ = make_performer(std::move(options), directory_);
  }
  ~opening() override { performer_->stop(); }

  answers open(const std::string& persona) {
    effect::open_child what;
    what.what.call = a_call;
    what.what.owner = stream_of(a_phase);
    what.what.name = delegation::tool_name;
    what.what.arguments = R"({"persona":")" + persona + R"(","task":"Read it."})";
    what.what.worktree = "/worktree";
    what.what.root = stream_of(a_run);
    what.what.depth = 1;
    what.session = delegation::child_of(a_call);
    answers out;
    performer_->perform(
        {stream_of(a_call), stream_of(a_run)}, {"child", std::move(what)}, out.take());
    return out;
  }

  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  fake_directory directory_;
  std::atomic<int> looked_up_{0};
  std::unique_ptr<effect_performer> performer_;
};

TEST_F(opening, a_child_that_only_reads_works_beside_its_asker) {
  auto came = open("reader");
  const auto end = came.wait().back().what;
  EXPECT_FALSE(end) << "its end is the answer, not its beginning: "
                    << std::get<tool_call::finish>(*end).text;
  const auto told = directory_.all();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].to, stream_of(delegation::child_of(a_call)));
  EXPECT_EQ(told[0].root, stream_of(a_run));
  const auto child = std::get<session::create>(told[0].command.what).what;
  EXPECT_EQ(child.worktree, "/worktree");
  EXPECT_EQ(child.branch, "");
  EXPECT_EQ(child.depth, 2);
  EXPECT_EQ(child.asked_by, a_call);
  EXPECT_EQ(child.task, "Read it.");
  EXPECT_EQ(child.agent->persona, "reader@1");
  EXPECT_FALSE(child.parent) << "a phase asked";
}

TEST_F(opening, a_child_nobody_knows_fails_the_call) {
  auto came = open("nobody");
  const auto failed = came.last<tool_call::finish>();
  EXPECT_TRUE(failed.failed);
  EXPECT_EQ(failed.code, "persona_not_found");
  EXPECT_TRUE(directory_.all().empty());
}

TEST_F(opening, a_child_that_exists_is_reached_as_it_is) {
  session::created made;
  made.session = delegation::child_of(a_call);
  made.asked_by = a_call;
  auto fact = codec::encode(made);
  log::append_request request;
  request.stream = stream_of(made.session);
  request.root = stream_of(a_run);
  request.at = system_now();
  request.entries.push_back({{},
                             {},
                             {},
                             {{std::string{fact.type},
                               fact.schema_version,
                               log::durability::synced,
                               std::move(fact.payload)}}});
  ASSERT_TRUE(log_->append_now(std::move(request)));
  auto came = open("nobody");
  EXPECT_FALSE(came.wait().back().what);
  EXPECT_EQ(directory_.all().size(), 1U);
  EXPECT_EQ(looked_up_, 0) << "whatever has become of the definitions";
}

TEST_F(opening, a_child_that_can_not_be_created_fails_the_call) {
  directory_.then(refuse(errc::queue_full, "busy"));
  directory_.then(refuse(errc::provider_unavailable, "no model"));
  directory_.then(refuse(errc::subagent_depth_exceeded, "too deep"));
  auto came = open("reader");
  EXPECT_TRUE(came.last<tool_call::finish>().failed);
}

// -- worktrees ------------------------------------------------------------------------------------

class child_tree : public ::testing::Test {
protected:
  child_tree() {
    make_repository(repo_);
    EXPECT_TRUE(prepare_workspace({repo_, "main", asker_, "actor-shell/r1"}));
  }

  [[nodiscard]] child_place place(const std::string& name = "a") const {
    return {repo_, asker_, home_ / ("data/worktrees/r1-sub-" + name), "actor-shell/r1-sub-" + name};
  }
  std::string git(const std::string& what) { return sh("git -C '" + repo_ + "' " + what); }
  std::string branches() {
    return git("for-each-ref --format='%(refname:short)' refs/heads | sort | tr '\\n' ' '");
  }

  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string asker_ = home_ / "data/worktrees/r1";
};

TEST_F(child_tree, begins_with_what_its_asker_has_by_then) {
  write_text(asker_ + "/new.txt", "new\n");
  ASSERT_TRUE(branch_off(place()));
  EXPECT_EQ(read_text(place().worktree + "/new.txt"), "new\n");
  ASSERT_TRUE(branch_off(place())) << "an attempt that was cut short is taken up";
}

TEST_F(child_tree, is_merged_back_and_leaves_nothing_behind) {
  ASSERT_TRUE(branch_off(place()));
  write_text(place().worktree + "/done.txt", "done\n");
  const auto merged = merge_back(place());
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(read_text(asker_ + "/done.txt"), "done\n");
  EXPECT_FALSE(fs::exists(place().worktree));
  EXPECT_EQ(branches(), "actor-shell/r1 main ");
  ASSERT_TRUE(merge_back(place())) << "what was merged before the process ended is merged";
}

TEST_F(child_tree, is_merged_back_into_what_its_asker_did_meanwhile) {
  write_text(asker_ + "/note.txt", "first\n");
  ASSERT_TRUE(branch_off(place()));
  write_text(asker_ + "/note.txt", "meanwhile\n");
  write_text(place().worktree + "/done.txt", "made by a command\n");
  ASSERT_TRUE(merge_back(place()));
  EXPECT_EQ(read_text(asker_ + "/note.txt"), "meanwhile\n");
  EXPECT_EQ(read_text(asker_ + "/done.txt"), "made by a command\n");
}

TEST_F(child_tree, is_removed_though_a_tool_made_it_read_only) {
  as_anybody([&] {
    EXPECT_TRUE(branch_off(place()));
    write_text(place().worktree + "/cache/deep/done.txt", "done\n");
    fs::permissions(place().worktree + "/cache/deep", fs::perms{0555});
    fs::permissions(place().worktree + "/cache", fs::perms{0555});
    EXPECT_TRUE(merge_back(place()));
    EXPECT_FALSE(fs::exists(place().worktree));
    EXPECT_EQ(read_text(asker_ + "/cache/deep/done.txt"), "done\n");
    EXPECT_EQ(branches(), "actor-shell/r1 main ");
  });
}

TEST_F(child_tree, is_merged_back_though_it_can_not_be_removed) {
  as_anybody([&] {
    EXPECT_TRUE(branch_off(place()));
    write_text(place().worktree + "/done.txt", "done\n");
    const auto around = home_ / "data/worktrees";
    fs::permissions(around, fs::perms{0555});
    const auto merged = merge_back(place());
    fs::permissions(around, fs::perms{0755});
    EXPECT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(read_text(asker_ + "/done.txt"), "done\n");
  });
}

TEST_F(child_tree, keeps_what_its_tools_wrote_though_git_ignores_it) {
  write_text(asker_ + "/.gitignore", "out/\n");
  for (const auto* name : {"a", "b"}) {
    ASSERT_TRUE(branch_off(place(name)));
    write_text(place(name).worktree + "/out/note.txt", std::string{name} + "\n");
    write_text(place(name).worktree + "/out/built.o", "made by a command\n");
  }
  auto first = place("a");
  first.written = {"out/note.txt", "out/removed.txt"};
  const auto merged = merge_back(first);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(read_text(asker_ + "/out/note.txt"), "a\n");
  EXPECT_FALSE(fs::exists(asker_ + "/out/built.o")) << "what a command left there is not work";
  auto second = place("b");
  second.written = {"out/note.txt"};
  EXPECT_EQ(merge_back(second).error().code, errc::merge_conflict);
  EXPECT_EQ(read_text(asker_ + "/out/note.txt"), "a\n");
}

TEST_F(child_tree, does_not_write_over_what_its_asker_has_and_git_ignores) {
  write_text(asker_ + "/.gitignore", "out/\n");
  ASSERT_TRUE(branch_off(place()));
  write_text(asker_ + "/out/note.txt", "the asker's\n");
  write_text(place().worktree + "/out/note.txt", "the child's\n");
  auto where = place();
  where.written = {"out/note.txt"};
  EXPECT_EQ(merge_back(where).error().code, errc::merge_conflict);
  EXPECT_EQ(read_text(asker_ + "/out/note.txt"), "the asker's\n");
  EXPECT_EQ(git("show actor-shell/r1-sub-a:out/note.txt"), "the child's\n");
}

TEST_F(child_tree, that_conflicts_stays_on_its_branch_and_changes_nothing) {
  for (const auto* name : {"a", "b"}) {
    ASSERT_TRUE(branch_off(place(name)));
    write_text(place(name).worktree + "/both.txt", std::string{name} + "\n");
  }
  ASSERT_TRUE(merge_back(place("a")));
  for (auto attempt = 0; attempt < 2; ++attempt) {
    const auto conflict = merge_back(place("b"));
    ASSERT_FALSE(conflict);
    EXPECT_EQ(conflict.error().code, errc::merge_conflict);
    EXPECT_THAT(conflict.error().message, HasSubstr("both.txt"));
  }
  EXPECT_EQ(read_text(asker_ + "/both.txt"), "a\n");
  EXPECT_EQ(git("show actor-shell/r1-sub-b:both.txt"), "b\n");
  EXPECT_FALSE(fs::exists(place("b").worktree));
}

TEST_F(child_tree, that_is_given_up_keeps_a_branch_only_where_there_is_something_on_it) {
  ASSERT_TRUE(branch_off(place("a")));
  EXPECT_FALSE(give_up(place("a")).value());
  EXPECT_EQ(branches(), "actor-shell/r1 main ");
  ASSERT_TRUE(branch_off(place("b")));
  write_text(place("b").worktree + "/half.txt", "half\n");
  EXPECT_TRUE(give_up(place("b")).value());
  EXPECT_TRUE(give_up(place("b")).value()) << "again after a crash";
  EXPECT_EQ(git("show actor-shell/r1-sub-b:half.txt"), "half\n");
  EXPECT_FALSE(fs::exists(place("b").worktree));
}

TEST_F(child_tree, of_another_child_is_not_made_from_half_a_merge) {
  write_text(asker_ + "/both.txt", "ours\n");
  ASSERT_TRUE(branch_off(place("a")));
  write_text(place("a").worktree + "/both.txt", "theirs\n");
  sh("cd '" + place("a").worktree + "' && git add -A && git -c user.name=t -c user.email=t@x " +
     "commit -q -m a");
  write_text(asker_ + "/both.txt", "changed\n");
  sh("cd '" + asker_ + "' && git -c user.name=t -c user.email=t@x commit -q -a -m b && " +
     "git -c user.name=t -c user.email=t@x merge actor-shell/r1-sub-a");
  ASSERT_THAT(read_text(asker_ + "/both.txt"), HasSubstr("<<<<<<<"));
  ASSERT_TRUE(branch_off(place("b")));
  EXPECT_EQ(read_text(place("b").worktree + "/both.txt"), "changed\n");
}

} // namespace
} // namespace ash::performers
