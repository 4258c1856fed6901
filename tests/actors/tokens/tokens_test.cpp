#include "actors/tokens/tokens.hpp"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace ash {
namespace {

std::string repeated(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += what;
  return out;
}

TEST(tokens, are_counted_by_ranks_that_are_in_the_binary) {
  EXPECT_TRUE(are_token_counts_exact()) << "run ./dev setup: it fetches the ranks";
}

// The counts are those of OpenAI's tokeniser; tests/e2e/tokens_test.cpp holds many more against it.
TEST(tokens, are_those_of_cl100k_base) {
  EXPECT_EQ(count_tokens(""), 0U);
  EXPECT_EQ(count_tokens("hello world"), 2U);
  EXPECT_EQ(count_tokens("I'LL don't"), 5U);
  EXPECT_EQ(count_tokens("1234567"), 3U);
  EXPECT_EQ(count_tokens("a  \n\n b"), 3U);
}

TEST(tokens, take_the_names_of_special_tokens_for_text) {
  EXPECT_GT(count_tokens("<|endoftext|>"), 1U);
}

TEST(tokens, of_bytes_that_are_no_text_are_those_of_replacement_characters) {
  EXPECT_EQ(count_tokens("a\xFF"
                         "b"),
            count_tokens("a\uFFFDb"));
  EXPECT_EQ(count_tokens("\xE2\x82"), count_tokens("\uFFFD"));
}

TEST(tokens, of_endless_runs_are_counted_in_one_go) {
  constexpr std::size_t many = std::size_t{2} << 20;
  // "aaaaaaaa" is one token: of a run of them nothing is left over.
  EXPECT_EQ(count_tokens(repeated("aaaaaaaa", many / 8)), many / 8);
  for (const auto* unit : {" ", "\n", " \n", "=", "\u4E00", "ab", "\xFF"})
    EXPECT_GT(count_tokens(repeated(unit, many / 8)), 0U) << unit;
}

TEST(tokens, are_the_same_on_many_threads) {
  const auto text = repeated("The quick brown fox 12345 übt — 東京\n", 200);
  const auto one = count_tokens(text);
  std::vector<std::uint64_t> counts(8);
  std::vector<std::thread> all;
  for (auto& each : counts)
    all.emplace_back([&] { each = count_tokens(text); });
  for (auto& each : all)
    each.join();
  for (const auto each : counts)
    EXPECT_EQ(each, one);
}

} // namespace
} // namespace ash
