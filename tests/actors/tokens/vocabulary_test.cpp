#include "actors/tokens/vocabulary.hpp"

#include "actors/tokens/embedded_ranks.hpp"

#include <gtest/gtest.h>
#include <string>

namespace ash::tokens {
namespace {

TEST(vocabulary, has_every_token_under_its_rank) {
  const auto all = vocabulary::parse(embedded_ranks());
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_EQ(all.value().size(), 100'256U);
  EXPECT_EQ(all.value().find("!"), 0U);
  EXPECT_EQ(all.value().find("  "), 256U);
  EXPECT_EQ(all.value().find(" Conveyor"), 100'255U);
  EXPECT_EQ(all.value().find("no such token"), vocabulary::none);
  EXPECT_EQ(all.value().find(""), vocabulary::none);
}

TEST(vocabulary, refuses_what_is_no_list_of_ranks) {
  for (const auto* wrong : {"",
                            "export default 1;",
                            "export default {};",
                            R"(export default {"bpe_ranks":7};)",
                            R"(export default {"bpe_ranks":"! 1 IQ=="};)",
                            R"(export default {"bpe_ranks":"! 0 I*=="};)",
                            R"(export default {"bpe_ranks":"! 0 IQ== "};)",
                            R"(export default {"bpe_ranks":"! 0 IQ==\n! 2 Ig=="};)"})
    EXPECT_FALSE(vocabulary::parse(wrong)) << wrong;
}

} // namespace
} // namespace ash::tokens
