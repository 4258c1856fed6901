#include "tests/e2e/money_children.hpp"

#include "events/base/clock.hpp"

#include <random>

namespace ash::e2e {
namespace {

const uuid tree{0x6d6f6e6579000000ULL, 0x8000000000000001ULL};

} // namespace

std::vector<money_kind> money_script_kinds(std::uint64_t seed, claims how) {
  std::mt19937_64 random{seed};
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
  };
  std::vector<money_kind> out;
  for (int i = 0; i < money_kinds; ++i) {
    money_kind one{between(1, 40), between(1, money_max_tokens), between(0, 150), true, {}};
    switch (i % 6) {
    case 0:
      one.usage_known = false;
      break;
    case 1:
      one.fault = "{status: 500}";
      break;
    case 2:
      if (i == 2)
        one.fault = "{times: 9, status: 400}";
      break;
    case 3:
      one.fault = "{cut_after_chunks: 1}";
      break;
    case 4:
      if (how == claims::excess)
        one.output += money_max_tokens;
      break;
    default:
      break;
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string money_script(const std::vector<money_kind>& kinds) {
  std::string out = "turns:\n";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& kind = kinds[i];
    out += "  - match: {user: \"kind-" + std::to_string(i) + " \"}\n" +
           "    text: An answer of some length to a question of some kind.\n" + "    chunk: 16\n" +
           "    delay_ms: " + std::to_string(kind.delay_ms) + "\n";
    if (kind.usage_known)
      out += "    usage: {input: " + std::to_string(kind.input) +
             ", output: " + std::to_string(kind.output) + "}\n";
    if (!kind.fault.empty())
      out += "    faults: [" + kind.fault + "]\n";
  }
  return out;
}

int money_kind_of(int child, int round) {
  return static_cast<int>(derive(tree, std::to_string(child) + "/" + std::to_string(round)).low %
                          money_kinds);
}

session_id money_child(int child) {
  return {derive(tree, "child:" + std::to_string(child))};
}

std::string money_root() {
  return "run:" + to_string(run_id{derive(tree, "root")});
}

std::vector<budget_terms> money_scopes(int child) {
  const session_id group{derive(tree, "group:" + std::to_string(child % money_groups))};
  const budget_terms own{
      "session:" + to_string(money_child(child)), money_day_cap, {}, budget_policy::warn_continue};
  const budget_terms day{"day:" + utc_date(system_now()), money_day_cap, {}, budget_policy::block};
  return {own,
          {"session:" + to_string(group), money_group_cap, {}, budget_policy::block},
          {money_root(), money_root_cap, {}, budget_policy::block},
          day};
}

} // namespace ash::e2e
