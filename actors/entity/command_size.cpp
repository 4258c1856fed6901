#include "actors/entity/command_size.hpp"

namespace ash {
namespace {

std::size_t text_of(const turn::model_streamed& c) {
  return c.text.size();
}

std::size_t text_of(const turn::model_answered& c) {
  auto sum = c.text.size() + c.raw.size();
  for (const auto& block : c.thinking)
    sum += block.text.size() + block.signature.size();
  for (const auto& call : c.tool_calls)
    sum += call.arguments.size();
  return sum;
}

std::size_t text_of(const turn::model_failed& c) {
  return c.partial_text.size();
}
std::size_t text_of(const turn::tool_finished& c) {
  return c.text.size();
}
std::size_t text_of(const session::post& c) {
  return c.text.size();
}
std::size_t text_of(const session::edit& c) {
  return c.text.size();
}

std::size_t text_of(const agent_terms& agent) {
  auto sum = agent.system_prompt.size();
  for (const auto& tool : agent.tools)
    sum += tool.description.size() + tool.parameters.size();
  return sum;
}

std::size_t text_of(const session::create& c) {
  return text_of(*c.what.agent);
}
std::size_t text_of(const session::set_persona& c) {
  return text_of(c.agent);
}
std::size_t text_of(const tool_call::finish& c) {
  return c.text.size() + c.full.size();
}
std::size_t text_of(const run::hooks_ran& c) {
  std::size_t sum = 0;
  for (const auto& each : c.results)
    sum += each.command.size() + each.message.size() + each.output.text.size();
  return sum;
}
std::size_t text_of(const phase::artifact_checked& c) {
  return c.content.size() + c.repair_prompt.size();
}

/// Every other command is small, or made by ourselves from facts that are bounded.
std::size_t text_of(const auto&) {
  return 0;
}

} // namespace

std::size_t approximate_bytes(const command_envelope& of) {
  return sizeof of + of.id.size() + of.correlation.size() + of.causation.size() +
         std::visit([](const auto& c) { return text_of(c); }, of.what);
}

} // namespace ash
