#include "gateway/http/target.hpp"

#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

TEST(target, decodes_path_and_query) {
  const auto got = parse_target("/api/v1/runs/a%20b?state=exec%75ting&goal=a+b%2B&empty&x=");
  ASSERT_TRUE(got);
  EXPECT_EQ(got.value().path, "/api/v1/runs/a b");
  EXPECT_EQ(got.value().query,
            (std::map<std::string, std::string>{
                {"state", "executing"}, {"goal", "a b+"}, {"empty", ""}, {"x", ""}}));
}

TEST(target, reads_an_escaped_slash_as_a_slash) {
  EXPECT_EQ(parse_target("/api/v1/feeds/run%2Fabc/events").value().path,
            "/api/v1/feeds/run/abc/events");
}

TEST(target, refuses_every_spelling_of_the_way_up) {
  for (const auto* text : {"/..",
                           "/../etc/passwd",
                           "/a/../b",
                           "/%2e%2e/etc/passwd",
                           "/%2E%2E%2Fetc",
                           "/a%2f..%2fb",
                           "/.%2e/x",
                           "/./x",
                           "/..%5cetc",
                           "/a\\b",
                           "/%5c..%5cetc",
                           "//etc/passwd",
                           "/a//b",
                           "/%2fetc"})
    EXPECT_FALSE(parse_target(text)) << text;
}

TEST(target, refuses_what_has_no_meaning) {
  for (const auto* text : {"",
                           "*",
                           "http://localhost/x",
                           "x",
                           "/%",
                           "/%4",
                           "/%zz",
                           "/%00",
                           "/a%0d%0ab",
                           "/%ff%fe",
                           "/%c0%ae%c0%ae/x",
                           "/x#y",
                           "/?a=1&a=2",
                           "/?a=%00",
                           "/?%=1"}) {
    const auto got = parse_target(text);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, errc::request_malformed) << text;
  }
}

TEST(target, decodes_once) {
  EXPECT_EQ(parse_target("/%252e%252e/x").value().path, "/%2e%2e/x");
}

} // namespace
} // namespace ash::gateway
