#include "actors/providers/openai_compatible.hpp"

#include "actors/tokens/tokens.hpp"
#include "events/base/json.hpp"
#include "tests/actors/providers/asking.hpp"
#include "tests/actors/providers/canned_server.hpp"

namespace ash::provider {
namespace {

using namespace test;

const std::string done = "data: [DONE]\n\n";

/// An event with this data, written on one line.
std::string event(std::string json_text) {
  std::erase(json_text, '\n');
  return "data: " + json_text + "\n\n";
}
std::string choice(const std::string& delta, const std::string& reason = "null") {
  return event(R"({"choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + reason +
               "}]}");
}

/// Asks a server that answers with these bytes.
told ask_of(canned answer, cost_report cost = cost_report::none, request what = hello()) {
  canned_server server{{std::move(answer)}};
  openai_options options;
  options.name = "openrouter";
  options.base_url = server.url();
  options.cost = cost;
  auto model = make_openai_compatible(options, std::make_shared<http_transport>());
  return ask(*model, std::move(what));
}
told ask_stream(const std::string& body) {
  return ask_of(streamed({body}));
}

json::value rendered(const std::string& body, openai_options options = {}) {
  return parse_json(render_openai({"c", "deepseek/deepseek-chat", body}, options).value(), "it")
      .value();
}

TEST(openai_compatible, renders_every_kind_of_message) {
  const auto body = R"({"system":"S","messages":[
    {"role":"user","content":"U"},
    {"role":"assistant","content":"","thinking":[{"text":"hm","signature":"s"}],
     "tool_calls":[{"id":"c1","name":"grep","arguments":"{\"a\":1}"},
                   {"id":"c2","name":"complete","arguments":""}]},
    {"role":"tool","tool_call_id":"c1","name":"grep","content":"R","is_error":true},
    {"role":"assistant","content":"A"}],
    "tools":[{"name":"grep","description":"D","parameters":{"type":"object"}}],
    "max_tokens":4096,"temperature":0.25})";
  const auto expected = R"({"model":"deepseek/deepseek-chat","messages":[
    {"role":"system","content":"S"},
    {"role":"user","content":"U"},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"c1","type":"function","function":{"name":"grep","arguments":"{\"a\":1}"}},
      {"id":"c2","type":"function","function":{"name":"complete","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"R"},
    {"role":"assistant","content":"A"}],
    "stream":true,"stream_options":{"include_usage":true},
    "tools":[{"type":"function","function":
      {"name":"grep","description":"D","parameters":{"type":"object"}}}],
    "max_tokens":4096,"temperature":0.25})";
  EXPECT_EQ(canonical_json(rendered(body)),
            canonical_json(parse_json(expected, "expected").value()));
}

TEST(openai_compatible, asks_for_the_cost_and_names_the_token_limit_as_told) {
  openai_options options;
  options.cost = cost_report::usage_cost;
  options.max_tokens_field = "max_completion_tokens";
  const auto made = rendered(R"({"messages":[],"max_tokens":5})", options);
  EXPECT_EQ(canonical_json(made.at("usage")), R"({"include":true})");
  EXPECT_EQ(made.at("max_completion_tokens").as_int64(), 5);
  EXPECT_FALSE(made.as_object().contains("tools"));
  EXPECT_FALSE(made.as_object().contains("temperature"));
}

TEST(openai_compatible, refuses_a_request_that_is_not_canonical_naming_the_field) {
  const auto end =
      ask_of({}, cost_report::none, {"c", "m", R"({"messages":[{"role":"robot"}]})"}).failure();
  EXPECT_EQ(end.why.code, errc::argument_invalid);
  EXPECT_FALSE(end.retryable);
  EXPECT_NE(end.why.message.find("messages[0].role"), std::string::npos);
}

TEST(openai_compatible, sends_a_post_with_the_key_and_the_headers) {
  canned_server server{{streamed({choice(R"({"content":"x"})", "\"stop\""), done})}};
  openai_options options;
  options.base_url = server.url() + "/api/v1";
  options.api_key = "sk-or-1234567890";
  options.headers = {"X-Title: actor-shell"};
  auto model = make_openai_compatible(options, std::make_shared<http_transport>());
  EXPECT_EQ(ask(*model, hello()).answer().text, "x");
  const auto sent = server.request(0);
  EXPECT_TRUE(sent.starts_with("POST /api/v1/chat/completions HTTP/1.1\r\n")) << sent;
  for (const auto* line : {"\r\nAuthorization: Bearer sk-or-1234567890\r\n",
                           "\r\nX-Title: actor-shell\r\n",
                           "\r\nContent-Type: application/json\r\n"})
    EXPECT_NE(sent.find(line), std::string::npos) << line;
}

