#include "actors/providers/script.hpp"

#include "events/base/text.hpp"

#include <algorithm>

namespace ash::provider {
namespace {

constexpr std::int64_t max_wait_ms = 24LL * 3600 * 1000;
constexpr std::int64_t max_tokens = 1'000'000'000;

/// A text or a list of texts.
std::vector<std::string> texts_of(yaml::object_reader& in, std::string_view name) {
  const auto* found = in.at().find(name);
  if (found && found->what == yaml::kind::scalar)
    return {in.text(name)};
  return in.texts_if(name);
}

turn_match read_match(yaml::object_reader in) {
  turn_match made;
  made.model = in.text_if("model");
  made.user = texts_of(in, "user");
  made.contains = texts_of(in, "contains");
  made.last_result = in.text_if("last_result");
  made.last_tool = in.text_if("last_tool");
  made.has_tool_result = in.boolean_if("has_tool_result");
  made.assistant_turns = in.integer_if("assistant_turns");
  made.step = in.integer_if("step");
  in.finish();
  return made;
}

scripted_fault read_fault(yaml::object_reader in) {
  scripted_fault made;
  made.times = in.integer_if("times", {1, 1'000'000'000}).value_or(1);
  if (const auto status = in.integer_if("status", {300, 599}))
    made.status = static_cast<int>(*status);
  made.retry_after_ms = in.integer_if("retry_after_ms", {0, max_wait_ms});
  made.cut_after_chunks = in.integer_if("cut_after_chunks");
  made.garbage = in.boolean_if("garbage").value_or(false);
  made.hang_ms = in.integer_if("hang_ms", {0, max_wait_ms});
  made.message = in.text_if("message").value_or("");
  const auto kinds = int{made.status.has_value()} + int{made.cut_after_chunks.has_value()} +
                     int{made.garbage} + int{made.hang_ms.has_value()};
  in.finish();
  if (kinds != 1)
    in.fail("", "a fault is exactly one of status, cut_after_chunks, garbage: true, hang_ms");
  if (made.retry_after_ms && !made.status)
    in.fail("retry_after_ms", "it needs a status");
  return made;
}

scripted_call read_call(yaml::object_reader in) {
  scripted_call made;
  made.name = in.text("name");
  made.id = in.text_if("id").value_or("");
  made.arguments = "{}";
  if (const auto* arguments = in.any_if("arguments")) {
    if (arguments->what == yaml::kind::mapping)
      made.arguments = to_json_text(yaml::to_json(*arguments));
    else if (arguments->what == yaml::kind::scalar)
      made.arguments = arguments->text; // as it is: a model may answer what is no JSON
    else
      in.fail("arguments", "expected a mapping, or a text that is sent as it is");
  }
  in.finish();
  return made;
}

token_usage read_usage(yaml::object_reader in) {
  token_usage made;
  made.input = in.integer("input", {0, max_tokens});
  made.output = in.integer("output", {0, max_tokens});
  made.cached = in.integer_if("cached", {0, max_tokens}).value_or(0);
  made.reasoning = in.integer_if("reasoning", {0, max_tokens}).value_or(0);
  in.finish();
  if (made.cached > made.input)
    in.fail("cached", "cached tokens are a part of the input");
  if (made.reasoning > made.output)
    in.fail("reasoning", "reasoning tokens are a part of the output");
  return made;
}

/// A text that may be empty: an empty answer is a thing that models do.
std::string read_prose(yaml::object_reader& in, std::string_view name) {
  const auto* found = in.at().find(name);
  if (found && found->what == yaml::kind::scalar && found->quoted && found->text.empty()) {
    in.any_if(name);
    return {};
  }
  return in.text_if(name).value_or("");
}

scripted_turn read_turn(yaml::object_reader in) {
  scripted_turn made;
  made.line = in.at().line;
  made.name = in.text_if("name").value_or("");
  if (auto match = in.object_if("match"))
    made.match = read_match(*match);
  made.text = read_prose(in, "text");
  made.thinking = read_prose(in, "thinking");
  for (auto& call : in.objects_if("tool_calls"))
    made.tool_calls.push_back(read_call(call));
  made.finish_reason = in.text_if("finish_reason").value_or("");
  if (auto usage = in.object_if("usage"))
    made.usage = read_usage(*usage);
  made.cost = in.money_if("cost");
  made.delay_ms = in.integer_if("delay_ms", {0, max_wait_ms}).value_or(0);
  made.chunk = in.integer_if("chunk", {1, 1'000'000}).value_or(0);
  made.chunk_delay_ms = in.integer_if("chunk_delay_ms", {0, max_wait_ms}).value_or(0);
  for (auto& fault : in.objects_if("faults"))
    made.faults.push_back(read_fault(fault));
  in.finish();
  return made;
}

/// What a match looks at, found once a request.
struct view {
  std::string_view last_user;
  const message* last_result = nullptr; ///< where the request ends with one
  bool has_tool_result = false;
  std::int64_t assistant_turns = 0;
  std::int64_t step = 0;
};

view look_at(const canonical_request& asked) {
  view seen;
  for (const auto& each : asked.messages) {
    if (each.role == speaker::user) {
      seen.last_user = each.content;
      seen.has_tool_result = false;
      seen.step = 0;
    } else if (each.role == speaker::assistant) {
      ++seen.assistant_turns;
      ++seen.step;
    } else {
      seen.has_tool_result = true;
    }
  }
  if (!asked.messages.empty() && asked.messages.back().role == speaker::tool)
    seen.last_result = &asked.messages.back();
  return seen;
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool anywhere(const canonical_request& asked, std::string_view part) {
  return holds(asked.system, part) ||
         std::any_of(asked.messages.begin(), asked.messages.end(), [&](const message& each) {
           return holds(each.content, part);
         });
}

bool matches(const turn_match& match,
             const std::string& model,
             const canonical_request& asked,
             const view& seen) {
  const auto all = [](const std::vector<std::string>& parts, const auto& found) {
    return std::all_of(parts.begin(), parts.end(), found);
  };
  const auto in_result = [&](const std::optional<std::string>& part, const auto& text) {
    return !part || (seen.last_result && text(*seen.last_result, *part));
  };
  return (!match.model || glob_match(*match.model, model)) &&
         all(match.user, [&](const auto& part) { return holds(seen.last_user, part); }) &&
         all(match.contains, [&](const auto& part) { return anywhere(asked, part); }) &&
         in_result(match.last_result,
                   [](const auto& of, const auto& part) { return holds(of.content, part); }) &&
         in_result(match.last_tool,
                   [](const auto& of, const auto& name) { return of.name == name; }) &&
         match.has_tool_result.value_or(seen.has_tool_result) == seen.has_tool_result &&
         match.assistant_turns.value_or(seen.assistant_turns) == seen.assistant_turns &&
         match.step.value_or(seen.step) == seen.step;
}

} // namespace

const scripted_turn* script::find(const std::string& model, const canonical_request& asked) const {
  const auto seen = look_at(asked);
  for (const auto& turn : turns)
    if (matches(turn.match, model, asked, seen))
      return &turn;
  return nullptr;
}

result<script> parse_script(std::string_view text, std::string file) {
  TRY(const auto document, yaml::parse(text, file));
  yaml::reading in{document};
  yaml::object_reader top{in, document.root};
  script made;
  made.file = std::move(file);
  for (auto& turn : top.objects("turns"))
    made.turns.push_back(read_turn(turn));
  top.finish();
  TRY(in.outcome());
  return made;
}

} // namespace ash::provider
