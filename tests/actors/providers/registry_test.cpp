#include "actors/providers/registry.hpp"

#include "tests/actors/providers/asking.hpp"
#include "tests/actors/providers/canned_server.hpp"

#include <chrono>
#include <future>
#include <map>

namespace ash::provider {
namespace {

using namespace test;

registry_options with_environment(std::map<std::string, std::string> variables) {
  registry_options options;
  options.environment =
      [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string{name});
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  return options;
}

canned an_answer() {
  return whole_answer(200,
                      "application/json",
                      R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]})");
}

TEST(provider_registry, takes_a_name_apart_at_its_first_colon) {
  const auto name = split_model_name("openrouter:deepseek/deepseek-chat:free").value();
  EXPECT_EQ(name.provider, "openrouter");
  EXPECT_EQ(name.model, "deepseek/deepseek-chat:free");
  for (const auto* text : {"", "gpt", ":x", "openai:"})
    EXPECT_EQ(split_model_name(text).error().code, errc::argument_invalid) << text;
}

TEST(provider_registry, says_which_variable_lacks_the_key) {
  provider_registry registry{with_environment({{"OPENROUTER_API_KEY", " \n"}})};
  for (const auto& [model, variable] :
       std::map<std::string, std::string>{{"openrouter:x", "OPENROUTER_API_KEY"},
                                          {"openai:x", "OPENAI_API_KEY"},
                                          {"anthropic:x", "ANTHROPIC_API_KEY"}}) {
    const auto why = registry.find(model).error();
    EXPECT_EQ(why.code, errc::secret_missing) << model;
    EXPECT_NE(why.message.find(variable), std::string::npos) << why.message;
  }
  EXPECT_EQ(registry.usable("openai").error().code, errc::secret_missing);
  EXPECT_TRUE(registry.usable("scripted"));
}

TEST(provider_registry, lets_nobody_wait_for_the_key_of_another_provider) {
  std::promise<void> asked;
  std::promise<void> known;
  auto options = with_environment({});
  options.providers = {{.name = "local", .base_url = "http://127.0.0.1:1/v1"}};
  options.stored_key = [&](const std::string&) -> result<kept_key> {
    asked.set_value();
    EXPECT_EQ(known.get_future().wait_for(std::chrono::seconds{30}), std::future_status::ready);
    return kept_key{};
  };
  provider_registry registry{options};
  ASSERT_TRUE(registry.find("local:x"));
  auto slow = std::async(std::launch::async, [&] { return registry.find("openai:x"); });
  asked.get_future().wait();
  EXPECT_TRUE(registry.find("local:x"));
  known.set_value();
  EXPECT_EQ(slow.get().error().code, errc::secret_missing);
}

TEST(provider_registry, names_the_providers_it_knows_where_one_is_unknown) {
  auto options = with_environment({});
  options.providers = {{.name = "local", .base_url = "http://127.0.0.1:1/v1"}};
  provider_registry registry{options};
  const auto why = registry.find("opnai:gpt").error();
  EXPECT_EQ(why.code, errc::config_invalid);
  EXPECT_NE(why.message.find("anthropic, local, openai, openrouter, scripted"), std::string::npos)
      << why.message;
}

TEST(provider_registry, takes_settings_before_the_environment) {
  canned_server named{{an_answer()}};
  canned_server other{{an_answer()}};
  auto options = with_environment(
      {{"OPENROUTER_BASE_URL", other.url()}, {"OPENROUTER_API_KEY", "from-environment"}});
  options.providers = {
      {.name = "openrouter", .base_url = named.url() + "/", .api_key = "from-file"}};
  provider_registry registry{options};
  EXPECT_EQ(ask(*registry.find("openrouter:m").value(), hello()).answer().text, "Hi");
  const auto sent = named.request(0);
  EXPECT_NE(sent.find("Bearer from-file\r\n"), std::string::npos) << sent;
  EXPECT_TRUE(sent.starts_with("POST /chat/completions ")) << sent;
  EXPECT_NE(sent.find(R"("usage":{"include":true})"), std::string::npos) << sent;
}

