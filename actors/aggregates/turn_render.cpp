#include "actors/aggregates/turn_loop.hpp"
#include "actors/tokens/tokens.hpp"
#include "events/base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <set>

namespace ash::turn {
namespace {

json::object
tool_message(const std::string& id, const std::string& tool, std::string_view text, bool is_error) {
  return {{"role", "tool"},
          {"tool_call_id", id},
          {"name", tool},
          {"content", text},
          {"is_error", is_error}};
}

json::object assistant_message(const message& from) {
  json::object to{{"role", "assistant"}, {"content", from.text}};
  if (!from.thinking.empty()) {
    auto& blocks = to["thinking"].emplace_array();
    for (const auto& block : from.thinking)
      blocks.push_back(json::object{{"text", block.text}, {"signature", block.signature}});
  }
  if (!from.tool_calls.empty()) {
    auto& calls = to["tool_calls"].emplace_array();
    for (const auto& call : from.tool_calls)
      calls.push_back(
          json::object{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }
  return to;
}

/// Providers refuse a transcript in which a tool call has no answer. One that never ran (the turn
/// ended first) is answered here, so that an orphan can't brick what comes after it.
void answer_orphans(const message& asked, std::set<std::string>& answered, json::array& messages) {
  for (const auto& call : asked.tool_calls)
    if (answered.insert(call.id).second)
      messages.push_back(
          tool_message(call.id, call.name, "Not executed: the turn ended before this call.", true));
}

json::array render_messages(const std::vector<message>& transcript) {
  json::array messages;
  const message* asked = nullptr;
  std::set<std::string> answered;
  const auto close = [&] {
    if (asked != nullptr)
      answer_orphans(*asked, answered, messages);
    asked = nullptr;
    answered.clear();
  };
  for (const auto& m : transcript) {
    if (m.who == speaker::tool) {
      answered.insert(m.answers);
      messages.push_back(tool_message(m.answers, m.tool, m.text, m.is_error));
      continue;
    }
    close();
    if (m.who == speaker::user) {
      messages.push_back(json::object{{"role", "user"}, {"content", m.text}});
    } else {
      messages.push_back(assistant_message(m));
      asked = &m;
    }
  }
  close();
  return messages;
}

} // namespace

std::string render_request(const agent_terms& agent, const loop& state) {
  json::object body{{"system", agent.system_prompt},
                    {"messages", render_messages(state.transcript)}};
  if (!agent.tools.empty()) {
    auto& tools = body["tools"].emplace_array();
    for (const auto& tool : agent.tools) {
      json::error_code ec;
      auto parameters = json::parse(tool.parameters, ec);
      tools.push_back(
          json::object{{"name", tool.name},
                       {"description", tool.description},
                       {"parameters", ec ? json::value(json::object{}) : std::move(parameters)}});
    }
  }
  body["max_tokens"] = agent.max_tokens;
  if (agent.temperature_milli)
    body["temperature"] = static_cast<double>(*agent.temperature_milli) / 1'000;
  return to_json_text(body);
}

std::int64_t estimate_tokens(std::string_view text) {
  return static_cast<std::int64_t>(count_tokens(text));
}

} // namespace ash::turn