const std::string full_stream =
    ": OPENROUTER PROCESSING\n\n" + choice(R"({"role":"assistant","content":""})") +
    choice(R"({"reasoning":"Let me "})") +
    choice(R"({"reasoning_content":"see.","content":null})") + choice(R"({"content":"Grüße, "})") +
    choice(R"({"content":"\ud83d\ude00"})") +
    choice(R"({"tool_calls":[{"index":0,"id":"c1","type":"function",
             "function":{"name":"grep","arguments":""}}]})") +
    choice(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}},
             {"index":1,"id":"c2","function":{"name":"ls","arguments":"{}"}}]})") +
    choice(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})") +
    choice("{}", "\"tool_calls\"") +
    event(R"({"choices":[],"usage":{"prompt_tokens":120,"completion_tokens":30.0,
             "prompt_tokens_details":{"cached_tokens":100},
             "completion_tokens_details":{"reasoning_tokens":4},"cost":0.00012345678901}})") +
    done;

void expect_full_answer(const told& seen) {
  const auto& answer = seen.answer();
  EXPECT_EQ(answer.text, "Grüße, 😀");
  EXPECT_EQ(seen.text, answer.text);
  EXPECT_EQ(seen.thinking, "Let me see.");
  EXPECT_EQ(answer.thinking, (std::vector<thinking_block>{{"Let me see.", ""}}));
  EXPECT_EQ(answer.tool_calls,
            (std::vector<tool_request>{{"c1", "grep", R"({"a":1})"}, {"c2", "ls", "{}"}}));
  EXPECT_EQ(answer.finish_reason, "tool_calls");
  EXPECT_EQ(answer.usage, (token_usage{120, 30, 100, 4, false}));
}

TEST(openai_compatible, reads_a_whole_stream) {
  const auto seen = ask_of(streamed({full_stream}), cost_report::usage_cost);
  expect_full_answer(seen);
  EXPECT_EQ(seen.answer().reported_cost, usd{123'456'789});
  const auto raw = parse_json(seen.answer().raw, "raw").value();
  EXPECT_EQ(raw.as_array().size(), 10u);
}

TEST(openai_compatible, reads_the_same_in_pieces_of_any_size) {
  for (const std::size_t size : {1, 2, 3, 7, 64, 333})
    expect_full_answer(ask_of(streamed_in_pieces(full_stream, size)));
}

TEST(openai_compatible, does_not_take_a_cost_that_it_did_not_ask_for) {
  EXPECT_EQ(ask_stream(full_stream).answer().reported_cost, std::nullopt);
}

TEST(openai_compatible, takes_usage_from_a_chunk_that_has_a_choice) {
  const auto seen =
      ask_stream(event(R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],
                "usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":8}})") +
                 done);
  EXPECT_EQ(seen.answer().usage, (token_usage{9, 1, 8, 0, false}));
}

TEST(openai_compatible, estimates_usage_that_is_missing_or_zero_and_says_so) {
  for (const auto* usage : {"null", R"({"prompt_tokens":0,"completion_tokens":0})", "{}"}) {
    const auto seen =
        ask_stream(choice(R"({"content":"123456789"})", "\"stop\"") +
                   event(R"({"choices":[],"usage":)" + std::string{usage} + "}") + done);
    const auto& counted = seen.answer().usage;
    EXPECT_TRUE(counted.estimated) << usage;
    EXPECT_EQ(counted.output, 3) << usage;
    EXPECT_EQ(counted.input, static_cast<std::int64_t>(count_tokens(hello().body))) << usage;
  }
}

TEST(openai_compatible, takes_arguments_that_are_an_object_and_makes_up_missing_ids) {
  const auto seen = ask_stream(
      choice(R"({"tool_calls":[{"function":{"name":"ls","arguments":{"path":"a","n":1}}}]})",
             "\"stop\"") +
      done);
  ASSERT_EQ(seen.answer().tool_calls.size(), 1u);
  const auto& call = seen.answer().tool_calls[0];
  EXPECT_EQ(call.arguments, R"({"path":"a","n":1})");
  EXPECT_TRUE(call.id.starts_with("call_"));
}

TEST(openai_compatible, tells_calls_apart_that_all_have_the_number_0) {
  const auto seen = ask_stream(
      choice(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]})") +
      choice(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"y","arguments":"{}"}}]})",
             "\"tool_calls\"") +
      done);
  EXPECT_EQ(seen.answer().tool_calls,
            (std::vector<tool_request>{{"a", "x", "{}"}, {"b", "y", "{}"}}));
}

TEST(openai_compatible, gives_calls_with_one_id_two_ids) {
  const auto seen = ask_of(whole_answer(200, "application/json", R"({"choices":[{"message":{
    "tool_calls":[{"id":"a","function":{"name":"x","arguments":"{}"}},
                  {"id":"a","function":{"name":"y","arguments":"{}"}},
                  {"function":{"name":"z","arguments":"{}"}}]}}]})"));
  const auto& calls = seen.answer().tool_calls;
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].id, "a");
  EXPECT_NE(calls[1].id, "a");
  EXPECT_NE(calls[1].id, calls[2].id);
  EXPECT_EQ(seen.answer().finish_reason, "tool_calls");
}

