#include "actors/providers/scripted.hpp"

#include "actors/tokens/tokens.hpp"
#include "events/base/json.hpp"
#include "tests/actors/providers/asking.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ash::provider {
namespace {

using namespace test;

std::shared_ptr<model_provider> a_script(const std::string& text) {
  auto made = parse_scripted(text, "demo.yaml");
  if (!made)
    throw std::runtime_error{to_string(made.error())};
  return std::move(made).value();
}

std::string refusal(const std::string& text) {
  const auto made = parse_scripted(text, "demo.yaml");
  return made ? "accepted" : to_string(made.error().code).data() + (": " + made.error().message);
}

request asks(const std::string& messages, const std::string& system = "") {
  return {"call-1",
          "scripts/demo.yaml",
          R"({"system":")" + system + R"(","messages":[)" + messages + "]}"};
}
const std::string user_says = R"({"role":"user","content":"write a test"})";
const std::string calls_tool =
    R"({"role":"assistant","content":"","tool_calls":[{"id":"c","name":"ls","arguments":"{}"}]})";
const std::string tool_says =
    R"({"role":"tool","tool_call_id":"c","name":"ls","content":"a.txt created"})";

TEST(scripted, answers_with_the_first_turn_that_matches) {
  const auto model = a_script(R"(
turns:
  - match: {user: nothing of the kind}
    text: wrong
  - match: {user: [write, test], contains: reviewer, step: 0, has_tool_result: false}
    text: first
  - match: {last_tool: ls, last_result: created, assistant_turns: 1, step: 1, model: "**.yaml"}
    text: second
  - text: else
)");
  const auto text = [&](const request& what) { return ask(*model, what).answer().text; };
  EXPECT_EQ(text(asks(user_says, "you are a reviewer")), "first");
  EXPECT_EQ(text(asks(user_says)), "else");
  EXPECT_EQ(text(asks(user_says + "," + calls_tool + "," + tool_says)), "second");
  EXPECT_EQ(text(asks(calls_tool + "," + tool_says + "," + user_says, "reviewer")), "first");
  auto other = asks(user_says + "," + calls_tool + "," + tool_says);
  other.model = "other";
  EXPECT_EQ(text(other), "else");
}

TEST(scripted, gives_the_same_request_the_same_answer_again_and_again) {
  const auto text = "turns: [{text: x, tool_calls: [{name: ls}]}]";
  const auto model = a_script(text);
  const auto once = ask(*model, asks(user_says)).answer();
  const auto again = ask(*model, asks(user_says)).answer();
  const auto restarted = ask(*a_script(text), asks(user_says)).answer();
  EXPECT_EQ(once.tool_calls, again.tool_calls);
  EXPECT_EQ(once.tool_calls, restarted.tool_calls);
  EXPECT_EQ(once.raw, restarted.raw);
  EXPECT_NE(once.tool_calls[0].id,
            ask(*model, asks(user_says + "," + calls_tool)).answer().tool_calls[0].id);
}

TEST(scripted, gives_all_that_a_turn_says) {
  const auto model = a_script(R"(
turns:
  - name: all of it
    text: Grüße
    thinking: hm
    tool_calls:
      - name: write_file
        id: c1
        arguments: {path: a.txt, n: 12, f: 1.5, yes: true, nil: null, text: "12", list: [1, x]}
      - name: broken
        arguments: '{"a":'
    finish_reason: length
    usage: {input: 100, output: 20, cached: 50, reasoning: 5}
    cost: 0.0002
)");
  const auto seen = ask(*model, asks(user_says));
  const auto& answer = seen.answer();
  EXPECT_EQ(answer.text, "Grüße");
  EXPECT_EQ(answer.thinking, (std::vector<thinking_block>{{"hm", ""}}));
  ASSERT_EQ(answer.tool_calls.size(), 2u);
  EXPECT_EQ(answer.tool_calls[0].id, "c1");
  EXPECT_EQ(
      canonical_json(parse_json(answer.tool_calls[0].arguments, "it").value()),
      R"({"f":1.5E0,"list":[1,"x"],"n":12,"nil":null,"path":"a.txt","text":"12","yes":true})");
  EXPECT_EQ(answer.tool_calls[1].arguments, "{\"a\":");
  EXPECT_EQ(answer.finish_reason, "length");
  EXPECT_EQ(answer.usage, (token_usage{100, 20, 50, 5, false}));
  EXPECT_EQ(answer.reported_cost, usd{200'000'000});
  EXPECT_EQ(seen.thinking, "hm");
}

TEST(scripted, estimates_usage_that_the_script_leaves_out_and_says_so) {
  const auto what = asks(user_says);
  const auto usage = ask(*a_script("turns: [{text: \"123456789\"}]"), what).answer().usage;
  EXPECT_TRUE(usage.estimated);
  EXPECT_EQ(usage.output, 3);
  EXPECT_EQ(usage.input, static_cast<std::int64_t>(count_tokens(what.body)));
}

TEST(scripted, streams_in_pieces_that_end_at_code_points) {
  const auto seen =
      ask(*a_script("turns: [{text: äöü€😀x, chunk: 1, delay_ms: 1, chunk_delay_ms: 1}]"),
          asks(user_says));
  EXPECT_EQ(seen.deltas, 6);
  EXPECT_EQ(seen.text, "äöü€😀x");
}

TEST(scripted, answers_with_nothing_where_a_turn_says_nothing) {
  const auto seen = ask(*a_script("turns: [{text: \"\"}]"), asks(user_says));
  EXPECT_EQ(seen.answer().text, "");
  EXPECT_EQ(seen.deltas, 0);
}

TEST(scripted, meets_each_fault_as_often_as_told_and_then_answers) {
  const auto model = a_script(R"(
turns:
  - text: abcdef
    chunk: 2
    faults:
      - {status: 429, retry_after_ms: 1234, message: slow down}
      - {times: 2, cut_after_chunks: 2}
      - {garbage: true}
      - {status: 400}
      - {hang_ms: 1}
)");
  const auto attempt = [&] { return ask(*model, asks(user_says)); };
  auto end = attempt().failure();
  EXPECT_EQ(end.why.code, errc::provider_unavailable);
  EXPECT_EQ(end.why.message, "scripted answered 429: slow down");
  EXPECT_EQ(end.retry_after_ms, 1234);
  EXPECT_TRUE(end.retryable);
  for (int i = 0; i < 2; ++i) {
    end = attempt().failure();
    EXPECT_TRUE(end.retryable);
    EXPECT_TRUE(end.emitted_output);
    EXPECT_EQ(end.partial_text, "abcd");
  }
  end = attempt().failure();
  EXPECT_EQ(end.why.code, errc::provider_response_invalid);
  EXPECT_FALSE(end.emitted_output);
  end = attempt().failure();
  EXPECT_EQ(end.why.code, errc::provider_rejected);
  EXPECT_FALSE(end.retryable);
  EXPECT_EQ(attempt().failure().why.code, errc::timed_out);
  EXPECT_EQ(attempt().answer().text, "abcdef");
  EXPECT_EQ(ask(*model, asks(user_says, "another request")).failure().retry_after_ms, 1234);
}

TEST(scripted, hangs_until_it_is_cancelled) {
  const auto model = a_script("turns: [{faults: [{hang_ms: 3600000}]}]");
  asking call{*model, asks(user_says)};
  EXPECT_FALSE(call.is_done());
  call.cancel();
  call.cancel();
  const auto end = call.wait();
  EXPECT_EQ(end.failure().why.code, errc::cancelled);
  EXPECT_EQ(end.ends, 1);
}

TEST(scripted, ends_waiting_calls_when_the_model_is_let_go) {
  auto model = a_script("turns: [{delay_ms: 3600000, text: late}]");
  asking call{*model, asks(user_says)};
  model.reset();
  EXPECT_EQ(call.wait().failure().why.code, errc::cancelled);
}

TEST(scripted, carries_thousands_of_calls_at_once) {
  const auto model = a_script("turns: [{text: abc, chunk: 1, chunk_delay_ms: 1, delay_ms: 2}]");
  std::vector<std::unique_ptr<asking>> calls;
  for (int i = 0; i < 5000; ++i)
    calls.push_back(std::make_unique<asking>(*model, asks(user_says, std::to_string(i))));
  for (auto& call : calls)
    ASSERT_EQ(call->wait().answer().text, "abc");
}

TEST(scripted, says_what_was_asked_where_no_turn_matches) {
  const auto model = a_script("turns: [{match: {user: x y z}}]");
  const auto end = ask(*model, asks(user_says + "," + calls_tool + "," + tool_says)).failure();
  EXPECT_EQ(end.why.code, errc::provider_response_invalid);
  EXPECT_FALSE(end.retryable);
  for (const auto* part : {"demo.yaml", "'write a test'", "1 assistant turns", "'a.txt created'"})
    EXPECT_NE(end.why.message.find(part), std::string::npos) << end.why.message;
}

TEST(scripted, refuses_a_request_that_is_not_canonical) {
  const auto end = ask(*a_script("turns: [{text: x}]"), {"c", "m", "nonsense"}).failure();
  EXPECT_EQ(end.why.code, errc::argument_invalid);
}

TEST(scripted, refuses_a_script_with_the_place_of_the_mistake) {
  EXPECT_EQ(refusal("turns:\n  - txt: x\n"),
            "unknown_field: demo.yaml:2:5: field 'turns[0].txt': unknown field; known here: name, "
            "match, text, thinking, tool_calls, finish_reason, usage, cost, delay_ms, chunk, "
            "chunk_delay_ms, faults");
  EXPECT_EQ(refusal("turns:\n  - text: x\n    text: y\n"),
            "config_invalid: demo.yaml:3:5: duplicate key 'text'");
  EXPECT_EQ(refusal("turns:\n  - match: {step: one}\n"),
            "config_invalid: demo.yaml:2:19: field 'turns[0].match.step': expected an integer from "
            "0, found 'one'");
  EXPECT_EQ(refusal("turns:\n  - faults: [{status: 429, garbage: true}]\n"),
            "config_invalid: demo.yaml:2:14: field 'turns[0].faults[0]': a fault is exactly one of "
            "status, cut_after_chunks, garbage: true, hang_ms");
  EXPECT_EQ(refusal("turns:\n  - tool_calls: [{name: x, arguments: [1]}]\n"),
            "config_invalid: demo.yaml:2:39: field 'turns[0].tool_calls[0].arguments': expected a "
            "mapping, or a text that is sent as it is");
  EXPECT_EQ(refusal(""), "config_invalid: demo.yaml:1:1: expected a mapping, found nothing");
  EXPECT_EQ(refusal("{}"),
            "config_invalid: demo.yaml:1:1: field 'turns': a required field is "
            "missing");
}

TEST(scripted, loads_a_file_and_says_which_one_is_missing) {
  auto folder = std::filesystem::temp_directory_path() / "ash-scripted-XXXXXX";
  auto name = folder.string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const auto path = name + "/a script.yaml";
  std::ofstream{path} << "turns: [{text: hello}]";
  EXPECT_EQ(ask(*load_scripted(path).value(), asks(user_says)).answer().text, "hello");
  const auto missing = load_scripted(name + "/none.yaml").error();
  EXPECT_EQ(missing.code, errc::file_not_found);
  EXPECT_NE(missing.message.find("none.yaml"), std::string::npos);
  EXPECT_EQ(load_scripted(name).error().code, errc::io_failed);
  std::filesystem::remove_all(name);
}

} // namespace
} // namespace ash::provider
