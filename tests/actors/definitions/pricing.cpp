// Prices, exact to the unit.
#include "actors/definitions/pricing.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::HasSubstr;

TEST(pricing, turns_dollars_a_million_tokens_into_exact_units_a_token) {
  const auto table = price_table::parse(R"(prices:
  - {model: "a:m*", input: 0.27, cached_input: 0.07, output: 1.1, as_of: "2026-11-01"}
  - {model: "a:**", input: 1, output: 0.000001, as_of: "2026-11-01"}
)",
                                        "p.yaml");
  ASSERT_TRUE(table.has_value()) << to_string(table.error());
  EXPECT_EQ(table.value().find("a:m1"), (model_price{{270'000}, {70'000}, {1'100'000}}));
  EXPECT_EQ(table.value().find("a:x/y"), (model_price{{1'000'000}, {1'000'000}, {1}}));
  EXPECT_EQ(table.value().find("b:m"), std::nullopt);
}

TEST(pricing, refuses_what_would_have_to_be_rounded_and_what_is_not_known) {
  const auto refusal = [](std::string_view row) {
    const auto table = price_table::parse("prices:\n  - " + std::string{row} + "\n", "p.yaml");
    return table ? "accepted" : table.error().message;
  };
  EXPECT_THAT(refusal(R"({model: "a:b", input: 0.0000001, output: 1, as_of: "2026-11-01"})"),
              HasSubstr("more than 6 decimals"));
  EXPECT_THAT(refusal(R"({model: "a:b", input: -1, output: 1, as_of: "2026-11-01"})"),
              HasSubstr("p.yaml:2:"));
  EXPECT_THAT(refusal(R"({model: "a:b", input: 1, output: 1, as_of: "yesterday"})"),
              HasSubstr("date"));
  EXPECT_THAT(refusal(R"({model: "a:b", input: 1, output: 1})"), HasSubstr("as_of"));
  EXPECT_THAT(refusal(R"({model: "a:b", input: 5000.000001, output: 1, as_of: "2026-11-01"})"),
              HasSubstr("above"));
  EXPECT_THAT(refusal(R"({model: ab, input: 1, output: 1, as_of: "2026-11-01"})"),
              HasSubstr("provider:model"));
  EXPECT_THAT(refusal(R"({model: "a:b", input: 1, output: 1, cost: 1, as_of: "2026-11-01"})"),
              HasSubstr("cost"));
}

TEST(pricing, ships_prices_for_the_common_models_and_the_scripted_one) {
  const auto& table = price_table::shipped();
  for (const auto* model : {"openrouter:deepseek/deepseek-chat",
                            "openrouter:deepseek/deepseek-chat-v3-0324",
                            "anthropic:claude-sonnet-4-5",
                            "openai:gpt-4o",
                            "openai:gpt-4o-mini-2024-07-18",
                            "scripted:builtin/demo",
                            "scripted:/some/file.yaml"})
    EXPECT_TRUE(table.find(model).has_value()) << model;
  EXPECT_EQ(table.find("openrouter:deepseek/deepseek-chat")->input, usd{270'000});
  EXPECT_LT(table.find("openai:gpt-4o-mini")->input, table.find("openai:gpt-4o")->input);
  EXPECT_EQ(table.find("nobody:knows"), std::nullopt);
}

} // namespace
} // namespace ash::definitions
