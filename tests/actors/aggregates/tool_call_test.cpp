#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

namespace ash::testing {
namespace {

tool_call::requested a_request(effect_class effect = effect_class::write) {
  tool_call::requested what;
  what.call = an_id<tool_call_id>("tool");
  what.owner = stream_of(a_phase);
  what.name = effect == effect_class::write ? "write_file" : "read_file";
  what.arguments = R"({"path":"a"})";
  what.effect = effect;
  what.terms = an_agent().tool_bounds;
  what.root = stream_of(a_run);
  what.phase_key = "spec";
  what.worktree = "/worktree";
  return what;
}

tool_story a_running_call(effect_class effect = effect_class::write) {
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{a_request(effect)});
  return s;
}

tool_story a_call_in_review() {
  auto what = a_request();
  what.review = true;
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what});
  return s;
}

TEST(tool_call, runs_and_tells_its_owner) {
  auto s = a_running_call();
  s.leads_to({"tool.call.requested", "tool.call.started"});
  EXPECT_EQ(s.reactions<effect::run_tool>().size(), 1U);
  tool_call::finish end;
  end.text = "done";
  end.full = "done and more";
  end.written = {{"a", "abc"}};
  s.when(end).leads_to({"tool.call.completed"});
  EXPECT_EQ(s.the<tool_call::completed>().full.size, 13);
  EXPECT_EQ(s.reactions<effect::send>().at(0).to, stream_of(a_phase));
  EXPECT_EQ(told(s).written.at(0).sha256, "abc");
  EXPECT_TRUE(s.is_final());
}

TEST(tool_call, is_denied_by_policy_with_the_rule) {
  auto what = a_request();
  what.arguments = R"({"path":".env"})";
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what}).leads_to({"tool.call.requested", "tool.call.denied"});
  EXPECT_EQ(s.the<tool_call::denied>().code, "secret_path_denied");
  EXPECT_FALSE(s.the<tool_call::denied>().rule.empty());
  EXPECT_TRUE(s.reactions<effect::run_tool>().empty());
  EXPECT_EQ(told(s).answer, turn::tool_answer::denied);
}

TEST(tool_call, waits_for_a_review_and_does_what_it_says) {
  auto s = a_call_in_review();
  s.leads_to({"tool.call.requested", "tool.call.review.awaited"});
  EXPECT_EQ(s.owes(), std::vector<std::string>{"approval"});
  s.when(tool_call::request{a_request()}).leads_to_nothing();
  s.when(tool_call::finish{}).refuses(errc::invalid_transition);
  s.when(tool_call::review{tool_call::review_verdict::approved, "ann", "fine"})
      .leads_to({"tool.call.reviewed", "tool.call.started"});
  s.when(tool_call::review{}).leads_to_nothing();
  auto t = a_call_in_review();
  t.when(tool_call::review{tool_call::review_verdict::denied, "ann", "no"})
      .leads_to({"tool.call.reviewed", "tool.call.denied"});
  EXPECT_EQ(told(t).code, "permission_denied");
  auto u = a_call_in_review();
  u.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancelled"});
}

tool_story a_call_outside_its_paths() {
  auto what = a_request();
  what.terms.writable_paths = {"src/**"};
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what});
  return s;
}

approval_id asked_by(const tool_story& s) {
  return s.in<tool_call::reviewing>().awaits.approval;
}

TEST(tool_call, outside_of_what_may_be_written_asks_at_the_root_and_asks_again_after_a_crash) {
  auto s = a_call_outside_its_paths();
  s.leads_to({"tool.call.requested", "tool.call.review.awaited"});
  const auto sent = s.reactions<effect::send>().at(0);
  EXPECT_EQ(sent.to, stream_of(a_run));
  const auto asked = std::get<run::request_approval>(sent.what).what;
  EXPECT_EQ(asked.kind, run::approval_kind::tool);
  EXPECT_EQ(asked.asker, stream_of(a_request().call));
  EXPECT_EQ(asked.phase_key, "spec");
  EXPECT_EQ(asked.subject, "write_file");
  EXPECT_NE(asked.question.find("'a'"), std::string::npos);
  EXPECT_EQ(asked.content.text, a_request().arguments);
  const auto again = s.owed<effect::send>().at(0);
  EXPECT_EQ(std::get<run::request_approval>(again.what).what.approval, asked.approval);
  EXPECT_TRUE(s.reactions<effect::run_tool>().empty());
}

TEST(tool_call, runs_once_it_is_approved_and_only_by_the_approval_that_it_asked_for) {
  auto s = a_call_outside_its_paths();
  const auto approval = asked_by(s);
  const auto yes = tool_call::review_verdict::approved;
  s.when(tool_call::review{yes, "ann", "", an_id<approval_id>("another")}).leads_to_nothing();
  s.when(tool_call::review{yes, "ann", "", approval})
      .leads_to({"tool.call.reviewed", "tool.call.started"});
  EXPECT_EQ(s.reactions<effect::run_tool>().size(), 1U);
  s.when(tool_call::review{yes, "ann", "", approval}).leads_to_nothing();
}

TEST(tool_call, that_is_not_approved_is_denied_and_the_model_is_told_why) {
  auto s = a_call_outside_its_paths();
  const auto no = tool_call::review_verdict::denied;
  s.when(tool_call::review{no, "ann", "write beneath src", asked_by(s)})
      .leads_to({"tool.call.reviewed", "tool.call.denied"});
  EXPECT_EQ(told(s).code, "permission_denied");
  EXPECT_NE(told(s).text.find("ann denied it: write beneath src"), std::string::npos);
}

