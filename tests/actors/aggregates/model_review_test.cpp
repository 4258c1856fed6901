// A model that decides about writes outside of the writable paths: when it is asked, what its
// answer leads to, and the session that it works in.
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/model_review.hpp"
#include "tests/actors/aggregates/turn_story.hpp"

namespace ash::testing {
namespace {

using model_review::answer;
using session_story = story<session_aggregate>;

// -- the answer -----------------------------------------------------------------------------------

TEST(model_review, takes_exactly_one_form_of_answer) {
  EXPECT_EQ(model_review::read(approves),
            (model_review::opinion{answer::approve, "the task wants it"}));
  EXPECT_EQ(model_review::read(denies).what, answer::deny);
  EXPECT_EQ(model_review::read(" {\"reason\":\"unclear\",\"verdict\":\"ask\"}\n"),
            (model_review::opinion{answer::ask, "unclear"}));
}

TEST(model_review, takes_everything_else_for_no_verdict) {
  for (const auto* text : {"",
                           "approve",
                           "[]",
                           "{}",
                           R"({"verdict": "approve"})",
                           R"({"verdict": "approve", "reason": ""})",
                           R"({"verdict": "approve", "reason": " "})",
                           R"({"verdict": "approve", "reason": 1})",
                           R"({"verdict": true, "reason": "x"})",
                           R"({"verdict": "Approve", "reason": "x"})",
                           R"({"verdict": "approved", "reason": "x"})",
                           R"({"verdict": "approve", "reason": "x", "more": "y"})",
                           R"({"verdict": "deny", "verdict": "approve", "reason": "x"})",
                           R"({"verdict": "approve", "reason": "x"} {})",
                           "```json\n{\"verdict\": \"approve\", \"reason\": \"x\"}\n```",
                           "Sure: {\"verdict\": \"approve\", \"reason\": \"x\"}"}) {
    const auto read = model_review::read(text);
    EXPECT_EQ(read.what, answer::ask) << text;
    EXPECT_NE(read.reason.find("no verdict"), std::string::npos) << read.reason;
  }
}

TEST(model_review, bounds_what_a_model_says) {
  const auto of = [](std::size_t bytes) {
    return R"({"verdict": "approve", "reason": ")" + std::string(bytes, 'x') + "\"}";
  };
  const auto cut = model_review::read(of(model_review::max_reason_bytes + 1));
  EXPECT_EQ(cut.what, answer::approve);
  EXPECT_LT(cut.reason.size(), model_review::max_reason_bytes + 8);
  EXPECT_EQ(model_review::read(of(model_review::max_answer_bytes)).what, answer::ask);
  const auto lines = model_review::read(R"({"verdict": "deny", "reason": "a\n\u001b[2Jb"})");
  EXPECT_EQ(lines.reason.find('\n'), std::string::npos);
  EXPECT_EQ(lines.reason.find('\x1b'), std::string::npos);
}

// -- the call -------------------------------------------------------------------------------------

tool_call::requested a_write(const std::string& path = "docs/plan.md") {
  tool_call::requested what;
  what.call = an_id<tool_call_id>("tool");
  what.owner = stream_of(a_phase);
  what.name = "write_file";
  what.arguments = R"({"path":")" + path + R"(","content":"x"})";
  what.effect = effect_class::write;
  what.worktree = "/worktree";
  what.terms = an_agent().tool_bounds;
  what.terms.writable_paths = {"src/**"};
  what.terms.reviewer = "test:judge";
  what.root = stream_of(a_run);
  what.scopes = {a_scope()};
  return what;
}

session_id the_reviewer() {
  return model_review::session_of(a_write().call);
}

tool_story asked_for(const tool_call::requested& what) {
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what});
  return s;
}

tool_call::finish an_end(std::string text, std::string code = {}) {
  tool_call::finish end;
  end.failed = !code.empty();
  end.code = std::move(code);
  end.text = std::move(text);
  end.child = the_reviewer();
  return end;
}

TEST(model_review, comes_before_a_person_for_a_write_outside_of_the_writable_paths) {
  auto s = asked_for(a_write());
  s.leads_to({"tool.call.requested", "tool.call.delegated"});
  EXPECT_EQ(s.reactions<effect::open_child>().at(0).session, the_reviewer());
  EXPECT_TRUE(s.reactions<effect::send>().empty()) << "nobody else is asked";
  // After a crash it is the same reviewer that goes on.
  EXPECT_EQ(s.owed<effect::open_child>().at(0).session, the_reviewer());
  EXPECT_EQ(s.owes().size(), 1U);
  s.when(tool_call::request{a_write()}).leads_to_nothing();
}

