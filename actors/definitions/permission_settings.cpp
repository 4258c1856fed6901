#include "actors/definitions/permission_settings.hpp"

#include "actors/definitions/definitions.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

namespace ash::definitions {
namespace {

constexpr std::array<std::string_view, 5> modes{
    "default", "accept-edits", "plan", "dont-ask", "bypass"};
constexpr std::array<std::string_view, 3> verdicts{"allow", "ask", "deny"};
constexpr std::size_t max_glob_bytes = 1'024;

/// Where a name stands in a list.
template <class Value, class Names>
std::optional<Value> named(const Names& all, std::string_view name) noexcept {
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end())
    return std::nullopt;
  return static_cast<Value>(found - all.begin());
}

permission_rule read_rule(yaml::object_reader& at) {
  const auto glob = [&](std::string_view field) {
    auto text = at.text_if(field).value_or("");
    if (auto fault = fault_of_rule_glob(field, text); !fault.empty())
      at.fail(field, std::move(fault));
    return text;
  };
  permission_rule out;
  out.verdict =
      static_cast<permission_verdict>(at.one_of("verdict", {verdicts.begin(), verdicts.end()}));
  out.tool = glob("tool");
  out.pattern = glob("pattern");
  out.path = glob("path");
  at.finish();
  return out;
}

} // namespace

std::string_view to_string(permission_mode value) noexcept {
  return modes.at(static_cast<std::size_t>(value));
}

std::string_view to_string(permission_verdict value) noexcept {
  return verdicts.at(static_cast<std::size_t>(value));
}

std::optional<permission_mode> permission_mode_named(std::string_view name) noexcept {
  return named<permission_mode>(modes, name);
}

std::optional<permission_verdict> permission_verdict_named(std::string_view name) noexcept {
  return named<permission_verdict>(verdicts, name);
}

std::string fault_of_rule_glob(std::string_view name, std::string_view glob) {
  if (glob.size() > max_glob_bytes)
    return "is longer than " + std::to_string(max_glob_bytes) + " bytes";
  if (name == "path" && (glob.starts_with('/') || glob.starts_with("./")))
    return "is relative to the worktree: it begins with neither '/' nor './'";
  return {};
}

std::string fault_of_path_glob(std::string_view glob) {
  if (glob.ends_with('/'))
    return "ends in '/': a folder with all beneath it is '" + std::string{glob} + "**'";
  for (std::size_t from = 0; from <= glob.size();) {
    const auto to = std::min(glob.find('/', from), glob.size());
    const auto part = glob.substr(from, to - from);
    if (part == "..")
      return "leads out of the worktree, where no tool writes: give one within it, such as "
             "'docs/**'";
    if (part.empty() || part == ".")
      return "has a part that is empty or '.': leave that out; everything is '**'";
    from = to + 1;
  }
  return {};
}

std::string fault_of_tool_glob(std::string_view glob) {
  auto names = builtin_tool_names();
  names.emplace_back("request_subagent");
  if (std::any_of(names.begin(), names.end(), [&](const std::string& each) {
        return glob_match(glob, each);
      }))
    return {};
  std::string all;
  for (const auto& each : names)
    all += (all.empty() ? "" : ", ") + each;
  return "matches no tool: there are " + all;
}

void check_reach(yaml::object_reader& at, const permission_settings& of) {
  const auto* rules = at.at().find("rules");
  for (std::size_t i = 0; rules != nullptr && i < std::min(rules->items.size(), of.rules.size());
       ++i) {
    const auto& rule = of.rules[i];
    const auto check = [&](const char* name, const std::string& glob, const auto& fault_of) {
      const auto fault = glob.empty() ? std::string{} : fault_of(glob);
      if (const auto* found = rules->items[i].find(name); found != nullptr && !fault.empty())
        at.in().fail(*found, at.path("rules") + "[" + std::to_string(i) + "]." + name, fault);
    };
    check("tool", rule.tool, fault_of_tool_glob);
    check("path", rule.path, fault_of_path_glob);
  }
}

permission_settings read_permission_settings(yaml::object_reader& at) {
  permission_settings out;
  if (const auto mode = at.one_of_if("mode", {modes.begin(), modes.end()}))
    out.mode = static_cast<permission_mode>(*mode);
  std::size_t bytes = 0;
  for (auto& rule : at.objects_if("rules")) {
    const auto read = out.rules.emplace_back(read_rule(rule));
    const auto before = bytes;
    bytes += read.tool.size() + read.pattern.size() + read.path.size();
    if (before <= max_permission_rules_bytes && bytes > max_permission_rules_bytes)
      rule.fail("verdict",
                "is of one rule too many: all rules together have more than " +
                    std::to_string(max_permission_rules_bytes) + " bytes");
  }
  if (out.rules.size() > max_permission_rules)
    at.fail("rules", "has more than " + std::to_string(max_permission_rules) + " rules");
  return out;
}

std::optional<std::string> read_reviewer(yaml::object_reader& at) {
  auto out = at.text_if("reviewer");
  if (out)
    if (auto parsed = parse_model(*out); !parsed)
      at.fail("reviewer", std::move(parsed).error().message);
  return out;
}

result<permission_settings> load_permission_settings(const std::string& path) {
  TRY(const auto source, yaml::load(path));
  yaml::reading in(source, errc::config_invalid);
  yaml::object_reader top(in, source.root);
  permission_settings out;
  if (auto within = top.object_if("permissions")) {
    out = read_permission_settings(*within);
    check_reach(*within, out);
    read_reviewer(*within);
    within->finish();
  } else {
    out = read_permission_settings(top);
    check_reach(top, out);
  }
  top.finish();
  TRY(in.outcome());
  return out;
}

json::object to_json(const permission_settings& from) {
  json::object out;
  if (from.mode)
    out["mode"] = to_string(*from.mode);
  json::array rules;
  for (const auto& rule : from.rules) {
    json::object one{{"verdict", to_string(rule.verdict)}};
    const auto put = [&](std::string_view name, const std::string& text) {
      if (!text.empty())
        one[json::string_view{name.data(), name.size()}] = text;
    };
    put("tool", rule.tool);
    put("pattern", rule.pattern);
    put("path", rule.path);
    rules.push_back(std::move(one));
  }
  if (!rules.empty())
    out["rules"] = std::move(rules);
  return out;
}

} // namespace ash::definitions
