#include "actors/providers/openai_compatible.hpp"
#include "actors/providers/transport.hpp"
#include "tests/actors/providers/asking.hpp"
#include "tests/actors/providers/canned_server.hpp"

#include <ctime>

namespace ash::provider {
namespace {

using namespace test;

const std::string a_delta = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
const std::string an_end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                           "data: [DONE]\n\n";

struct setup {
  explicit setup(std::deque<canned> answers, transport_limits limits = {})
      : server(std::move(answers)) {
    openai_options options;
    options.base_url = server.url();
    options.api_key = "sk-very-secret-key";
    options.limits = limits;
    model = make_openai_compatible(options, transport);
  }

  canned_server server;
  std::shared_ptr<http_transport> transport = std::make_shared<http_transport>();
  std::shared_ptr<model_provider> model;
};

canned error_answer(int status, const std::string& body, const std::string& headers = "") {
  return whole_answer(status, "application/json", body, headers);
}

TEST(http_transport, gives_a_429_as_retryable_with_the_seconds_to_wait) {
  setup with{{error_answer(429, R"({"error":{"message":"slow down"}})", "Retry-After: 7\r\n")}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_unavailable);
  EXPECT_EQ(end.why.message, "openai answered 429: slow down");
  EXPECT_TRUE(end.retryable);
  EXPECT_EQ(end.retry_after_ms, 7000);
  EXPECT_FALSE(end.emitted_output);
}

TEST(http_transport, understands_milliseconds_and_dates_to_wait_for) {
  const auto at = std::time(nullptr) + 3600;
  std::array<char, 64> date{};
  std::tm parts{};
  std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &parts));
  setup with{{error_answer(503, "", "retry-after-ms: 1500\r\n"),
              error_answer(503, "", std::string{"RETRY-AFTER: "} + date.data() + "\r\n"),
              error_answer(503, "", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
              error_answer(503, "", "Retry-After: soon\r\n")}};
  EXPECT_EQ(ask(*with.model, hello()).failure().retry_after_ms, 1500);
  const auto wait_ms = ask(*with.model, hello()).failure().retry_after_ms;
  ASSERT_TRUE(wait_ms);
  EXPECT_GT(*wait_ms, 3'000'000);
  EXPECT_LE(*wait_ms, 3'600'000);
  EXPECT_EQ(ask(*with.model, hello()).failure().retry_after_ms, 0);
  EXPECT_EQ(ask(*with.model, hello()).failure().retry_after_ms, std::nullopt);
}

TEST(http_transport, tells_lasting_statuses_from_passing_ones) {
  for (const auto status : {400, 401, 402, 403, 404, 413, 422}) {
    setup with{{error_answer(status, R"({"error":"no"})")}};
    const auto end = ask(*with.model, hello()).failure();
    EXPECT_EQ(end.why.code, errc::provider_rejected) << status;
    EXPECT_FALSE(end.retryable) << status;
  }
  for (const auto status : {408, 409, 425, 429, 500, 502, 503, 504, 529}) {
    setup with{{error_answer(status, R"({"message":"later"})")}};
    const auto end = ask(*with.model, hello()).failure();
    EXPECT_EQ(end.why.code, errc::provider_unavailable) << status;
    EXPECT_TRUE(end.retryable) << status;
  }
}

TEST(http_transport, keeps_the_key_out_of_the_providers_own_words) {
  setup with{
      {error_answer(401, R"({"error":{"message":"bad key sk-very-secret-key, sk-pro***9xyz!"}})")}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.message, "openai answered 401: bad key [key], [key]!");
  EXPECT_NE(with.server.request(0).find("Bearer sk-very-secret-key"), std::string::npos);
}

TEST(http_transport, bounds_and_cleans_an_error_that_is_no_json) {
  setup with{{error_answer(500, "\xFF<html>\x1B[31m" + std::string(1'000'000, 'x'))}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_LT(end.why.message.size(), 700u);
  EXPECT_NE(end.why.message.find("\\x1b[31m"), std::string::npos) << end.why.message;
}

TEST(http_transport, does_not_follow_a_redirection) {
  setup with{{error_answer(302, "", "Location: http://127.0.0.1:1/\r\n")}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_rejected);
  EXPECT_NE(end.why.message.find("base URL"), std::string::npos);
}

TEST(http_transport, gives_a_refused_connection_as_retryable) {
  openai_options options;
  options.base_url = canned_server{{}}.url(); // nobody listens there any more
  auto model = make_openai_compatible(options, std::make_shared<http_transport>());
  const auto end = ask(*model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_unavailable);
  EXPECT_TRUE(end.retryable);
  EXPECT_FALSE(end.usage) << "it never had the request";
}

TEST(http_transport, gives_a_connection_closed_without_an_answer_as_retryable) {
  setup with{{canned{{}, then::close}}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_unavailable);
  EXPECT_TRUE(end.retryable);
}

TEST(http_transport, counts_what_a_provider_had_though_it_never_answered) {
  const auto expect_estimate = [](const fault& end) {
    ASSERT_TRUE(end.usage);
    EXPECT_TRUE(end.usage->estimated);
    EXPECT_GT(end.usage->input, 0);
  };
  setup closing{{canned{{}, then::close}}};
  expect_estimate(ask(*closing.model, hello()).failure());
  setup hanging{{canned{{}, then::hang}}, {.first_byte_ms = 50}};
  expect_estimate(ask(*hanging.model, hello()).failure());
  setup waiting{{canned{{}, then::hang}}};
  asking call{*waiting.model, hello()};
  waiting.server.request(0);
  call.cancel();
  expect_estimate(call.wait().failure());
}

TEST(http_transport, gives_an_answer_that_is_not_http_as_invalid) {
  setup with{{canned{{"SSH-2.0-OpenSSH_9.2\r\n"}, then::close}}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_response_invalid) << to_string(end.why);
}

TEST(http_transport, ends_a_call_whose_answer_never_begins) {
  setup with{{canned{{}, then::hang}}, {.first_byte_ms = 50}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::timed_out);
  EXPECT_TRUE(end.retryable);
  EXPECT_FALSE(end.emitted_output);
}

TEST(http_transport, ends_a_call_that_falls_silent_and_says_that_output_had_come) {
  setup with{{streamed({a_delta}, then::hang)}, {.idle_ms = 50}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::timed_out);
  EXPECT_TRUE(end.retryable);
  EXPECT_TRUE(end.emitted_output);
  EXPECT_EQ(end.partial_text, "Hi");
  with.server.wait_until_left();
}

TEST(http_transport, ends_a_call_that_takes_too_long_altogether) {
  setup with{{streamed({a_delta}, then::hang)}, {.total_ms = 50}};
  EXPECT_EQ(ask(*with.model, hello()).failure().why.code, errc::timed_out);
}

TEST(http_transport, takes_a_finished_answer_from_a_server_that_keeps_the_line_open) {
  setup with{{streamed({a_delta, an_end}, then::hang)}};
  EXPECT_EQ(ask(*with.model, hello()).answer().text, "Hi");
  with.server.wait_until_left();
}

TEST(http_transport, cancels_a_hanging_call_at_once_and_tells_its_end_once) {
  setup with{{streamed({a_delta}, then::hang)}};
  asking call{*with.model, hello()};
  with.server.request(0);
  call.cancel();
  call.cancel();
  const auto end = call.wait();
  EXPECT_EQ(end.failure().why.code, errc::cancelled);
  EXPECT_FALSE(end.failure().retryable);
  EXPECT_EQ(end.ends, 1);
  with.server.wait_until_left();
}

TEST(http_transport, ignores_the_cancelling_of_a_call_that_ended) {
  setup with{{streamed({a_delta, an_end})}};
  asking call{*with.model, hello()};
  EXPECT_EQ(call.wait().answer().text, "Hi");
  call.cancel();
  EXPECT_EQ(call.wait().ends, 1);
}

TEST(http_transport, cancels_every_call_when_it_stops_and_takes_no_more) {
  setup with{{streamed({a_delta}, then::hang), streamed({a_delta}, then::hang)}};
  asking one{*with.model, hello()};
  asking two{*with.model, hello()};
  with.server.request(1);
  with.transport->stop();
  EXPECT_EQ(one.wait().failure().why.code, errc::cancelled);
  EXPECT_EQ(two.wait().failure().why.code, errc::cancelled);
  EXPECT_EQ(ask(*with.model, hello()).failure().why.code, errc::shutting_down);
}

TEST(http_transport, refuses_an_answer_beyond_its_bound) {
  setup with{{streamed({std::string(5000, ':'), "\n\n" + a_delta + an_end})}, {.max_bytes = 4096}};
  const auto end = ask(*with.model, hello()).failure();
  EXPECT_EQ(end.why.code, errc::provider_response_invalid);
  EXPECT_NE(end.why.message.find("4096"), std::string::npos);
}

TEST(http_transport, uses_a_connection_again) {
  const auto body = R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]})";
  setup with{{whole_answer(200, "application/json", body),
              whole_answer(200, "application/json", body),
              error_answer(500, "{}"),
              whole_answer(200, "application/json", body)}};
  EXPECT_EQ(ask(*with.model, hello()).answer().text, "Hi");
  EXPECT_EQ(ask(*with.model, hello()).answer().text, "Hi");
  EXPECT_TRUE(ask(*with.model, hello()).failure().retryable);
  EXPECT_EQ(ask(*with.model, hello()).answer().text, "Hi");
  EXPECT_EQ(with.server.connections(), 1);
}

