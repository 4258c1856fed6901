#include "tests/e2e/model_server.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::chrono::seconds run_limit{120};

std::vector<std::string> tools_of(const json::object& body) {
  std::vector<std::string> names;
  for (const auto& tool : body.at("tools").as_array()) {
    const auto& named = tool.as_object().contains("function") ? tool.at("function") : tool;
    names.emplace_back(named.at("name").as_string());
  }
  return names;
}

/// Ids of the calls whose results a request (in the chat completions form) brings.
std::vector<std::string> results_in(const json::object& body) {
  std::vector<std::string> ids;
  for (const auto& message : body.at("messages").as_array())
    if (message.at("role").as_string() == "tool")
      ids.emplace_back(message.at("tool_call_id").as_string());
  return ids;
}

class a_model_server : public testing::Test {
protected:
  /// A clone of this project's own repository, with its newest commit as `main`.
  a_model_server() {
    shell("git -c protocol.file.allow=always clone --quiet --depth 1 'file://" PROJECT_FOLDER
          "' '" +
          repo() + "' && git -C '" + repo() + "' checkout --quiet -B main");
  }

  [[nodiscard]] std::string repo() const { return home_ / "clone"; }

  ended_process run(std::vector<std::string> what, std::map<std::string, std::string> more) {
    auto environment = clean_environment(home_.path());
    for (auto& [name, value] : more)
      environment[name] = std::move(value);
    std::vector<std::string> command{ACTOR_SHELL_BINARY, "run"};
    command.insert(command.end(), what.begin(), what.end());
    for (const auto& word : {std::string{"--repo"},
                             repo(),
                             std::string{"--requirements"},
                             std::string{"One more line in the README."}})
      command.push_back(word);
    return run_process({.command = std::move(command),
                        .environment = std::move(environment),
                        .directory = home_.path(),
                        .limit = run_limit});
  }

  [[nodiscard]] std::string events_json() const {
    return run_process({.command = {ACTOR_SHELL_BINARY, "--json", "events", "all"},
                        .environment = clean_environment(home_.path()),
                        .directory = {}})
        .out;
  }

  [[nodiscard]] left_log log() const { return left_log{home_ / "data"}; }

  temporary_directory home_;
};

void expect_streamed_chats(const std::vector<seen_request>& seen) {
  for (const auto& each : seen) {
    EXPECT_THAT(each.path, HasSubstr("/chat/completions"));
    EXPECT_TRUE(each.body.at("stream").as_bool());
    EXPECT_TRUE(each.body.at("stream_options").at("include_usage").as_bool());
    EXPECT_THAT(tools_of(each.body),
                testing::IsSupersetOf({"read_file", "write_file", "run_command", "complete"}));
  }
}

TEST_F(a_model_server, drives_a_run_over_this_repository_in_spite_of_a_429_and_a_cut_stream) {
  model_server server{"aimock_openai.json"};
  ASSERT_TRUE(server.ready()) << server.said();
  const auto ended = run(
      {"spec-and-review@1",
       "--bind",
       "spec-writer=openrouter-deepseek-spec-writer@1",
       "--bind",
       "reviewer=openrouter-deepseek-code-reviewer@1",
       "--bind",
       "verifier=openrouter-deepseek-verifier@1"},
      {{"OPENROUTER_API_KEY", "sk-of-a-test"}, {"OPENROUTER_BASE_URL", server.base("/api/v1")}});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown() << server.said();

  const auto seen = server.journal();
  ASSERT_THAT(seen, SizeIs(10)) << server.said();
  expect_streamed_chats(seen);
  EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [](const auto& r) { return r.status == 429; }),
            1);
  EXPECT_TRUE(results_in(seen[2].body).empty());
  EXPECT_EQ(results_in(seen[4].body), (std::vector<std::string>{"call_read", "call_spec"}));
  EXPECT_EQ(results_in(seen[9].body), (std::vector<std::string>{"call_run", "call_verify"}));
  EXPECT_EQ(seen[0].body, seen[2].body) << "a retry is not the same request";

  const auto left = log();
  const auto facts = left.facts();
  EXPECT_THAT(only<turn::call_retried>(facts), SizeIs(2));
  const auto failed = only<turn::call_failed>(facts);
  ASSERT_THAT(failed, SizeIs(2));
  EXPECT_EQ(failed[0].retry_after_ms, 1'000);
  EXPECT_TRUE(failed[1].emitted_output);
  EXPECT_THAT(failed[1].partial_text, HasSubstr("I begin"));
  const auto calls = only<turn::call_completed>(facts);
  ASSERT_THAT(calls, SizeIs(8));
  EXPECT_EQ(calls[0].usage.input, 1'000);
  EXPECT_EQ(calls[0].usage.output, 20);
  EXPECT_FALSE(calls[0].usage.estimated);
  EXPECT_EQ(calls[0].cost, usd{400'000'000}) << "the provider said what it charged";
  EXPECT_EQ(calls[0].text, "I read the README before anything else.");
  const auto books = count_money(facts);
  for (const auto& [scope, amount] : books.settled)
    EXPECT_EQ(amount, books.spent_by_calls) << scope;
  for (const auto& [scope, amount] : books.open)
    EXPECT_EQ(amount, usd{}) << scope;
  EXPECT_EQ(left.damages(), "");

  const auto events = events_json();
  EXPECT_THAT(events, AllOf(HasSubstr("llm.call.retried"), HasSubstr("run.completed")));
  EXPECT_THAT(events, testing::Not(HasSubstr("sk-of-a-test")));
  const auto runs = left.runs();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_THAT(shell("git -C '" + repo() + "' ls-tree -r --name-only '" + runs[0].branch + "'"),
              AllOf(HasSubstr(".actor-shell/out/spec.json"),
                    HasSubstr(".actor-shell/out/review.json"),
                    HasSubstr(".actor-shell/out/verification.json")));
}

TEST_F(a_model_server, speaks_anthropics_messages_too) {
  model_server server{"aimock_anthropic.json"};
  ASSERT_TRUE(server.ready()) << server.said();
  const auto ended =
      run({"note@1",
           "--definitions",
           E2E_FIXTURES "/definitions",
           "--model",
           "anthropic:claude-haiku-4-5"},
          {{"ANTHROPIC_API_KEY", "sk-of-a-test"}, {"ANTHROPIC_BASE_URL", server.base("")}});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown() << server.said();

  const auto seen = server.journal();
  ASSERT_THAT(seen, SizeIs(3)) << server.said();
  for (const auto& each : seen) {
    EXPECT_EQ(each.path, "/v1/messages");
    EXPECT_TRUE(each.body.at("stream").as_bool());
    EXPECT_THAT(tools_of(each.body),
                testing::IsSupersetOf({"read_file", "write_file", "complete"}));
  }
  const auto facts = log().facts();
  const auto calls = only<turn::call_completed>(facts);
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_EQ(calls[0].text, "I look at the README first.");
  EXPECT_EQ(calls[0].usage.input, 900);
  EXPECT_EQ(calls[0].usage.output, 30);
  EXPECT_EQ(calls[0].cost, usd{900 * 1'000'000 + 30 * 5'000'000});
}

} // namespace
} // namespace ash::e2e
