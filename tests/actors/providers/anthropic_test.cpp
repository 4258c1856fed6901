#include "actors/providers/anthropic.hpp"

#include "events/base/json.hpp"
#include "tests/actors/providers/asking.hpp"
#include "tests/actors/providers/canned_server.hpp"

namespace ash::provider {
namespace {

using namespace test;

/// An event with these fields, written on one line.
std::string event(const std::string& name, std::string fields) {
  std::erase(fields, '\n');
  return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" +
         (fields.empty() ? "" : "," + fields) + "}\n\n";
}
std::string start_of(int index, const std::string& block) {
  return event("content_block_start",
               "\"index\":" + std::to_string(index) + ",\"content_block\":" + block);
}
std::string delta_of(int index, const std::string& delta) {
  return event("content_block_delta", "\"index\":" + std::to_string(index) + ",\"delta\":" + delta);
}

const std::string message_start =
    event("message_start",
          R"("message":{"usage":{"input_tokens":10,"cache_read_input_tokens":200,
             "cache_creation_input_tokens":30,"output_tokens":1}})");
const std::string message_end =
    event("message_delta", R"("delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":55})") +
    event("message_stop", "");

const std::string anthropic_stream =
    message_start + event("ping", "") + start_of(0, R"({"type":"thinking","thinking":""})") +
    delta_of(0, R"({"type":"thinking_delta","thinking":"Let me "})") +
    delta_of(0, R"({"type":"thinking_delta","thinking":"see."})") +
    delta_of(0, R"({"type":"signature_delta","signature":"c2ln"})") +
    event("content_block_stop", "\"index\":0") +
    start_of(1, R"({"type":"redacted_thinking","data":"b3BhcXVl"})") +
    start_of(2, R"({"type":"text","text":""})") +
    delta_of(2, R"({"type":"text_delta","text":"Grüße"})") +
    start_of(3, R"({"type":"tool_use","id":"toolu_1","name":"grep","input":{}})") +
    delta_of(3, R"({"type":"input_json_delta","partial_json":""})") +
    delta_of(3, R"({"type":"input_json_delta","partial_json":"{\"a\":"})") +
    delta_of(3, R"({"type":"input_json_delta","partial_json":"1}"})") +
    start_of(4, R"({"type":"tool_use","id":"toolu_2","name":"complete","input":{}})") + message_end;

told ask_anthropic(canned answer, request what = hello("claude-x")) {
  canned_server server{{std::move(answer)}};
  anthropic_options options;
  options.base_url = server.url();
  options.api_key = "sk-ant-0123456789";
  auto model = make_anthropic(options, std::make_shared<http_transport>());
  return ask(*model, std::move(what));
}

void expect_anthropic_answer(const told& seen) {
  const auto& answer = seen.answer();
  EXPECT_EQ(answer.text, "Grüße");
  EXPECT_EQ(seen.text, "Grüße");
  EXPECT_EQ(seen.thinking, "Let me see.");
  EXPECT_EQ(answer.thinking,
            (std::vector<thinking_block>{{"Let me see.", "c2ln"}, {"", "b3BhcXVl"}}));
  EXPECT_EQ(answer.tool_calls,
            (std::vector<tool_request>{{"toolu_1", "grep", R"({"a":1})"},
                                       {"toolu_2", "complete", "{}"}}));
  EXPECT_EQ(answer.finish_reason, "tool_calls");
  EXPECT_EQ(answer.usage, (token_usage{240, 55, 200, 0, false}));
}

TEST(anthropic, reads_a_whole_stream) {
  expect_anthropic_answer(ask_anthropic(streamed({anthropic_stream})));
}

TEST(anthropic, reads_the_same_in_pieces_of_any_size) {
  for (const std::size_t size : {1, 5, 17, 256})
    expect_anthropic_answer(ask_anthropic(streamed_in_pieces(anthropic_stream, size)));
}

TEST(anthropic, reads_an_answer_that_is_not_streamed) {
  expect_anthropic_answer(
      ask_anthropic(whole_answer(200, "application/json", R"({"type":"message","content":[
    {"type":"thinking","thinking":"Let me see.","signature":"c2ln"},
    {"type":"redacted_thinking","data":"b3BhcXVl"},
    {"type":"text","text":"Grüße"},
    {"type":"tool_use","id":"toolu_1","name":"grep","input":{"a":1}},
    {"type":"tool_use","id":"toolu_2","name":"complete","input":{}}],
    "stop_reason":"tool_use","usage":{"input_tokens":10,"cache_read_input_tokens":200,
    "cache_creation_input_tokens":30,"output_tokens":55}})")));
}

TEST(anthropic, sends_a_post_with_the_key_and_the_version) {
  canned_server server{{streamed({anthropic_stream})}};
  anthropic_options options;
  options.base_url = server.url();
  options.api_key = "sk-ant-0123456789";
  auto model = make_anthropic(options, std::make_shared<http_transport>());
  expect_anthropic_answer(ask(*model, hello("claude-x")));
  const auto sent = server.request(0);
  EXPECT_TRUE(sent.starts_with("POST /v1/messages HTTP/1.1\r\n")) << sent;
  for (const auto* line :
       {"\r\nx-api-key: sk-ant-0123456789\r\n", "\r\nanthropic-version: 2023-06-01\r\n"})
    EXPECT_NE(sent.find(line), std::string::npos) << line;
}

