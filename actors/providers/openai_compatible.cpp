#include "actors/providers/openai_compatible.hpp"

#include "actors/providers/canonical.hpp"
#include "actors/providers/decoder.hpp"
#include "actors/providers/openai_stream.hpp"

namespace ash::provider {
namespace {

json::value render_call(const tool_request& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function",
           {{"name", call.name}, {"arguments", call.arguments.empty() ? "{}" : call.arguments}}}};
}

json::object render_message(const message& from) {
  switch (from.role) {
  case speaker::user:
    return {{"role", "user"}, {"content", from.content}};
  case speaker::tool:
    return {{"role", "tool"}, {"tool_call_id", from.tool_call_id}, {"content", from.content}};
  case speaker::assistant:
    break;
  }
  json::object made{{"role", "assistant"}, {"content", from.content}};
  if (from.tool_calls.empty())
    return made;
  // A call without words has no content at all: several servers refuse an empty text there.
  if (from.content.empty())
    made["content"] = nullptr;
  json::array calls;
  for (const auto& call : from.tool_calls)
    calls.push_back(render_call(call));
  made["tool_calls"] = std::move(calls);
  return made;
}

class openai_compatible final : public model_provider {
public:
  openai_compatible(openai_options options, std::shared_ptr<http_transport> transport)
      : options_(std::move(options)), transport_(std::move(transport)) {}

  std::shared_ptr<call> start(request what, observer who) override {
    auto body = render_openai(what, options_);
    if (!body)
      return fail_call(*transport_, body.error(), std::move(who.on_done));
    http_request sent{.url = options_.base_url + "/chat/completions",
                      .headers = options_.headers,
                      .body = std::move(body).value(),
                      .limits = options_.limits};
    sent.headers.emplace_back("Content-Type: application/json");
    sent.headers.emplace_back("Accept: text/event-stream, application/json");
    if (!options_.api_key.empty())
      sent.headers.push_back("Authorization: Bearer " + options_.api_key);
    auto reader = make_openai_decoder(
        {options_.name, options_.api_key, std::move(what), std::move(who.on_delta)}, options_.cost);
    return begin_exchange(*transport_, std::move(sent), std::move(reader), std::move(who.on_done));
  }

private:
  openai_options options_;
  std::shared_ptr<http_transport> transport_;
};

} // namespace

result<std::string> render_openai(const request& what, const openai_options& options) {
  TRY(auto from, parse_canonical(what.body));
  json::array messages;
  if (!from.system.empty())
    messages.push_back({{"role", "system"}, {"content", from.system}});
  for (const auto& each : from.messages)
    messages.push_back(render_message(each));
  json::object made{{"model", what.model},
                    {"messages", std::move(messages)},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}}};
  json::array tools;
  for (auto& each : from.tools)
    tools.push_back({{"type", "function"}, {"function", std::move(each)}});
  if (!tools.empty())
    made["tools"] = std::move(tools);
  if (from.max_tokens > 0)
    made[options.max_tokens_field] = from.max_tokens;
  if (from.temperature)
    made["temperature"] = *from.temperature;
  if (options.cost == cost_report::usage_cost)
    made["usage"] = {{"include", true}};
  return to_json_text(made);
}

std::shared_ptr<model_provider> make_openai_compatible(openai_options options,
                                                       std::shared_ptr<http_transport> transport) {
  return std::make_shared<openai_compatible>(std::move(options), std::move(transport));
}

} // namespace ash::provider
