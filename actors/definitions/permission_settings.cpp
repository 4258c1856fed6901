#include "actors/definitions/permission_settings.hpp"

#include "actors/definitions/definitions.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

namespace ash::definitions {
namespace {

constexpr std::array<std::string_view, 5> modes{
    "default", "accept-edits", "plan", "dont-ask", "bypass"};
constexpr std::array<std::string_view, 3> verdicts{"allow", "ask", "deny"};
constexpr std::size_t max_rules = 500;
// Each tool call is recorded with the rules that hold for it.
constexpr std::size_t max_field_bytes = 1'024;
constexpr std::size_t max_rules_bytes = 64 * 1'024;

permission_rule read_rule(yaml::object_reader& at) {
  const auto glob = [&](std::string_view field) {
    auto text = at.text_if(field).value_or("");
    if (text.size() > max_field_bytes)
      at.fail(field, "is longer than " + std::to_string(max_field_bytes) + " bytes");
    return text;
  };
  permission_rule out;
  out.verdict =
      static_cast<permission_verdict>(at.one_of("verdict", {verdicts.begin(), verdicts.end()}));
  out.tool = glob("tool");
  out.pattern = glob("pattern");
  out.path = glob("path");
  if (out.path.starts_with('/') || out.path.starts_with("./"))
    at.fail("path", "is relative to the worktree: it begins with neither '/' nor './'");
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
  const auto found = std::find(modes.begin(), modes.end(), name);
  if (found == modes.end())
    return std::nullopt;
  return static_cast<permission_mode>(found - modes.begin());
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
    if (before <= max_rules_bytes && bytes > max_rules_bytes)
      rule.fail("verdict",
                "is of one rule too many: all rules together have more than " +
                    std::to_string(max_rules_bytes) + " bytes");
  }
  if (out.rules.size() > max_rules)
    at.fail("rules", "has more than " + std::to_string(max_rules) + " rules");
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
    read_reviewer(*within);
    within->finish();
  } else {
    out = read_permission_settings(top);
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
