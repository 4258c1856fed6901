// Money: 256 children under a root of $1.00, on a scripted model with random usage, failures and
// unknown usage, killed again and again. The children are sessions whose scopes end in the root's.
#include "tests/e2e/money_children.hpp"

#include "tests/e2e/harness.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <random>

namespace ash::e2e {
namespace {

constexpr auto a_persona = R"(name: spender
version: 1
title: Spender
capabilities: [spending]
model: "scripted:{{script}}"
max_cost_per_call: 1
max_tokens: {{max_tokens}}
system_prompt: You answer.
)";

/// What one scope holds, folded from its facts.
struct held {
  budget_terms terms;
  usd settled;
  usd reserved;
  usd excess; ///< what settlements took beyond their reservations: it shows in the facts
};

/// The most that a `block` scope was beyond its cap on any prefix of the log, but for what
/// providers claimed beyond a reservation.
struct check_of_prefixes {
  std::map<std::string, held> scopes;
  usd worst{-1'000'000'000'000'000};
  usd excess;

  void take(const fact_at& each) {
    auto& scope = scopes[std::string{each.record.stream.key()}];
    if (const auto* opened = std::get_if<budget::opened>(&each.fact))
      scope.terms = opened->terms;
    else if (const auto* changed = std::get_if<budget::cap_changed>(&each.fact))
      scope.terms.cap = changed->cap;
    else if (const auto* reserved = std::get_if<budget::reserved>(&each.fact))
      scope.reserved += reserved->amount;
    else if (const auto* released = std::get_if<budget::released>(&each.fact))
      scope.reserved -= released->amount;
    else if (const auto* settled = std::get_if<budget::settled>(&each.fact)) {
      scope.reserved -= settled->reserved;
      scope.settled += settled->actual;
      if (settled->actual > settled->reserved)
        scope.excess += settled->actual - settled->reserved;
      excess = std::max(excess, scope.excess);
    } else {
      return;
    }
    if (scope.terms.policy == budget_policy::block)
      worst = std::max(worst, scope.settled + scope.reserved - scope.terms.cap - scope.excess);
  }
};

/// What each scope's calls cost, by the scopes that each call was asked for in.
std::map<std::string, usd> ledger_of(const std::vector<fact_at>& facts) {
  std::map<call_id, std::vector<std::string>> payers;
  std::map<std::string, usd> out;
  const auto pay = [&](const call_id& call, usd cost) {
    for (const auto& scope : payers.at(call))
      out[scope] += cost;
  };
  for (const auto& each : facts) {
    if (const auto* asked = std::get_if<turn::call_requested>(&each.fact))
      for (const auto& terms : asked->scopes)
        payers[asked->call].push_back(terms.scope);
    else if (const auto* done = std::get_if<turn::call_completed>(&each.fact))
      pay(done->call, done->cost);
    else if (const auto* failed = std::get_if<turn::call_failed>(&each.fact))
      pay(failed->call, failed->cost);
    else if (const auto* lost = std::get_if<turn::call_lost>(&each.fact))
      pay(lost->call, lost->cost);
  }
  return out;
}

/// To the unit, in every scope: the children's, their parents', the root's and the day's.
void expect_the_calls_are_what_is_settled(const std::vector<fact_at>& facts, const books& of) {
  const auto ledger = ledger_of(facts);
  EXPECT_GT(ledger.size(), static_cast<std::size_t>(money_groups));
  for (const auto& [scope, spent] : ledger) {
    const auto settled = of.settled.find(scope);
    EXPECT_EQ(spent, settled == of.settled.end() ? usd{} : settled->second) << scope;
  }
  for (const auto& [scope, settled] : of.settled)
    EXPECT_TRUE(ledger.contains(scope)) << scope << " settled " << to_string(settled);
}

/// What the same calls come to where a cap is looked at before a call and counted after it, with
/// all children at once.
usd checked_after_the_call(const std::vector<money_kind>& kinds) {
  constexpr usd input{100'000}; // a token of the scripted model
  constexpr usd output{400'000};
  usd spent;
  for (int round = 0; round < money_rounds; ++round) {
    usd wave;
    for (int child = 0; child < money_children; ++child) {
      const auto& kind = kinds[static_cast<std::size_t>(money_kind_of(child, round))];
      if (spent < money_root_cap)
        wave += times(kind.input, input) + times(kind.output, output);
    }
    spent += wave;
  }
  return spent;
}

class money : public testing::Test {
protected:
  void write(const std::vector<money_kind>& kinds) {
    write_text(home_ / "script.yaml", money_script(kinds));
    write_text(home_ / "definitions/personas/spender@1.yaml",
               fill_in(a_persona,
                       {{"script", home_ / "script.yaml"},
                        {"max_tokens", std::to_string(money_max_tokens)}}));
  }

  /// Starts the children; kills them once the log has grown by `facts`, or lets them end.
  bool spend(std::uint64_t facts) {
    process_options what;
    what.command = {MONEY_CHILDREN, home_ / "data", home_ / "definitions"};
    what.environment = clean_environment(home_.path());
    what.limit = std::chrono::seconds{240};
    const auto out = home_ / ("out-" + std::to_string(++starts_));
    background_process process{what, out};
    std::uint64_t first = 0;
    wait_until(std::chrono::seconds{240}, [&] {
      const auto lines = lines_of(read_text(out));
      if (!lines.empty() && lines.back().starts_with("at ")) {
        const auto at = std::stoull(lines.back().substr(3));
        if (first == 0)
          first = at;
        if (at - first >= facts)
          return true;
      }
      return !process.running();
    });
    const auto ended = !process.running();
    if (!ended)
      ::kill(process.id(), SIGKILL);
    last_ = read_text(out);
    return ended && last_.ends_with("done\n");
  }

  void spend_with_kills(std::uint64_t seed) {
    std::mt19937_64 random{seed};
    for (int kill = 0; kill < 6; ++kill)
      spend(50 + random() % 1'200);
    ASSERT_TRUE(spend(UINT64_MAX)) << last_;
  }

  temporary_directory home_;
  std::string last_;
  int starts_ = 0;
};

TEST_F(money, never_exceeds_a_cap_on_any_prefix_of_the_log) {
  const auto kinds = money_script_kinds(1, claims::within_bounds);
  write(kinds);
  ASSERT_NO_FATAL_FAILURE(spend_with_kills(2));
  const left_log log{home_ / "data"};
  const auto facts = log.facts();
  check_of_prefixes seen;
  for (const auto& each : facts)
    seen.take(each);
  EXPECT_EQ(log.damages(), "");
  EXPECT_LE(seen.worst, usd{}) << to_string(seen.worst);
  EXPECT_EQ(seen.excess, usd{}) << "a settlement went above its reservation";
  const auto books = count_money(facts);
  const auto& root = seen.scopes.at(money_root());
  EXPECT_EQ(books.spent_by_calls, root.settled);
  EXPECT_EQ(books.open.at(money_root()), usd{});
  expect_the_calls_are_what_is_settled(facts, books);
  for (const auto& [scope, left] : books.open)
    EXPECT_EQ(left, usd{}) << scope;
  // The test is one of money that ran short, of calls that were cut, failed and not counted.
  EXPECT_GT(root.settled, usd{money_root_cap.pico / 10 * 6});
  EXPECT_GT(only<turn::suspended>(facts).size(), 0U);
  EXPECT_GT(only<turn::call_lost>(facts).size(), 0U);
  EXPECT_GT(only<turn::call_failed>(facts).size(), 0U);
  EXPECT_GT(checked_after_the_call(kinds), money_root_cap);
  std::printf("%zu calls, %s of %s spent; checked after the call: %s\n",
              only<turn::call_started>(facts).size(),
              to_string(root.settled).c_str(),
              to_string(money_root_cap).c_str(),
              to_string(checked_after_the_call(kinds)).c_str());
}

TEST_F(money, shows_what_providers_claim_beyond_what_they_were_allowed) {
  write(money_script_kinds(3, claims::excess));
  ASSERT_NO_FATAL_FAILURE(spend_with_kills(4));
  const left_log log{home_ / "data"};
  const auto facts = log.facts();
  check_of_prefixes seen;
  for (const auto& each : facts)
    seen.take(each);
  EXPECT_GT(seen.excess, usd{});
  EXPECT_LE(seen.worst, usd{}) << to_string(seen.worst);
  const auto books = count_money(facts);
  EXPECT_EQ(books.spent_by_calls, seen.scopes.at(money_root()).settled);
  expect_the_calls_are_what_is_settled(facts, books);
  for (const auto& [scope, left] : books.open)
    EXPECT_EQ(left, usd{}) << scope;
}

} // namespace
} // namespace ash::e2e