TEST(tool_call, whose_root_takes_no_question_is_denied) {
  auto s = a_call_outside_its_paths();
  const auto sent = s.reactions<effect::send>().at(0);
  const auto refused = std::get<tool_call::review>(*sent.if_refused);
  s.when(refused).leads_to({"tool.call.reviewed", "tool.call.denied"});
}

TEST(tool_call, without_a_root_is_denied_where_it_would_have_to_be_asked_about) {
  auto what = a_request();
  what.terms.writable_paths = {"src/**"};
  what.root = {};
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::request{what}).leads_to({"tool.call.requested", "tool.call.denied"});
  EXPECT_EQ(s.the<tool_call::denied>().code, "permission_denied");
}

TEST(tool_call, that_is_called_off_takes_its_question_back) {
  auto s = a_call_outside_its_paths();
  const auto approval = asked_by(s);
  s.when(tool_call::cancel{"enough"}).leads_to({"tool.call.cancelled"});
  const auto withdrawn = [&](const std::vector<effect::send>& sent) {
    return std::any_of(sent.begin(), sent.end(), [&](const effect::send& each) {
      const auto* taken = std::get_if<run::withdraw_approval>(&each.what);
      return taken != nullptr && taken->approval == approval;
    });
  };
  EXPECT_TRUE(withdrawn(s.reactions<effect::send>()));
  EXPECT_TRUE(withdrawn(s.owed<effect::send>()));
}

TEST(tool_call, fails_with_what_the_model_is_told) {
  auto s = a_running_call();
  tool_call::finish end;
  end.failed = true;
  end.code = "timed_out";
  end.text = "too slow";
  s.when(end).leads_to({"tool.call.failed"});
  EXPECT_EQ(told(s).answer, turn::tool_answer::failed);
  EXPECT_EQ(told(s).text, "too slow");
}

TEST(tool_call, that_runs_is_called_off_and_ends_as_its_effect_answers) {
  auto s = a_running_call();
  s.when(tool_call::cancel{"enough"})
      .then({tool_call::cancel_requested{a_request().call, "enough"}});
  EXPECT_EQ(s.reactions<effect::call_off>().at(0).effect,
            "tool.run:" + to_string(a_request().call));
  s.when(tool_call::cancel{"enough"}).leads_to_nothing();
  tool_call::finish end;
  end.failed = true;
  end.code = "cancelled";
  end.text = "killed";
  s.when(end).leads_to({"tool.call.cancelled"});
  EXPECT_EQ(told(s).answer, turn::tool_answer::cancelled);
}

TEST(tool_call, whose_cancel_overtakes_its_request_never_begins) {
  auto what = a_request();
  what.terms.hooks = {{hook_event::pre_tool, {}, "look", 10'000}};
  auto s = given<tool_call_aggregate>();
  s.when(tool_call::cancel{"enough", what})
      .leads_to({"tool.call.requested", "tool.call.cancelled"});
  EXPECT_EQ(s.the<tool_call::requested>().name, what.name);
  EXPECT_EQ(s.reacted(), std::vector<std::string>{"tool.answer"}) << "no hook is asked";
  EXPECT_EQ(told(s).answer, turn::tool_answer::cancelled);
  EXPECT_TRUE(s.is_final());
  s.when(tool_call::request{what}).leads_to_nothing();
  s.when(tool_call::cancel{"enough", what}).leads_to_nothing();
  EXPECT_TRUE(s.owed<effect::run_tool>().empty());
  // Where the request was first, it makes no difference.
  auto t = a_running_call();
  t.when(tool_call::cancel{"enough", a_request()}).leads_to({"tool.call.cancel.requested"});
}

TEST(tool_call, that_is_called_off_may_still_complete) {
  auto s = a_running_call();
  s.when(tool_call::cancel{"enough"}).when(tool_call::finish{}).leads_to({"tool.call.completed"});
}

TEST(tool_call, is_in_doubt_after_a_crash_where_it_writes) {
  auto s = a_running_call(effect_class::write);
  EXPECT_EQ(s.owed<effect::tell_self>().size(), 1U);
  EXPECT_TRUE(s.owed<effect::run_tool>().empty());
  s.when(tool_call::doubt{}).leads_to({"tool.call.in_doubt"});
  EXPECT_EQ(told(s).answer, turn::tool_answer::in_doubt);
  EXPECT_EQ(told(s).code, "tool_in_doubt");
}

TEST(tool_call, is_run_again_after_a_crash_where_that_does_no_harm) {
  for (const auto effect : {effect_class::read, effect_class::idempotent}) {
    auto s = a_running_call(effect);
    EXPECT_EQ(s.owed<effect::run_tool>().size(), 1U);
    s.when(tool_call::doubt{}).leads_to_nothing();
  }
}

TEST(tool_call, tells_its_owner_again_when_that_asks_again) {
  auto s = a_running_call();
  s.when(tool_call::request{a_request()}).leads_to_nothing();
  s.when(tool_call::finish{});
  s.when(tool_call::request{a_request()}).leads_to_nothing();
  EXPECT_EQ(s.owes(), std::vector<std::string>{"tool.answer"});
}

TEST(tool_call, ignores_what_comes_after_its_end) {
  auto s = a_running_call();
  s.when(tool_call::finish{});
  s.when(tool_call::finish{}).leads_to_nothing();
  s.when(tool_call::cancel{"late"}).leads_to_nothing();
  s.when(tool_call::doubt{}).leads_to_nothing();
  s.when(tool_call::review{}).leads_to_nothing();
  given<tool_call_aggregate>().when(tool_call::finish{}).refuses(errc::invalid_transition);
  given<tool_call_aggregate>().when(tool_call::cancel{}).refuses(errc::invalid_transition);
}

} // namespace
} // namespace ash::testing
