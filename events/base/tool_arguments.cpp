#include "events/base/tool_arguments.hpp"

#include <algorithm>
#include <vector>

namespace ash {
namespace {

result<json::value> parse_once(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return json::value(json::object{});
  auto parsed = parse_json(text, "the tool's arguments");
  if (!parsed)
    return error{errc::tool_arguments_invalid, parsed.error().message};
  if (parsed.value().is_null())
    return json::value(json::object{});
  return parsed;
}

} // namespace

result<json::object> parse_tool_arguments(std::string_view text) {
  TRY(auto value, parse_once(text));
  if (const auto* wrapped = value.if_string()) {
    const std::string inner{wrapped->data(), wrapped->size()};
    TRY(auto unwrapped, parse_once(inner));
    value = std::move(unwrapped);
  }
  if (auto* object = value.if_object())
    return std::move(*object);
  return refuse(errc::tool_arguments_invalid,
                "the tool's arguments are not a JSON object: send {\"name\": value, …}");
}

std::string path_in_worktree(std::string_view path, std::string_view worktree) {
  while (worktree.ends_with('/'))
    worktree.remove_suffix(1);
  if (!worktree.empty() && path.starts_with(worktree) &&
      (path.size() == worktree.size() || path[worktree.size()] == '/'))
    path.remove_prefix(worktree.size());
  std::vector<std::string_view> kept;
  while (!path.empty()) {
    const auto component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), component.size() + 1));
    if (component == ".." && !kept.empty())
      kept.pop_back();
    else if (!component.empty() && component != "." && component != "..")
      kept.push_back(component);
  }
  std::string out;
  for (const auto component : kept)
    out.append(out.empty() ? "" : "/").append(component);
  return out;
}

} // namespace ash