TEST(model_review, is_not_asked_about_anything_else) {
  const auto leads_to_a_person = [](const tool_call::requested& what) {
    asked_for(what).leads_to({"tool.call.requested", "tool.call.review.awaited"});
  };
  auto none = a_write();
  none.terms.reviewer.clear();
  leads_to_a_person(none);
  auto ruled = a_write();
  ruled.terms.permissions = {{permission_verdict::ask, "write_file", {}, {}, "config"}};
  leads_to_a_person(ruled);
  auto reviewed = a_write("src/a.cpp");
  reviewed.review = true;
  leads_to_a_person(reviewed);
  auto both = a_write();
  both.review = true;
  leads_to_a_person(both);
  auto long_one = a_write();
  long_one.arguments = R"({"path":"docs/a","content":")" +
                       std::string(model_review::max_arguments_bytes, 'x') + R"("})";
  leads_to_a_person(long_one);
  asked_for(a_write("src/a.cpp")).leads_to({"tool.call.requested", "tool.call.started"});
  for (const auto mode : {permission_mode::plan, permission_mode::dont_ask}) {
    auto denied = a_write();
    denied.terms.mode = mode;
    asked_for(denied).leads_to({"tool.call.requested", "tool.call.denied"});
  }
  auto taken_back = a_write();
  taken_back.terms.writable_paths = {"**", "!docs/**"};
  asked_for(taken_back).leads_to({"tool.call.requested", "tool.call.denied"});
  auto secret = a_write("docs/.env");
  asked_for(secret).leads_to({"tool.call.requested", "tool.call.denied"});
}

TEST(model_review, that_approves_lets_the_call_run_once) {
  auto s = asked_for(a_write());
  s.when(an_end(approves)).leads_to({"tool.call.reviewed", "tool.call.started"});
  const auto verdict = s.the<tool_call::reviewed>();
  EXPECT_EQ(verdict.by, "model test:judge");
  EXPECT_EQ(verdict.reason, "the task wants it");
  EXPECT_TRUE(verdict.approval.is_nil());
  EXPECT_EQ(s.reactions<effect::run_tool>().size(), 1U);
  s.when(an_end(approves)).leads_to_nothing(); // told again: it is not what the tool answers
  tool_call::finish done;
  done.text = "written";
  s.when(done).leads_to({"tool.call.completed"});
  EXPECT_EQ(told(s).text, "written");
  s.when(an_end(denies)).leads_to_nothing();
}