TEST(http_transport, carries_many_calls_at_once) {
  std::deque<canned> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(streamed({a_delta, a_delta, an_end}));
  setup with{answers};
  std::vector<std::unique_ptr<asking>> calls;
  for (int i = 0; i < 50; ++i)
    calls.push_back(std::make_unique<asking>(*with.model, hello()));
  for (auto& call : calls)
    EXPECT_EQ(call->wait().answer().text, "HiHi");
}

TEST(http_transport, may_be_let_go_by_the_last_end_that_it_tells) {
  canned_server server{{streamed({a_delta, an_end})}};
  openai_options options;
  options.base_url = server.url();
  auto model = std::make_shared<std::shared_ptr<model_provider>>(
      make_openai_compatible(options, std::make_shared<http_transport>()));
  std::promise<void> begun;
  std::promise<void> ended;
  observer who;
  who.on_done = [model, &begun, &ended](const std::variant<response, fault>&) {
    begun.get_future().wait(); // the caller still uses the model until then
    model->reset();
    ended.set_value();
  };
  (*model)->start(hello(), std::move(who));
  begun.set_value();
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds{60}), std::future_status::ready);
}

TEST(http_transport, tells_loopback_urls_from_others) {
  for (const auto* url : {"http://127.0.0.1:8/v1", "http://localhost/", "https://[::1]:4/x"})
    EXPECT_TRUE(is_loopback_url(url)) << url;
  for (const auto* url : {"http://127.0.0.1.example.com", "https://localhost.example", "x", ""})
    EXPECT_FALSE(is_loopback_url(url)) << url;
  EXPECT_TRUE(is_http_url("https://openrouter.ai/api/v1"));
  for (const auto* url : {"ftp://host/", "file:///etc/passwd", "host/path", "", "https://"})
    EXPECT_FALSE(is_http_url(url)) << url;
}

} // namespace
} // namespace ash::provider
