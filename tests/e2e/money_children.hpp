// The children of the money test: what they ask for, what it costs, and the scopes that pay. Shared
// by the test and by the process that it kills.
#pragma once

#include "events/base/ids.hpp"
#include "events/facts/common.hpp"

#include <string>
#include <vector>

namespace ash::e2e {

constexpr int money_children = 256;
constexpr int money_rounds = 4; ///< messages to each child
constexpr int money_groups = 8; ///< parents between the root and its children
constexpr int money_kinds = 24; ///< of answers in the script
constexpr std::int64_t money_max_tokens = 6'000;
constexpr usd money_root_cap{1'000'000'000'000}; // $1.00
constexpr usd money_group_cap{140'000'000'000};  // $0.14
constexpr usd money_day_cap{5'000'000'000'000};  // $5.00

/// How the model answers one kind of message.
struct money_kind {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t delay_ms = 0;
  bool usage_known = true;
  std::string fault; ///< YAML of one fault; empty: none
};

/// `excess`: some answers claim more tokens than they were allowed.
enum class claims : std::uint8_t { within_bounds, excess };
std::vector<money_kind> money_script_kinds(std::uint64_t seed, claims how);
std::string money_script(const std::vector<money_kind>& kinds);
int money_kind_of(int child, int round);

session_id money_child(int child);
std::string money_root();
/// The child's own, its parent's, the root's and the day's.
std::vector<budget_terms> money_scopes(int child);

} // namespace ash::e2e
