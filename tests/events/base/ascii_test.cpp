#include "events/base/ascii.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace ash {
namespace {

TEST(ascii, folds_its_own_letters_alone) {
  EXPECT_EQ(lower("@AZ[`az{"), "@az[`az{");
  EXPECT_EQ(lower("ÄÉ"), "ÄÉ");
  EXPECT_TRUE(equal_ignoring_case("Retry-After", "rETRY-aFTER"));
  EXPECT_FALSE(equal_ignoring_case("retry", "retry-after"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("ä", "Ä"));
}

TEST(ascii, trims_both_ends_of_what_it_is_told) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \t\r\n"), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" a\r ", " \t"), "a\r");
}

TEST(ascii, joins_with_what_goes_between) {
  EXPECT_EQ(joined(std::vector<std::string>{}), "");
  EXPECT_EQ(joined(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(joined(std::vector<std::string_view>{"a", "", "c"}, "; "), "a; ; c");
}

} // namespace
} // namespace ash
