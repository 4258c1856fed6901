#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

namespace ash::testing {
namespace {

const auto first = an_id<call_id>("first");
const auto second = an_id<call_id>("second");

budget_terms
terms(std::int64_t cap, std::int64_t warn = 0, budget_policy policy = budget_policy::block) {
  return {"day:2026-11-21", {cap}, {warn}, policy};
}
budget::reserve takes(call_id call, std::int64_t amount, const budget_terms& t) {
  return {call, stream_of(a_phase), {amount}, t};
}

TEST(budget, opens_with_the_first_reservation) {
  const auto t = terms(100);
  given<budget_aggregate>()
      .when(takes(first, 40, t))
      .then({budget::opened{t}, budget::reserved{first, stream_of(a_phase), {40}}});
}

TEST(budget, reserves_a_call_once_and_settles_it_once) {
  const auto t = terms(100);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, t));
  s.when(takes(first, 40, t)).leads_to_nothing();
  EXPECT_EQ(s.state().reserved, usd{40});
  s.when(budget::settle{first, {30}}).then({budget::settled{first, {40}, {30}}});
  EXPECT_EQ(s.state().committed(), usd{30});
  s.when(budget::settle{first, {30}}).leads_to_nothing();
  s.when(budget::release{first}).leads_to_nothing();
  s.when(budget::settle{second, {1}}).leads_to_nothing();
}

TEST(budget, releases_what_was_reserved) {
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, terms(100)));
  s.when(budget::release{first}).then({budget::released{first, {40}}});
  EXPECT_EQ(s.state().committed(), usd{});
}

TEST(budget, blocks_what_would_go_beyond_the_cap) {
  const auto t = terms(100);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 101, t)).refuses(errc::budget_exhausted);
  s.when(takes(first, 60, t)).when(takes(second, 41, t)).refuses(errc::budget_exhausted);
  s.when(takes(second, 40, t)).leads_to({"budget.reserved", "budget.exhausted"});
  s.when(takes(an_id<call_id>("third"), 0, t)).refuses(errc::budget_exhausted);
  auto closed = given<budget_aggregate>();
  closed.when(takes(first, 0, terms(0))).refuses(errc::budget_exhausted);
}

TEST(budget, says_what_to_do_where_it_blocks) {
  const auto t = terms(100);
  const auto refused = budget_aggregate::decide({}, takes(first, 101, t), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("`actor-shell budget set " + t.scope + " --cap USD`"),
            std::string::npos)
      << refused.error().message;
}

TEST(budget, lets_the_one_call_pass_that_someone_let_go_beyond_a_cap_that_asks) {
  const auto t = terms(100, 0, budget_policy::prompt);
  const auto approval = an_id<approval_id>("approval");
  auto asked = takes(first, 101, t);
  asked.approval = approval;
  auto s = given<budget_aggregate>();
  s.when(asked).leads_to({"budget.opened", "budget.reserved", "budget.exhausted"});
  EXPECT_EQ(s.the<budget::reserved>().approval, approval);
  s.when(takes(second, 1, t)).refuses(errc::budget_exhausted);
  auto within = takes(first, 40, t);
  within.approval = approval;
  auto r = given<budget_aggregate>();
  r.when(within).leads_to({"budget.opened", "budget.reserved"});
  EXPECT_TRUE(r.the<budget::reserved>().approval.is_nil()) << "it was not needed";
  auto blocks = takes(first, 101, terms(100));
  blocks.approval = approval;
  given<budget_aggregate>().when(blocks).refuses(errc::budget_exhausted);
}

TEST(budget, acts_as_block_where_it_would_have_to_ask) {
  given<budget_aggregate>()
      .when(takes(first, 101, terms(100, 0, budget_policy::prompt)))
      .refuses(errc::budget_exhausted);
}

TEST(budget, records_a_settlement_above_the_cap) {
  auto s = given<budget_aggregate>();
  s.when(takes(first, 50, terms(100)));
  s.when(budget::settle{first, {150}}).leads_to({"budget.settled", "budget.exhausted"});
  EXPECT_EQ(s.state().settled, usd{150});
}

TEST(budget, warns_once_when_the_threshold_is_crossed) {
  const auto t = terms(100, 50);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, t)).leads_to({"budget.opened", "budget.reserved"});
  s.when(takes(second, 20, t)).leads_to({"budget.reserved", "budget.warned"});
  EXPECT_EQ(s.the<budget::warned>().committed, usd{60});
  s.when(takes(an_id<call_id>("third"), 20, t)).leads_to({"budget.reserved"});
}

TEST(budget, goes_on_beyond_the_cap_where_it_only_warns) {
  const auto t = terms(100, 0, budget_policy::warn_continue);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 150, t))
      .leads_to({"budget.opened", "budget.reserved", "budget.warned", "budget.exhausted"});
  EXPECT_EQ(s.the<budget::warned>().threshold, usd{100});
  s.when(takes(second, 50, t)).leads_to({"budget.reserved"});
}

