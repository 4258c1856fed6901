#include "actors/aggregates/call_price.hpp"

#include <algorithm>

namespace ash::turn {
namespace {

constexpr std::int64_t max_tokens = 100'000'000;
constexpr usd max_cost{10'000'000'000'000'000}; // $10,000

} // namespace

token_usage credible(token_usage claimed) {
  for (auto* count : {&claimed.input, &claimed.output, &claimed.cached, &claimed.reasoning})
    *count = std::clamp<std::int64_t>(*count, 0, max_tokens);
  claimed.cached = std::min(claimed.cached, claimed.input);
  return claimed;
}

bool is_credible(const std::optional<usd>& claimed) {
  return claimed && *claimed >= usd{} && *claimed <= max_cost;
}

usd price_of(const model_choice& model, const token_usage& usage) {
  return times(usage.input - usage.cached, model.input) + times(usage.cached, model.cached) +
         times(usage.output, model.output);
}

} // namespace ash::turn
