#include "events/feed/selector.hpp"

#include <gtest/gtest.h>

namespace ash::feed {
namespace {

constexpr std::string_view id = "0190a7c2-0000-4000-8000-00000000000a";

std::string with_id(std::string_view before) {
  return std::string{before} + std::string{id};
}

TEST(selector, knows_every_kind_of_feed) {
  EXPECT_EQ(selector::parse("all").value().kind(), feed_kind::everything);
  const auto runs = selector::parse("category/run").value();
  EXPECT_EQ(runs.kind(), feed_kind::category);
  EXPECT_EQ(runs.category(), entity_kind::run);
  const auto run = selector::parse(with_id("run/")).value();
  EXPECT_EQ(run.kind(), feed_kind::root);
  EXPECT_EQ(run.stream().text(), with_id("run/"));
  EXPECT_EQ(selector::parse(with_id("session/")).value().kind(), feed_kind::root);
  EXPECT_EQ(selector::parse(with_id("phase/")).value().kind(), feed_kind::stream);
  EXPECT_EQ(selector::parse(with_id("tool/")).value().kind(), feed_kind::stream);
  EXPECT_EQ(selector::parse("budget/day:2026-11-21").value().kind(), feed_kind::stream);
}

TEST(selector, knows_a_turn_by_its_owner) {
  const auto turn = selector::parse(with_id("phase/") + with_id("/turn/")).value();
  EXPECT_EQ(turn.kind(), feed_kind::turn);
  EXPECT_EQ(turn.stream().text(), with_id("phase/"));
  EXPECT_EQ(to_string(turn.turn()), id);
}

TEST(selector, takes_an_id_in_either_case) {
  EXPECT_EQ(selector::parse("run/0190A7C2-0000-4000-8000-00000000000A").value().stream().text(),
            with_id("run/"));
}

TEST(selector, refuses_what_is_no_feed) {
  for (const auto& name : {std::string{},
                           std::string{"ALL"},
                           std::string{"all/"},
                           std::string{"run"},
                           std::string{"run/"},
                           std::string{"run/x"},
                           std::string{"category/"},
                           std::string{"category/runs"},
                           std::string{"queue/1"},
                           std::string{"budget/\xFF"},
                           with_id("turn/"),
                           with_id("run/") + with_id("/turn/"),
                           with_id("phase/") + "/turn/x",
                           with_id("run/") + "/../x"}) {
    const auto parsed = selector::parse(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().code, errc::feed_not_found);
  }
}

TEST(type_filter, passes_what_any_pattern_matches) {
  const auto filter = type_filter::make({"run.*", "llm.call.delta"}).value();
  EXPECT_TRUE(filter.passes("run.started"));
  EXPECT_TRUE(filter.passes("run.report.composed"));
  EXPECT_TRUE(filter.passes("llm.call.delta"));
  EXPECT_FALSE(filter.passes("llm.call.started"));
  EXPECT_FALSE(filter.passes("rerun.started"));
  EXPECT_TRUE(type_filter{}.passes("anything"));
}

TEST(type_filter, refuses_patterns_that_are_none) {
  for (const std::string_view pattern : {"", "run started", "run/*", "RUN.*", "a?"})
    EXPECT_EQ(type_filter::make({std::string{pattern}}).error().code, errc::argument_invalid)
        << pattern;
  EXPECT_FALSE(type_filter::make({std::string(101, 'a')}));
  EXPECT_FALSE(type_filter::make(std::vector<std::string>(33, "a")));
}

} // namespace
} // namespace ash::feed
