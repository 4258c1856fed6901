#include "actors/providers/sse_parser.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace ash::provider {
namespace {

const std::string sample = "\xEF\xBB\xBF: a comment\r\n"
                           "event: first\r\ndata: one\r\n\r\n"
                           "data:two\ndata:  lines\nid: 7\nretry: 10\n\n"
                           "data\rdata: x\r\r"
                           "event: without data\n\n"
                           "unknown: field\ndata: last: one\n\n";

const std::vector<sse_event> expected{
    {"first", "one"}, {"message", "two\n lines"}, {"message", "\nx"}, {"message", "last: one"}};

std::vector<sse_event> parse(const std::vector<std::string_view>& pieces) {
  sse_parser parser;
  std::vector<sse_event> events;
  for (const auto piece : pieces)
    EXPECT_TRUE(parser.feed(piece, [&](sse_event event) { events.push_back(std::move(event)); }));
  return events;
}

TEST(sse_parser, reads_all_line_endings_comments_and_data_of_several_lines) {
  EXPECT_EQ(parse({sample}), expected);
}

TEST(sse_parser, reads_the_same_wherever_the_stream_is_split) {
  const std::string_view whole{sample};
  for (std::size_t a = 0; a <= whole.size(); ++a)
    for (std::size_t b = a; b <= whole.size(); ++b)
      ASSERT_EQ(parse({whole.substr(0, a), whole.substr(a, b - a), whole.substr(b)}), expected)
          << "split at " << a << " and " << b;
}

TEST(sse_parser, reads_the_same_byte_by_byte) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < sample.size(); ++i)
    bytes.push_back(std::string_view{sample}.substr(i, 1));
  EXPECT_EQ(parse(bytes), expected);
}

TEST(sse_parser, hands_over_an_event_whose_blank_line_is_missing_only_when_asked) {
  sse_parser parser;
  EXPECT_TRUE(parser.feed("event: e\ndata: x\ndata: y", [](sse_event) { FAIL(); }));
  EXPECT_EQ(parser.rest(), (sse_event{"e", "x\ny"}));
  EXPECT_EQ(parser.rest(), std::nullopt);
}

TEST(sse_parser, refuses_an_event_beyond_its_bound) {
  sse_parser parser{100};
  const auto ignore = [](sse_event) {};
  EXPECT_TRUE(parser.feed("data: " + std::string(90, 'x') + "\n\n", ignore));
  EXPECT_TRUE(parser.feed("data: " + std::string(60, 'x') + "\n", ignore));
  EXPECT_EQ(parser.feed("data: " + std::string(60, 'x') + "\n", ignore).error().code,
            errc::provider_response_invalid);
}

} // namespace
} // namespace ash::provider