TEST(model_review, that_approves_still_has_the_hooks_asked) {
  auto what = a_write();
  what.terms.hooks = {{hook_event::pre_tool, {}, "check", 1'000}};
  auto s = asked_for(what);
  EXPECT_TRUE(s.reactions<effect::run_hooks>().empty());
  s.when(an_end(approves)).leads_to({"tool.call.reviewed"});
  EXPECT_EQ(s.reactions<effect::run_hooks>().size(), 1U);
  EXPECT_EQ(s.owed<effect::run_hooks>().size(), 1U);
  s.when(an_end(approves)).leads_to_nothing();
}

TEST(model_review, that_denies_tells_the_model_why) {
  auto s = asked_for(a_write());
  s.when(an_end(denies)).leads_to({"tool.call.reviewed", "tool.call.denied"});
  EXPECT_EQ(s.the<tool_call::denied>().code, "permission_denied");
  EXPECT_EQ(told(s).answer, turn::tool_answer::denied);
  EXPECT_NE(told(s).text.find("it is about something else"), std::string::npos);
  EXPECT_NE(told(s).text.find("test:judge"), std::string::npos);
}

TEST(model_review, without_a_verdict_leaves_it_to_a_person_and_shows_why) {
  const std::vector<std::pair<tool_call::finish, std::string>> ends{
      {an_end(R"({"verdict": "ask", "reason": "not sure"})"), "not sure"},
      {an_end("Yes!"), "no verdict"},
      {an_end("none left", "budget_exhausted"), "none left"},
      {an_end("stopped by hand", "cancelled"), "stopped by hand"}};
  for (const auto& [end, why] : ends) {
    auto s = asked_for(a_write());
    s.when(end).leads_to({"tool.call.review.awaited"});
    const auto question = s.the<tool_call::review_awaited>().question;
    EXPECT_NE(question.find("docs/plan.md"), std::string::npos) << question;
    EXPECT_NE(question.find(why), std::string::npos) << question;
    const auto sent = s.reactions<effect::send>();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent.front().to, stream_of(a_run));
    s.when(end).leads_to_nothing();
    s.when(tool_call::review{tool_call::review_verdict::approved,
                             "ann",
                             "fine",
                             s.in<tool_call::reviewing>().awaits.approval})
        .leads_to({"tool.call.reviewed", "tool.call.started"});
  }
}

TEST(model_review, that_could_not_even_begin_leaves_it_to_a_person) {
  auto s = asked_for(a_write());
  auto end = an_end("the log can't be read", "io_failed");
  end.child = {};
  s.when(end).leads_to({"tool.call.review.awaited"});
}

TEST(model_review, is_called_off_with_its_call_which_ends_after_it) {
  auto s = asked_for(a_write());
  s.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancel.requested"});
  s.when(tool_call::cancel{"again"}).leads_to_nothing();
  const auto owed = s.owed<effect::send>();
  ASSERT_EQ(owed.size(), 1U) << "it is owed after a crash too";
  EXPECT_EQ(owed.front().to, stream_of(the_reviewer()));
  const auto& off = std::get<session::call_off>(owed.front().what);
  EXPECT_EQ(off.what.session, the_reviewer());
  EXPECT_EQ(off.reason, "enough");
  EXPECT_EQ(s.owed<effect::open_child>().size(), 1U);
  s.when(an_end(approves)).leads_to({"tool.call.cancelled"}); // its verdict came too late
  EXPECT_EQ(told(s).answer, turn::tool_answer::cancelled);
}

TEST(model_review, is_paid_for_by_all_that_pay_for_the_asker) {
  auto work = an_assignment();
  work.agent.tool_bounds.reviewer = "test:judge";
  auto s = a_turn_that_calls(work);
  ask_tools(s, {asks("write_file", R"({"path":"a"})")});
  const auto sent = s.reactions<effect::send>();
  const auto asked = std::get<tool_call::request>(sent.at(0).what).what;
  EXPECT_EQ(asked.scopes.size(), work.scopes.size());
  EXPECT_TRUE(asked.subagents.empty());
}

// -- its session ----------------------------------------------------------------------------------

session::created a_reviewer_of(const tool_call::requested& what) {
  auto out = delegation::stub_of(what, model_review::session_of(what.call));
  out.agent.change([](agent_terms& a) {
    a.persona = "model-reviewer@1";
    a.models = {a_model("test:judge")};
    a.max_steps = 1;
  });
  out.scopes = {a_scope("session:" + to_string(out.session)), a_scope()};
  out.task = "Decide.";
  return out;
}

session_story a_review_that_began(const budget_policy policy = budget_policy::block) {
  auto what = a_reviewer_of(a_write());
  what.scopes.back().policy = policy;
  auto s = given<session_aggregate>();
  s.when(session::create{what});
  return s;
}
const turn::progress& now(const session_story& s) {
  return *s.in<session::active>().turns.now;
}

TEST(model_review, stands_one_level_below_its_asker_and_never_too_deep) {
  for (const auto& [asker, reviewer] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 1}, {2, 3}, {3, 3}}) {
    auto what = a_write();
    what.depth = asker;
    const auto made = a_reviewer_of(what);
    EXPECT_EQ(made.depth, reviewer);
    auto s = given<session_aggregate>();
    s.when(session::create{made});
    EXPECT_EQ(s.the<session::created>().depth, reviewer);
  }
}

TEST(model_review, makes_calls_that_are_marked_as_reviews_and_tells_who_answers) {
  auto s = a_review_that_began();
  EXPECT_EQ(s.the<turn::call_requested>().purpose, turn::call_purpose::review);
  s.when(turn::budget_reserved{now(s).call.call});
  s.when(says(now(s).call.call, approves));
  s.when(turn::budget_settled{now(s).call.call});
  const auto end = std::get<tool_call::finish>(s.reactions<effect::send>().at(0).what);
  EXPECT_EQ(end.child, the_reviewer());
  EXPECT_EQ(end.text, approves);
}

TEST(model_review, that_asks_for_a_tool_ends_without_a_verdict) {
  auto s = a_review_that_began();
  s.when(turn::budget_reserved{now(s).call.call});
  s.when(wants(now(s).call.call, {asks("write_file", R"({"path":"a"})")}));
  s.when(turn::budget_settled{now(s).call.call});
  EXPECT_EQ(s.the<session::ended>().code, "max_steps_exceeded");
}

TEST(model_review, ends_where_there_is_no_money_instead_of_waiting_for_it) {
  for (const auto policy : {budget_policy::block, budget_policy::prompt}) {
    auto s = a_review_that_began(policy);
    s.when(turn::budget_refused{
        now(s).call.call, a_scope().scope, refuse(errc::budget_exhausted, "none left")});
    s.when(turn::budget_settled{now(s).call.call});
    EXPECT_EQ(s.the<session::ended>().code, "budget_exhausted");
    EXPECT_TRUE(s.is_final());
  }
}

} // namespace
} // namespace ash::testing
