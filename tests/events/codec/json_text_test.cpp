#include "events/codec/json_text.hpp"

#include "events/base/json.hpp"
#include "tests/events/codec/random_values.hpp"

#include <gtest/gtest.h>

namespace ash::codec {
namespace {

TEST(json_text, is_what_the_values_of_every_fact_give) {
  for (const auto& fact : testing::facts_of_every_type(77, 20)) {
    std::string text;
    append_json(text, fact);
    EXPECT_EQ(text, to_json_text(to_json(fact))) << type_of(fact);
  }
}

TEST(json_text, escapes_every_character_as_values_do) {
  std::string all;
  for (int c = 0; c < 0x80; ++c)
    all += static_cast<char>(c);
  std::string text;
  append_json_text(text, all);
  EXPECT_EQ(text, to_json_text(json::value(all)));
}

TEST(json_text, repairs_what_is_not_utf8) {
  std::string text;
  append_json_text(text, "a\xFFz");
  EXPECT_EQ(text, "\"a\xEF\xBF\xBDz\"");
}

} // namespace
} // namespace ash::codec
