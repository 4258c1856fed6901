#include "actors/aggregates/delegation.hpp"

#include "events/base/text.hpp"
#include "events/base/tool_arguments.hpp"

#include <algorithm>

namespace ash::delegation {
namespace {

constexpr std::size_t shown_bytes = 100;

error unreadable(std::string message) {
  return refuse(errc::tool_arguments_invalid, std::move(message));
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

policy::denial denial_of(errc code, std::string rule, std::string message) {
  return {code, std::move(rule), std::move(message)};
}

} // namespace

result<assignment> read(std::string_view arguments) {
  TRY(const auto given, parse_tool_arguments(arguments));
  assignment out;
  for (const auto& field : given) {
    auto* into = field.key() == "persona"   ? &out.persona
                 : field.key() == "task"    ? &out.task
                 : field.key() == "context" ? &out.context
                                            : nullptr;
    if (into == nullptr)
      return unreadable("there is no field '" +
                        printable(utf8_prefix(std::string_view{field.key()}, shown_bytes)) +
                        "': give persona, task and, where it helps, context");
    if (!field.value().is_string())
      return unreadable("the field '" + std::string{field.key()} + "' must be a string");
    into->assign(field.value().get_string().data(), field.value().get_string().size());
  }
  if (out.persona.empty())
    return unreadable("the field 'persona' is missing: say who is to do it");
  if (out.task.find_first_not_of(" \t\r\n") == std::string::npos)
    return unreadable("the field 'task' is missing: say what is to be done");
  return out;
}

std::string message_of(const assignment& what) {
  if (what.context.empty())
    return what.task;
  return what.task + "\n\nWhat you should know:\n\n" + what.context;
}

std::optional<policy::denial> problem_of(const tool_call::requested& what) {
  const auto asked = read(what.arguments);
  if (!asked)
    return denial_of(asked.error().code, "arguments", asked.error().message);
  const auto& may_be_asked = what.subagents;
  const auto& name = asked.value().persona;
  if (std::find(may_be_asked.begin(), may_be_asked.end(), name) == may_be_asked.end())
    return denial_of(errc::permission_denied,
                     "subagents",
                     "'" + printable(utf8_prefix(name, shown_bytes)) +
                         "' may not be asked from here; who may: " + listed(may_be_asked));
  if (what.depth >= max_depth)
    return denial_of(errc::subagent_depth_exceeded,
                     "depth",
                     "sub-agents nest at most " + std::to_string(max_depth) +
                         " deep: do it yourself");
  return std::nullopt;
}

session_id child_of(const tool_call_id& call) {
  return {derive(call.value, "session")};
}

session::created stub_of(const tool_call::requested& what, const session_id& child) {
  session::created out;
  out.session = child;
  out.worktree = what.worktree;
  if (what.owner.kind() == entity_kind::session)
    if (const auto parent = parse_uuid(what.owner.key()))
      out.parent = session_id{parent.value()};
  out.depth = std::min(what.depth + 1, max_depth); // a reviewer of the deepest is no level more
  out.root = what.root;
  out.asked_by = what.call;
  out.attended = what.attended;
  return out;
}

} // namespace ash::delegation
