// Fetched prices: what a provider says, what is kept of it, and which price goes first.
#include "actors/definitions/price_book.hpp"
#include "tests/actors/definitions/scratch.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace ash::definitions {
namespace {

using testing::HasSubstr;

constexpr instant fetched_at{1'763'726'400'000'000}; // 2025-11-21T12:00:00Z

std::string answer(const std::string& pricing, const std::string& id = "m") {
  return R"({"data": [{"id": "always", "pricing": {"prompt": "0", "completion": "0"}}, {"id": ")" +
         id + R"(", "pricing": )" + pricing + "}]}";
}

result<price_table> table_of(const std::string& body) {
  TRY(const auto fetched, parse_models("p", body, fetched_at));
  return price_table{fetched.rows};
}

TEST(fetched_prices, are_exact_to_the_unit) {
  const auto body = answer(R"({"prompt": "0.000000000001", "completion": "0.0000012345",
    "input_cache_read": "0", "request": "0", "image": "0.5", "internal_reasoning": "0.000002"})",
                           "deep/seek-*:free");
  const auto table = table_of(body);
  ASSERT_TRUE(table.has_value()) << to_string(table.error());
  EXPECT_EQ(table.value().find("p:deep/seek-*:free"), (model_price{{1}, {0}, {2'000'000}}));
  EXPECT_EQ(table.value().find("p:deep/seek-x:free"), std::nullopt) << "a name is no glob";
  EXPECT_EQ(table.value().rows().at(0).as_of, "2025-11-21");
}

TEST(fetched_prices, leave_out_what_does_not_bound_what_a_call_costs) {
  for (const auto* pricing :
       {R"({"prompt": "-1", "completion": "-1"})",                  // varies
        R"({"prompt": "0.0000000000001", "completion": "0"})",      // too fine to be exact
        R"({"prompt": 0.1, "completion": 0.1})",                    // not a text
        R"({"prompt": "1e-7", "completion": "1e-7"})",              // not decimal
        R"({"prompt": "0.1", "completion": "0"})",                  // $100,000 a million
        R"({"prompt": "99999999999999999999", "completion": "0"})", // out of range
        R"({"prompt": "0", "completion": "0", "request": "0.01"})", // charges a request
        R"({"prompt": "0", "completion": "0", "input_cache_read": "0.001"})",
        R"({"prompt": "0", "completion": "0", "internal_reasoning": "?"})",
        R"({"prompt": "0"})",
        R"([])",
        R"(null)"}) {
    const auto fetched = parse_models("p", answer(pricing), fetched_at);
    ASSERT_TRUE(fetched.has_value()) << pricing;
    EXPECT_EQ(fetched.value().rows.size(), 1U) << pricing;
    EXPECT_EQ(fetched.value().left_out, 1U) << pricing;
  }
  const auto bad_name = parse_models(
      "p", answer(R"({"prompt": "0", "completion": "0"})", std::string(300, 'x')), fetched_at);
  EXPECT_EQ(bad_name.value().left_out, 1U);
}

TEST(fetched_prices, are_refused_where_there_are_none) {
  for (const auto* body : {"",
                           "[]",
                           R"({"data": {}})",
                           R"({"data": []})",
                           R"({"data": [{"id": "m", "object": "model"}]})",
                           R"({"data": [1, null]})"}) {
    const auto fetched = parse_models("p", body, fetched_at);
    ASSERT_FALSE(fetched.has_value()) << body;
    EXPECT_EQ(fetched.error().code, errc::provider_response_invalid) << body;
    EXPECT_THAT(fetched.error().message, HasSubstr("`prices`"));
  }
}

price_row a_row(std::string model, std::int64_t pico, price_source source) {
  return {std::move(model), {{pico}, {pico}, {pico}}, {}, source, false};
}

TEST(price_book, asks_the_configuration_first_then_what_was_fetched_then_what_is_shipped) {
  const scratch dir;
  const auto kept = dir.path() + "/prices";
  const auto book = price_book::open({a_row("openai:mine", 7, price_source::config)}, kept);
  ASSERT_TRUE(book.has_value()) << to_string(book.error());
  const auto before = book.value()->now();
  const auto shipped = price_table::shipped().find("openai:gpt-4o");
  EXPECT_EQ(before->find("openai:gpt-4o"), shipped);
  fetched_prices fetched{"openai",
                         "2025-11-21T12:00:00.000000Z",
                         {a_row("openai:mine", 8, price_source::fetched),
                          a_row("openai:gpt-4o", 9, price_source::fetched)},
                         2};
  ASSERT_TRUE(keep_prices(kept, fetched).has_value());
  const auto after = book.value()->now();
  EXPECT_EQ(after->find("openai:mine")->input, usd{7});
  EXPECT_EQ(after->find("openai:gpt-4o")->input, usd{9}) << "a running process takes it up";
  EXPECT_EQ(before->find("openai:gpt-4o"), shipped) << "who holds a table keeps it";
  struct stat facts {};
  ASSERT_EQ(::stat((kept + "/openai.json").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  const auto read = kept_prices(kept);
  ASSERT_TRUE(read.has_value()) << to_string(read.error());
  ASSERT_EQ(read.value().size(), 1U);
  EXPECT_EQ(read.value()[0].left_out, 2U);
  EXPECT_EQ(read.value()[0].rows.at(1).as_of, "2025-11-21");
}

TEST(price_book, tells_of_a_damaged_file_and_goes_on_with_what_it_had) {
  const scratch dir;
  const auto book = price_book::open({}, dir.path());
  ASSERT_TRUE(book.has_value());
  const auto shipped = book.value()->now()->find("openai:gpt-4o");
  for (const auto* text : {"",
                           "{",
                           R"({"provider": "q"})",
                           R"({"provider": "openai", "fetched_at": "x", "left_out": 0, "models":
                              [{"model": "openai:gpt-4o", "input": "-1", "cached_input": "0",
                                "output": "0"}]})",
                           R"({"provider": "openai", "fetched_at": "x", "left_out": 0, "models":
                              [{"model": "anthropic:x", "input": "0", "cached_input": "0",
                                "output": "0"}]})"}) {
    dir.write("openai.json", text);
    const auto again = price_book::open({}, dir.path());
    ASSERT_FALSE(again.has_value()) << text;
    EXPECT_EQ(again.error().code, errc::config_invalid);
    EXPECT_THAT(again.error().message, HasSubstr("openai.json"));
    EXPECT_EQ(book.value()->now()->find("openai:gpt-4o"), shipped);
  }
}

} // namespace
} // namespace ash::definitions
