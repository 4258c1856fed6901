#include "actors/definitions/subagent_names.hpp"

#include "actors/definitions/definition_files.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>

namespace ash::definitions {
namespace {

/// Whom `wanted` names; null where nobody has that name.
const persona_file* find(const std::vector<persona_file>& in, std::string_view wanted) {
  const auto named = parse_reference(wanted);
  if (!named)
    return nullptr;
  const auto& [name, version] = named.value();
  const persona_file* found = nullptr;
  for (const auto& each : in) {
    const auto& who = each.definition;
    if (who.name != name || (version && who.version != *version))
      continue;
    if (found == nullptr || found->definition.version < who.version)
      found = &each;
  }
  return found;
}

bool can_do(const role& what, const persona& who) {
  const auto has = [&](const std::string& wanted) {
    return std::find(who.capabilities.begin(), who.capabilities.end(), wanted) !=
           who.capabilities.end();
  };
  return std::all_of(what.required_capabilities.begin(), what.required_capabilities.end(), has);
}

} // namespace

result<std::vector<persona_file>> persona_files(const std::vector<std::string>& roots) {
  TRY(auto files, files_of(roots, "personas", ".yaml"));
  std::vector<persona_file> out;
  for (auto& file : files) {
    TRY(auto definition, parse_persona(file.text, file.name));
    out.push_back({std::move(file.name), std::move(file.text), std::move(definition)});
  }
  return out;
}

result<void> check_subagents(const persona_file& of, const std::vector<persona_file>& known) {
  if (of.definition.subagents.empty())
    return success();
  TRY(const auto source, yaml::parse(of.text, of.file, errc::definition_invalid));
  const auto* list = source.root.find("subagents");
  yaml::reading in(source, errc::persona_not_found);
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const auto& at = list->items[i];
    if (find(known, at.text) != nullptr)
      continue;
    std::vector<std::string> names;
    for (const auto& each : known)
      names.push_back(identity(each.definition));
    in.fail(at,
            "subagents[" + std::to_string(i) + "]",
            "there is no persona '" + at.text + "'; the nearest are " + near_names(at.text, names));
  }
  return in.outcome();
}

result<void> check_subagents(const workflow& of, const std::vector<persona_file>& known) {
  std::vector<const persona_file*> reached;
  const auto reach = [&](const persona_file* who) {
    if (std::find(reached.begin(), reached.end(), who) == reached.end())
      reached.push_back(who);
  };
  for (const auto& each : known)
    if (std::any_of(of.roles.begin(), of.roles.end(), [&](const role& what) {
          return can_do(what, each.definition);
        }))
      reach(&each);
  for (std::size_t i = 0; i < reached.size(); ++i) {
    TRY(check_subagents(*reached[i], known));
    for (const auto& name : reached[i]->definition.subagents)
      reach(find(known, name));
  }
  return success();
}

result<void> check_tools(const persona_file& of) {
  TRY(const auto source, yaml::parse(of.text, of.file, errc::definition_invalid));
  const auto* list = source.root.find("tools");
  const auto& known = builtin_tool_names();
  yaml::reading in(source, errc::tool_unknown);
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const auto& at = list->items[i];
    if (std::find(known.begin(), known.end(), at.text) == known.end())
      in.fail(at,
              "tools[" + std::to_string(i) + "]",
              "there is no tool '" + printable(at.text) + "': there are " + joined(known));
  }
  return in.outcome();
}

} // namespace ash::definitions