TEST(budget, grants_again_once_the_cap_is_raised) {
  const auto t = terms(100, 80);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 100, t));
  s.when(budget::set_cap{{200}, {180}, "ann"}).then({budget::cap_changed{{200}, {180}, "ann"}});
  s.when(budget::set_cap{{200}, {180}, "ann"}).leads_to_nothing();
  s.when(takes(second, 90, t)).leads_to({"budget.reserved", "budget.warned"});
  s.when(budget::set_cap{{-1}, {}, "ann"}).refuses(errc::argument_invalid);
  given<budget_aggregate>().when(budget::set_cap{{1}, {}, "ann"}).refuses(errc::invalid_transition);
  given<budget_aggregate>()
      .when(budget::set_cap{{200}, {180}, "ann", {"run:x", {1}, {}, budget_policy::block}})
      .then({budget::opened{{"run:x", {200}, {180}, budget_policy::block}}});
}

// -- days -----------------------------------------------------------------------------------------

const auto next_day = noon + std::int64_t{12} * 3'600 * 1'000'000;
const auto in_the_evening = next_day + -1;
const auto third = an_id<call_id>("third");

TEST(budget, grants_nothing_in_a_scope_whose_day_is_over) {
  const auto t = terms(100);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, t), in_the_evening).leads_to({"budget.opened", "budget.reserved"});
  s.when(takes(second, 1, t), next_day).refuses(errc::budget_exhausted);
  s.when(takes(first, 40, t)).leads_to_nothing(); // what was granted before stays granted
  given<budget_aggregate>().when(takes(first, 1, t), next_day).refuses(errc::budget_exhausted);
}

TEST(budget, closes_after_midnight_once_everything_is_settled) {
  const auto t = terms(100);
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, t), in_the_evening).when(takes(second, 20, t));
  s.when(budget::settle{first, {30}}, next_day).leads_to({"budget.settled"});
  s.when(budget::release{second}, next_day)
      .then({budget::released{second, {20}}, budget::closed{{30}}});
  s.when(budget::settle{second, {20}}).leads_to_nothing();
  s.when(takes(third, 1, t)).refuses(errc::budget_exhausted);
  s.when(budget::set_cap{{500}, {}, "ann"}).refuses(errc::invalid_transition);
  EXPECT_TRUE(budget_aggregate::is_final(s.state()));
}

TEST(budget, is_closed_by_any_settlement_after_its_day) {
  auto s = given<budget_aggregate>();
  s.when(takes(first, 40, terms(100)), in_the_evening).when(budget::settle{first, {7}});
  s.when(budget::release{{}}).leads_to_nothing();
  s.when(budget::release{{}}, next_day).then({budget::closed{{7}}});
  s.when(budget::release{{}}).leads_to_nothing();
}

TEST(budget, of_a_child_is_its_own_and_then_those_of_all_above_it) {
  const auto named = [](const char* scope) {
    return budget_terms{scope, {100}, {}, budget_policy::block};
  };
  const std::vector<budget_terms> parent{named("session:parent"),
                                         named("run:root"),
                                         named("persona:ann:2026-11-20"),
                                         named("day:2026-11-20")};
  const auto names = [&](std::vector<budget_terms> own) {
    std::vector<std::string> out;
    for (const auto& each : budget::scopes_beneath(std::move(own), parent))
      out.push_back(each.scope);
    return out;
  };
  EXPECT_EQ(names({named("session:child"), named("persona:bob:2026-11-21")}),
            (std::vector<std::string>{"session:child",
                                      "session:parent",
                                      "run:root",
                                      "persona:bob:2026-11-21",
                                      "persona:ann:2026-11-20",
                                      "day:2026-11-20"}));
  EXPECT_EQ(names({named("session:child"), named("persona:ann:2026-11-21")}),
            (std::vector<std::string>{"session:child",
                                      "session:parent",
                                      "run:root",
                                      "persona:ann:2026-11-21",
                                      "day:2026-11-20"}))
      << "the same persona's day pays once, on whatever day each of them began";
}

TEST(budget, knows_no_day_but_in_the_names_of_daily_scopes) {
  EXPECT_EQ(budget::date_of_scope("day:2026-11-21"), "2026-11-21");
  EXPECT_EQ(budget::date_of_scope("persona:a:b:2026-11-21"), "2026-11-21");
  EXPECT_EQ(budget::scope_of_persona("ann", "2026-11-21"), "persona:ann:2026-11-21");
  EXPECT_EQ(budget::date_of_scope("run:2026-11-21"), "");
  EXPECT_EQ(budget::date_of_scope("day:"), "");
  EXPECT_TRUE(budget::is_over("persona:ann:2026-11-21", next_day));
  EXPECT_FALSE(budget::is_over("persona:ann:2026-11-21", in_the_evening));
  EXPECT_FALSE(budget::is_over("session:ann", next_day));
}

} // namespace
} // namespace ash::testing
