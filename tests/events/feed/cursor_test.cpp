#include "events/feed/cursor.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace ash::feed {
namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

cursor a_cursor() {
  return {{{0x0123456789ABCDEF, 0xFEDCBA9876543210}}, 0, 4'711, 4'700, 0xABCDEF};
}

TEST(cursor, comes_back_from_its_text) {
  for (const auto& each : {a_cursor(), cursor{}, cursor{{{most, most}}, 0, most, most, 0xFFFFFF}}) {
    const auto text = to_text(each);
    EXPECT_EQ(text.size(), 56U);
    EXPECT_EQ(parse_cursor(text).value(), each);
  }
}

TEST(cursor, refuses_every_text_with_another_character) {
  const auto text = to_text(a_cursor());
  for (std::size_t at = 0; at < text.size(); ++at)
    for (const char other : {'A', 'z', '-', '=', ' ', '\0', '\xFF'}) {
      auto bent = text;
      bent[at] = other;
      if (bent == text)
        continue;
      const auto read = parse_cursor(bent);
      ASSERT_FALSE(read) << at << " " << other;
      EXPECT_EQ(read.error().code, errc::cursor_invalid);
    }
}

TEST(cursor, refuses_another_length) {
  const auto text = to_text(a_cursor());
  for (const auto& each : {std::string{}, text.substr(1), text + "A", text + text, text + "\n"})
    EXPECT_FALSE(parse_cursor(each)) << each;
}

TEST(cursor, refuses_another_shard_and_a_last_event_beyond_its_position) {
  auto other = a_cursor();
  other.shard = 1;
  EXPECT_FALSE(parse_cursor(to_text(other)));
  other = a_cursor();
  other.last = other.position + 1;
  EXPECT_FALSE(parse_cursor(to_text(other)));
}

} // namespace
} // namespace ash::feed
