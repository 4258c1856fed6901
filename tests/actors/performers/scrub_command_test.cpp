// What comes from outside with a command, cleaned before anyone keeps it.
#include "actors/performers/scrub_command.hpp"

#include <gtest/gtest.h>

namespace ash::performers {
namespace {

const std::string key = "ghp_R7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB7nM2q";
const std::string cleaned = "[redacted:github-token]";

template <class Command> Command scrubbed(Command what) {
  any_command any{std::move(what)};
  scrub_command(scrubber{}, any);
  return std::get<Command>(std::move(any));
}

TEST(scrub_command, takes_keys_out_of_whatever_a_model_makes_up) {
  turn::model_answered answer;
  answer.text = "say " + key;
  answer.finish_reason = key;
  answer.tool_calls = {{key, key, "{\"a\":\"" + key + "\"}"}};
  const auto clean = scrubbed(std::move(answer));
  EXPECT_EQ(clean.text, "say " + cleaned);
  EXPECT_EQ(clean.finish_reason, cleaned);
  ASSERT_EQ(clean.tool_calls.size(), 1U);
  EXPECT_EQ(clean.tool_calls[0].id, cleaned);
  EXPECT_EQ(clean.tool_calls[0].name, cleaned);
  EXPECT_EQ(clean.tool_calls[0].arguments, "{\"a\":\"" + cleaned + "\"}");
}

TEST(scrub_command, takes_keys_out_of_the_paths_that_a_tool_wrote) {
  tool_call::finish finish;
  finish.written = {{"docs/" + key + ".md", "a hash"}};
  EXPECT_EQ(scrubbed(std::move(finish)).written.front().path, "docs/" + cleaned + ".md");
  turn::tool_finished told;
  told.written = {{"docs/" + key + ".md", "a hash"}};
  EXPECT_EQ(scrubbed(std::move(told)).written.front().path, "docs/" + cleaned + ".md");
}

} // namespace
} // namespace ash::performers