const std::string tool_loop = R"({"system":"S","messages":[
    {"role":"user","content":"U"},
    {"role":"assistant","content":"T",
     "thinking":[{"text":"hm","signature":"s1"},{"text":"","signature":"s2"},
                 {"text":"foreign","signature":""},{"text":"","signature":"untold-thinking:s3"}],
     "tool_calls":[{"id":"c1","name":"grep","arguments":"{\"a\":1}"},
                   {"id":"c2","name":"ls","arguments":"not json"}]},
    {"role":"tool","tool_call_id":"c1","name":"grep","content":"R1"},
    {"role":"tool","tool_call_id":"c2","name":"ls","content":"R2","is_error":true},
    {"role":"user","content":"go on"},
    {"role":"assistant","content":""}],
    "tools":[{"name":"grep","description":"D","parameters":{"type":"object"}}],
    "max_tokens":100,"temperature":0.5})";

json::value rendered(const std::string& body, const anthropic_options& options) {
  return parse_json(render_anthropic({"c", "claude-x", body}, options).value(), "it").value();
}

TEST(anthropic, renders_thinking_first_and_all_results_of_a_step_in_one_message) {
  const auto expected = R"({"model":"claude-x","stream":true,"system":"S","messages":[
    {"role":"user","content":[{"type":"text","text":"U"}]},
    {"role":"assistant","content":[
      {"type":"thinking","thinking":"hm","signature":"s1"},
      {"type":"redacted_thinking","data":"s2"},
      {"type":"thinking","thinking":"","signature":"s3"},
      {"type":"text","text":"T"},
      {"type":"tool_use","id":"c1","name":"grep","input":{"a":1}},
      {"type":"tool_use","id":"c2","name":"ls","input":{"invalid_arguments":"not json"}}]},
    {"role":"user","content":[
      {"type":"tool_result","tool_use_id":"c1","content":"R1"},
      {"type":"tool_result","tool_use_id":"c2","content":"R2","is_error":true},
      {"type":"text","text":"go on"}]}],
    "tools":[{"name":"grep","description":"D","input_schema":{"type":"object"}}],
    "max_tokens":100,"temperature":0.5})";
  EXPECT_EQ(canonical_json(rendered(tool_loop, {})),
            canonical_json(parse_json(expected, "expected").value()));
}

TEST(anthropic, asks_for_thinking_only_where_the_step_began_with_it) {
  anthropic_options options;
  options.thinking_tokens = 2000;
  const auto made = rendered(tool_loop, options);
  EXPECT_FALSE(made.as_object().contains("thinking")) << "the last assistant message has none";
  const auto fresh =
      rendered(R"({"messages":[{"role":"user","content":"U"}],"temperature":1})", options);
  EXPECT_EQ(canonical_json(fresh.at("thinking")), R"({"budget_tokens":2000,"type":"enabled"})");
  EXPECT_EQ(fresh.at("max_tokens").as_int64(), 4096 + 2000);
  EXPECT_FALSE(fresh.as_object().contains("temperature"));
}

TEST(anthropic, marks_thinking_whose_text_is_not_told) {
  const auto seen = ask_anthropic(
      streamed({message_start + start_of(0, R"({"type":"thinking"})") +
                delta_of(0, R"({"type":"signature_delta","signature":"s"})") + message_end}));
  EXPECT_EQ(seen.answer().thinking, (std::vector<thinking_block>{{"", "untold-thinking:s"}}));
}

TEST(anthropic, gives_a_cut_stream_with_the_usage_that_is_known) {
  const auto end =
      ask_anthropic(streamed({message_start + start_of(0, R"({"type":"text","text":""})") +
                              delta_of(0, R"({"type":"text_delta","text":"12345678"})")}))
          .failure();
  EXPECT_EQ(end.why.code, errc::provider_unavailable);
  EXPECT_TRUE(end.retryable);
  EXPECT_TRUE(end.emitted_output);
  EXPECT_EQ(end.partial_text, "12345678");
  EXPECT_EQ(end.usage, (token_usage{240, 3, 200, 0, true}));
}

TEST(anthropic, tells_passing_errors_in_the_stream_from_lasting_ones) {
  auto end =
      ask_anthropic(streamed({event(
                        "error", R"("error":{"type":"overloaded_error","message":"Overloaded"})")}))
          .failure();
  EXPECT_TRUE(end.retryable);
  EXPECT_EQ(end.why.message, "anthropic: Overloaded");
  end =
      ask_anthropic(
          streamed({event("error", R"("error":{"type":"invalid_request_error","message":"no"})")}))
          .failure();
  EXPECT_FALSE(end.retryable);
  EXPECT_EQ(end.why.code, errc::provider_rejected);
}

TEST(anthropic, gives_an_overloaded_server_as_retryable) {
  const auto end =
      ask_anthropic(
          whole_answer(529,
                       "application/json",
                       R"({"type":"error","error":{"type":"overloaded_error","message":"Busy"}})"))
          .failure();
  EXPECT_TRUE(end.retryable);
  EXPECT_EQ(end.why.message, "anthropic answered 529: Busy");
}

TEST(anthropic, gives_garbage_as_invalid) {
  for (const auto& body :
       {std::string{"nonsense"}, std::string{"data: {\n\n"}, std::string{R"({"content":7})"}}) {
    const auto end = ask_anthropic(streamed({body})).failure();
    EXPECT_EQ(end.why.code, errc::provider_response_invalid) << to_string(end.why);
    EXPECT_TRUE(end.retryable);
  }
}

} // namespace
} // namespace ash::provider
