// `pricing list` and `pricing fetch`, and that a run is paid for at what they say.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <sys/stat.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

std::string http_answer_of(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

constexpr auto models = R"({"data": [
  {"id": "deepseek/deepseek-chat", "pricing": {"prompt": "0.00000033", "completion": "0.00000099"}},
  {"id": "new/model", "pricing": {"prompt": "0.0000000001", "completion": "0.000000002"}},
  {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}}]})";

class pricing : public testing::Test {
protected:
  ended_process shell_of(std::vector<std::string> words) {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    what.environment = clean_environment(home_.path());
    if (provider_)
      what.environment["OPENROUTER_BASE_URL"] =
          "http://127.0.0.1:" + std::to_string(provider_->port()) + "/api/v1";
    what.directory = home_.path();
    return run_process(what);
  }

  json::object json_of(std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const auto ended = shell_of(std::move(words));
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    const auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed && parsed.value().is_object()) << ended.shown();
    return parsed && parsed.value().is_object() ? parsed.value().as_object() : json::object{};
  }

  /// The first row of a model, as it counts.
  json::object row_of(const std::string& model) {
    const auto listed = json_of({"pricing", "list"});
    for (const auto& row : listed.at("prices").as_array())
      if (row.at("model") == json::string{model})
        return row.as_object();
    return {};
  }

  temporary_directory home_;
  std::optional<fixed_answer_server> provider_;
};

TEST_F(pricing, is_fetched_kept_and_listed_with_where_it_is_from) {
  EXPECT_TRUE(row_of("openrouter:deepseek/deepseek-chat").empty());
  EXPECT_EQ(row_of("openrouter:deepseek/deepseek-chat*").at("source"), json::string{"shipped"});
  provider_.emplace(http_answer_of("200 OK", models));
  const auto fetched = json_of({"pricing", "fetch"});
  EXPECT_EQ(fetched.at("models"), 2);
  EXPECT_EQ(fetched.at("left_out"), 1);
  const auto row = row_of("openrouter:deepseek/deepseek-chat");
  EXPECT_EQ(row.at("source"), json::string{"fetched"});
  EXPECT_EQ(row.at("input_usd_per_million"), json::string{"0.33"});
  EXPECT_EQ(row_of("openrouter:new/model").at("input_usd_per_million"), json::string{"0.0001"});
  struct stat facts {};
  ASSERT_EQ(::stat((home_ / "data/prices/openrouter.json").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  const auto table = shell_of({"pricing", "list"});
  EXPECT_THAT(table.out, HasSubstr("fetched"));
  EXPECT_THAT(table.out, HasSubstr("$0.33"));
}

TEST_F(pricing, stays_as_it_was_where_a_provider_answers_badly) {
  provider_.emplace(http_answer_of("200 OK", models));
  json_of({"pricing", "fetch"});
  const auto kept = read_text(home_ / "data/prices/openrouter.json");
  for (const auto& bytes : {http_answer_of("200 OK", "<html>"),
                            http_answer_of("200 OK", R"({"data": [{"id": "a"}]})"),
                            http_answer_of("401 Unauthorized", models),
                            http_answer_of("500 Oops", "")}) {
    provider_.emplace(bytes);
    const auto ended = shell_of({"pricing", "fetch"});
    EXPECT_EQ(ended.exit_code, 7) << ended.shown();
    EXPECT_EQ(read_text(home_ / "data/prices/openrouter.json"), kept);
  }
  EXPECT_EQ(shell_of({"pricing", "fetch", "--provider", "openai"}).exit_code, 2);
  EXPECT_EQ(shell_of({"pricing", "fetch", "--provider", "nobody"}).exit_code, 2);
  write_text(home_ / "data/prices/openrouter.json", "{");
  const auto damaged = shell_of({"pricing", "list"});
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_THAT(damaged.err, HasSubstr("pricing fetch"));
}

TEST_F(pricing, of_the_configuration_is_what_a_run_is_paid_for_at) {
  write_text(home_ / "config.yaml",
             "prices:\n  - {model: 'scripted:**', input: 1, output: 2}\n"
             "defaults: {model: 'local:unheard-of'}\n"
             "providers: {local: {base_url: 'http://127.0.0.1:1'}}\n");
  const auto listed = json_of({"pricing", "list"});
  EXPECT_EQ(row_of("scripted:**").at("source"), json::string{"config"});
  EXPECT_EQ(listed.at("unknown"), (json::array{"local:unheard-of"}));
  EXPECT_THAT(shell_of({"pricing", "list"}).err, HasSubstr("price_unknown: local:unheard-of"));
  make_repository(home_.path() / "repo", {{"README.md", "# nothing\n"}});
  const auto ran = shell_of({"run",
                             "note@1",
                             "--repo",
                             home_ / "repo",
                             "--model",
                             "scripted:" E2E_FIXTURES "/note.yaml",
                             "--requirements",
                             "A note."});
  ASSERT_EQ(ran.exit_code, 0) << ran.shown();
  const auto calls = only<turn::call_completed>(left_log{home_ / "data"}.facts());
  ASSERT_FALSE(calls.empty());
  for (const auto& call : calls)
    EXPECT_EQ(call.cost, (usd{call.usage.input * 1'000'000 + call.usage.output * 2'000'000}));
}

} // namespace
} // namespace ash::e2e
