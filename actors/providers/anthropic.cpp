#include "actors/providers/anthropic.hpp"

#include "actors/providers/anthropic_stream.hpp"
#include "actors/providers/canonical.hpp"
#include "actors/providers/decoder.hpp"

#include <algorithm>

namespace ash::provider {
namespace {

json::object text_block(const std::string& text) {
  return {{"type", "text"}, {"text", text}};
}

/// The API takes an object only. What the model gave instead was refused to it as a tool's result,
/// so it is sent back under a name of its own.
json::value input_of(const std::string& arguments) {
  auto parsed = parse_json(arguments.empty() ? "{}" : arguments, "the arguments");
  if (parsed && parsed.value().is_object())
    return std::move(parsed).value();
  return json::object{{"invalid_arguments", arguments}};
}

json::object thinking_block_of(const thinking_block& block) {
  if (!block.text.empty())
    return {{"type", "thinking"}, {"thinking", block.text}, {"signature", block.signature}};
  if (block.signature.starts_with(untold_thinking))
    return {{"type", "thinking"},
            {"thinking", ""},
            {"signature", block.signature.substr(untold_thinking.size())}};
  return {{"type", "redacted_thinking"}, {"data", block.signature}};
}

json::array assistant_blocks(const message& from) {
  json::array blocks;
  for (const auto& block : from.thinking)
    if (!block.signature.empty()) // another provider's thinking: the API accepts its own alone
      blocks.push_back(thinking_block_of(block));
  if (!from.content.empty())
    blocks.push_back(text_block(from.content));
  for (const auto& call : from.tool_calls)
    blocks.push_back({{"type", "tool_use"},
                      {"id", call.id},
                      {"name", call.name},
                      {"input", input_of(call.arguments)}});
  return blocks;
}

json::array blocks_of(const message& from) {
  if (from.role == speaker::assistant)
    return assistant_blocks(from);
  json::array blocks;
  if (from.role == speaker::user) {
    if (!from.content.empty())
      blocks.push_back(text_block(from.content));
    return blocks;
  }
  json::object result{{"type", "tool_result"}, {"tool_use_id", from.tool_call_id}};
  if (!from.content.empty())
    result["content"] = from.content;
  if (from.is_error)
    result["is_error"] = true;
  blocks.push_back(std::move(result));
  return blocks;
}

/// Messages alternate: neighbours of one side become one, so all results of one step are together.
json::array render_messages(const std::vector<message>& from) {
  json::array messages;
  for (const auto& each : from) {
    auto blocks = blocks_of(each);
    if (blocks.empty())
      continue;
    const auto* role = each.role == speaker::assistant ? "assistant" : "user";
    if (!messages.empty() && messages.back().at("role").get_string() == role) {
      auto& before = messages.back().at("content").get_array();
      for (auto& block : blocks)
        before.push_back(std::move(block));
    } else {
      messages.push_back({{"role", role}, {"content", std::move(blocks)}});
    }
  }
  return messages;
}

/// A step that goes on after tool results must begin with thinking if thinking is asked for: one
/// that began without it, under another model, goes on without it.
bool may_think(const std::vector<message>& messages) {
  for (auto each = messages.rbegin(); each != messages.rend(); ++each) {
    if (each->role == speaker::user)
      return true;
    const auto signs = [](const thinking_block& block) { return !block.signature.empty(); };
    if (each->role == speaker::assistant &&
        std::none_of(each->thinking.begin(), each->thinking.end(), signs))
      return false;
  }
  return true;
}

class anthropic final : public model_provider {
public:
  anthropic(anthropic_options options, std::shared_ptr<http_transport> transport)
      : options_(std::move(options)), transport_(std::move(transport)) {}

  std::shared_ptr<call> start(request what, observer who) override {
    auto body = render_anthropic(what, options_);
    if (!body)
      return fail_call(*transport_, body.error(), std::move(who.on_done));
    http_request sent{.url = options_.base_url + "/v1/messages",
                      .headers = options_.headers,
                      .body = std::move(body).value(),
                      .limits = options_.limits};
    sent.headers.emplace_back("Content-Type: application/json");
    sent.headers.emplace_back("Accept: text/event-stream, application/json");
    sent.headers.push_back("anthropic-version: " + options_.version);
    if (!options_.api_key.empty())
      sent.headers.push_back("x-api-key: " + options_.api_key);
    auto reader = make_anthropic_decoder(
        {options_.name, options_.api_key, std::move(what), std::move(who.on_delta)});
    return begin_exchange(*transport_, std::move(sent), std::move(reader), std::move(who.on_done));
  }

private:
  anthropic_options options_;
  std::shared_ptr<http_transport> transport_;
};

} // namespace

result<std::string> render_anthropic(const request& what, const anthropic_options& options) {
  TRY(auto from, parse_canonical(what.body));
  auto max_tokens = from.max_tokens > 0 ? from.max_tokens : options.default_max_tokens;
  const auto thinks = options.thinking_tokens > 0 && may_think(from.messages);
  json::object made{
      {"model", what.model}, {"messages", render_messages(from.messages)}, {"stream", true}};
  if (!from.system.empty())
    made["system"] = from.system;
  json::array tools;
  for (const auto& each : from.tools) {
    const auto& tool = each.get_object();
    json::object rendered;
    for (const auto& [theirs, ours] : {std::pair{"name", "name"},
                                       std::pair{"description", "description"},
                                       std::pair{"input_schema", "parameters"}})
      if (const auto* found = tool.if_contains(ours))
        rendered[theirs] = *found;
    tools.push_back(std::move(rendered));
  }
  if (!tools.empty())
    made["tools"] = std::move(tools);
  if (thinks) {
    made["thinking"] = {{"type", "enabled"}, {"budget_tokens", options.thinking_tokens}};
    max_tokens += options.thinking_tokens; // the API counts thinking into the limit
  } else if (from.temperature) {
    made["temperature"] = *from.temperature; // not allowed together with thinking
  }
  made["max_tokens"] = max_tokens;
  return to_json_text(made);
}

std::shared_ptr<model_provider> make_anthropic(anthropic_options options,
                                               std::shared_ptr<http_transport> transport) {
  return std::make_shared<anthropic>(std::move(options), std::move(transport));
}

} // namespace ash::provider
