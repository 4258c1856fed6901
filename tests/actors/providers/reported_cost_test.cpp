#include "actors/providers/reported_cost.hpp"

#include <gtest/gtest.h>

namespace ash::provider {
namespace {

TEST(reported_cost, keeps_every_digit_of_a_decimal_number) {
  EXPECT_EQ(parse_decimal_usd("0.000123456789")->pico, 123'456'789);
  EXPECT_EQ(parse_decimal_usd("0")->pico, 0);
  EXPECT_EQ(parse_decimal_usd("7")->pico, 7'000'000'000'000);
  EXPECT_EQ(parse_decimal_usd("0.1")->pico, 100'000'000'000);
}

TEST(reported_cost, understands_an_exponent) {
  EXPECT_EQ(parse_decimal_usd("1.25e-05")->pico, 12'500'000);
  EXPECT_EQ(parse_decimal_usd("12E+2")->pico, 1'200'000'000'000'000);
  EXPECT_EQ(parse_decimal_usd("1e-300")->pico, 0);
}

TEST(reported_cost, rounds_half_up_beyond_the_twelfth_decimal) {
  EXPECT_EQ(parse_decimal_usd("0.0000000000014")->pico, 1);
  EXPECT_EQ(parse_decimal_usd("0.0000000000015")->pico, 2);
  EXPECT_EQ(parse_decimal_usd("0.00000000000049999")->pico, 0);
  EXPECT_EQ(parse_decimal_usd("5e-13")->pico, 1);
  EXPECT_EQ(parse_decimal_usd("5e-14")->pico, 0);
}

TEST(reported_cost, refuses_what_is_no_amount) {
  for (const auto* text : {"", "-1", "1e999", "1000001", "99999999999999999999", "nan", "1.2.3"})
    EXPECT_EQ(parse_decimal_usd(text), std::nullopt) << text;
}

TEST(reported_cost, is_found_at_its_path_alone) {
  EXPECT_EQ(reported_cost(R"({"usage":{"a":{"cost":9},"cost":0.5}})", "usage", "cost")->pico,
            500'000'000'000);
  EXPECT_EQ(reported_cost(R"({"x":[{"usage":{"cost":1}}],"cost":2})", "usage", "cost"),
            std::nullopt);
  EXPECT_EQ(reported_cost(R"({"usage":{"cost":null}})", "usage", "cost"), std::nullopt);
  EXPECT_EQ(reported_cost(R"({"usage":[{"cost":1}]})", "usage", "cost"), std::nullopt);
}

} // namespace
} // namespace ash::provider
