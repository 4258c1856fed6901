#include "actors/tokens/merge.hpp"

#include "actors/tokens/embedded_ranks.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace ash::tokens {
namespace {

/// As the definition says it, however long that takes.
std::size_t merge_plainly(const vocabulary& by, const std::string& piece) {
  std::vector<std::string> parts;
  for (const auto c : piece)
    parts.emplace_back(1, c);
  for (;;) {
    auto lowest = vocabulary::none;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      if (const auto rank = by.find(parts[i] + parts[i + 1]); rank < lowest) {
        lowest = rank;
        at = i;
      }
    if (lowest == vocabulary::none)
      return parts.size();
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

TEST(merging, gives_what_the_definition_gives_for_pieces_of_every_length) {
  const auto by = vocabulary::parse(embedded_ranks());
  ASSERT_TRUE(by);
  std::mt19937 dice{7};
  for (std::size_t size = 1; size <= 300; ++size)
    for (const std::string_view letters : {"a", "ab", "etaoinshr", "\xE4\xB8\x80\x81", "=-"}) {
      std::string piece;
      for (std::size_t i = 0; i < size; ++i)
        piece += letters[dice() % letters.size()];
      EXPECT_EQ(merge(by.value(), piece), merge_plainly(by.value(), piece)) << piece;
    }
}

} // namespace
} // namespace ash::tokens