TEST(openai_compatible, reads_an_answer_that_is_not_streamed) {
  const auto seen = ask_of(whole_answer(200, "text/plain", R"({"choices":[{"message":
    {"role":"assistant","content":[{"type":"text","text":"par"},{"type":"text","text":"ts"}]},
    "finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"cost":1e-6}})"),
                           cost_report::usage_cost);
  EXPECT_EQ(seen.answer().text, "parts");
  EXPECT_EQ(seen.text, "parts");
  EXPECT_EQ(seen.answer().finish_reason, "length");
  EXPECT_EQ(seen.answer().usage, (token_usage{3, 2, 0, 0, false}));
  EXPECT_EQ(seen.answer().reported_cost, usd{1'000'000});
}

TEST(openai_compatible, returns_an_empty_answer_as_it_is) {
  const auto seen = ask_stream(choice("{}", "\"stop\"") + done);
  EXPECT_EQ(seen.answer().text, "");
  EXPECT_TRUE(seen.answer().tool_calls.empty());
}

TEST(openai_compatible, gives_a_cut_stream_as_retryable_at_every_byte) {
  const auto start = choice(R"({"content":"Hi"})");
  const auto body = start + choice(R"({"content":"!"})", "null");
  for (std::size_t cut = 0; cut < body.size(); cut += 5) {
    const auto end = ask_stream(body.substr(0, cut)).failure();
    EXPECT_TRUE(end.retryable) << cut;
    EXPECT_EQ(end.emitted_output, cut >= start.size() - 2) << cut;
    EXPECT_EQ(end.partial_text.substr(0, 2), end.emitted_output ? "Hi" : "") << cut;
    if (cut > start.size()) {
      EXPECT_EQ(end.why.code, errc::provider_unavailable) << to_string(end.why);
    }
  }
}

TEST(openai_compatible, takes_a_stream_that_ends_after_the_finish_reason) {
  const auto seen = ask_stream(choice(R"({"content":"Hi"})", "\"stop\""));
  EXPECT_EQ(seen.answer().text, "Hi");
  EXPECT_TRUE(seen.answer().usage.estimated);
}

TEST(openai_compatible, counts_a_tool_call_as_output_when_the_stream_is_cut) {
  const auto end =
      ask_stream(choice(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"x"}}]})"))
          .failure();
  EXPECT_TRUE(end.emitted_output);
}

TEST(openai_compatible, gives_an_error_inside_the_stream_by_its_code) {
  auto end = ask_stream(choice(R"({"content":"Hi"})") +
                        event(R"({"error":{"code":502,"message":"backend gone",
                                 "metadata":{"raw":"boom"}},"choices":[]})"))
                 .failure();
  EXPECT_EQ(end.why.message, "openrouter: backend gone: boom");
  EXPECT_TRUE(end.retryable);
  EXPECT_TRUE(end.emitted_output);
  end = ask_stream(event(R"({"error":{"code":400,"message":"bad"}})")).failure();
  EXPECT_EQ(end.why.code, errc::provider_rejected);
  EXPECT_FALSE(end.retryable);
  end =
      ask_stream(event(R"({"error":{"type":"invalid_request_error","message":"bad"}})")).failure();
  EXPECT_FALSE(end.retryable);
  end = ask_stream(choice("{}", "\"error\"")).failure();
  EXPECT_TRUE(end.retryable);
  end = ask_of(whole_answer(200, "application/json", R"({"error":{"code":429,"message":"x"}})"))
            .failure();
  EXPECT_TRUE(end.retryable);
}

TEST(openai_compatible, gives_garbage_as_invalid_with_a_bounded_excerpt) {
  for (const auto& body : {std::string{"<html>it works</html>"},
                           event("{not json"),
                           event("{\"a\":\"\xFF\"}"),
                           event("[1]"),
                           std::string{"{\"choices\":7}"},
                           std::string{"{\"choices\":"},
                           std::string{"[]"},
                           std::string(100'000, 'x')}) {
    const auto end = ask_stream(body).failure();
    EXPECT_EQ(end.why.code, errc::provider_response_invalid) << to_string(end.why);
    EXPECT_TRUE(end.retryable);
    EXPECT_LT(end.why.message.size(), 700u);
  }
}

TEST(openai_compatible, passes_over_choices_and_types_that_it_does_not_know) {
  const auto seen = ask_stream(
      event(R"({"choices":[{"index":1,"delta":{"content":"other"}},7],"usage":"x"})") +
      event(R"({"choices":[{"delta":{"content":5,"tool_calls":[null,{"index":-1}]}}]})") +
      event(R"({"object":"keepalive"})") + choice(R"({"content":"Hi"})", "\"stop\"") + done);
  EXPECT_EQ(seen.answer().text, "Hi");
}

} // namespace
} // namespace ash::provider