TEST(provider_registry, takes_urls_and_keys_from_the_environment) {
  canned_server server{{an_answer()}};
  provider_registry registry{with_environment(
      {{"OPENAI_BASE_URL", server.url() + "/v1"}, {"OPENAI_API_KEY", "key-in-environment\n"}})};
  EXPECT_EQ(ask(*registry.find("openai:m").value(), hello()).answer().text, "Hi");
  const auto sent = server.request(0);
  EXPECT_TRUE(sent.starts_with("POST /v1/chat/completions ")) << sent;
  EXPECT_NE(sent.find("Bearer key-in-environment\r\n"), std::string::npos) << sent;
  EXPECT_NE(sent.find("\"max_tokens\":64"), std::string::npos) << sent;
}

TEST(provider_registry, needs_no_key_on_the_loopback_and_sends_none) {
  canned_server server{{an_answer()}};
  provider_registry registry{with_environment({{"OPENAI_BASE_URL", server.url()}})};
  EXPECT_EQ(ask(*registry.find("openai:m").value(), hello()).answer().text, "Hi");
  EXPECT_EQ(server.request(0).find("Authorization"), std::string::npos);
}

TEST(provider_registry, makes_named_providers_of_both_kinds) {
  canned_server server{
      {an_answer(),
       whole_answer(200, "application/json", R"({"content":[{"type":"text","text":"Ho"}]})")}};
  auto options = with_environment({{"MY_PROXY_API_KEY", "key-of-my-proxy"}});
  options.providers = {{.name = "my-proxy", .base_url = server.url()},
                       {.name = "claude-proxy",
                        .base_url = server.url(),
                        .api_key = "k",
                        .kind = provider_kind::anthropic}};
  provider_registry registry{options};
  EXPECT_EQ(ask(*registry.find("my-proxy:m").value(), hello()).answer().text, "Hi");
  EXPECT_NE(server.request(0).find("Bearer key-of-my-proxy"), std::string::npos);
  EXPECT_EQ(ask(*registry.find("claude-proxy:m").value(), hello()).answer().text, "Ho");
  EXPECT_NE(server.request(1).find("x-api-key: k\r\n"), std::string::npos);
}

TEST(provider_registry, refuses_urls_headers_and_keys_that_cannot_be_used) {
  auto options = with_environment(
      {{"OPENAI_BASE_URL", "api.openai.com/v1"}, {"ANTHROPIC_API_KEY", "a\r\nHost: evil"}});
  options.providers = {{.name = "odd", .base_url = "http://host", .headers = {"A: b\r\nC: d"}}};
  provider_registry registry{options};
  for (const auto* model : {"openai:x", "anthropic:x", "odd:x"}) {
    const auto why = registry.find(model).error();
    EXPECT_EQ(why.code, errc::config_invalid) << model;
    EXPECT_EQ(why.message.find("evil"), std::string::npos) << "a key in a message";
  }
}

TEST(provider_registry, keeps_one_provider_a_name_and_one_script_a_file) {
  auto options = with_environment({{"OPENAI_API_KEY", "key"}});
  options.builtin_script = [](std::string_view name) -> std::optional<std::string> {
    return name.starts_with("builtin/") ? std::optional<std::string>{"turns: [{text: demo}]"}
                                        : std::nullopt;
  };
  provider_registry registry{options};
  EXPECT_EQ(registry.find("openai:a").value(), registry.find("openai:b").value());
  const auto demo = registry.find("scripted:builtin/demo").value();
  EXPECT_EQ(demo, registry.find("scripted:builtin/demo").value());
  EXPECT_NE(demo, registry.find("scripted:builtin/other").value());
  EXPECT_EQ(ask(*demo, hello("builtin/demo")).answer().text, "demo");
  EXPECT_EQ(registry.find("scripted:no such file").error().code, errc::file_not_found);
}

TEST(provider_registry, ends_calls_when_it_stops) {
  canned_server server{{canned{{}, then::hang}}};
  provider_registry registry{with_environment({{"OPENAI_BASE_URL", server.url()}})};
  const auto model = registry.find("openai:m").value();
  asking call{*model, hello()};
  server.request(0);
  registry.stop();
  EXPECT_EQ(call.wait().failure().why.code, errc::cancelled);
}

} // namespace
} // namespace ash::provider
