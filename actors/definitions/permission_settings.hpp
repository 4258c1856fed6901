// What a configuration or a persona says about permissions, as plain values, and how both are read.
// What it all means stands in docs/permissions.md.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::yaml {
class object_reader;
}

namespace ash::definitions {

enum class permission_mode : std::uint8_t { standard, accept_edits, plan, dont_ask, bypass };
enum class permission_verdict : std::uint8_t { allow, ask, deny };

/// `default`, `accept-edits`, `plan`, `dont-ask` or `bypass`.
std::string_view to_string(permission_mode value) noexcept;
std::string_view to_string(permission_verdict value) noexcept;
std::optional<permission_mode> permission_mode_named(std::string_view name) noexcept;
std::optional<permission_verdict> permission_verdict_named(std::string_view name) noexcept;

/// An empty field matches everything.
struct permission_rule {
  permission_verdict verdict = permission_verdict::ask;
  std::string tool;    ///< a glob over the tool's name
  std::string pattern; ///< a glob over the command, or over the arguments as canonical JSON
  std::string path;    ///< a glob over the path that the call names, relative to the worktree

  friend bool operator==(const permission_rule&, const permission_rule&) = default;
};

inline constexpr std::size_t max_permission_rules = 500;
/// Of the globs of all rules of one source together: each tool call is recorded with the rules that
/// hold for it.
inline constexpr std::size_t max_permission_rules_bytes = 64 * 1'024;
/// What is wrong with `glob` as the field `name` of a rule, in words that follow that name; empty
/// where nothing is.
std::string fault_of_rule_glob(std::string_view name, std::string_view glob);
/// Why `glob` can't match any path within a worktree, in words that follow "it"; empty where it
/// can.
std::string fault_of_path_glob(std::string_view glob);
/// Why `glob` can't match the name of any tool, in words that follow the field's name; empty where
/// it can.
std::string fault_of_tool_glob(std::string_view glob);

struct permission_settings {
  std::optional<permission_mode> mode;
  std::vector<permission_rule> rules; ///< the first that matches decides

  friend bool operator==(const permission_settings&, const permission_settings&) = default;
};

/// Reads `mode` and `rules` of a mapping; the other fields are the caller's, as is its end.
permission_settings read_permission_settings(yaml::object_reader& at);
/// Reports the rules that were read there whose tool or path can match nothing.
void check_reach(yaml::object_reader& at, const permission_settings& of);

/// The model that decides in a person's place, `provider:model`, of a configuration's
/// `permissions`; a persona has none.
std::optional<std::string> read_reviewer(yaml::object_reader& at);

/// The settings in the file at `path`: a mapping with `mode` and `rules`, or with `permissions`,
/// which holds them as a configuration does (a reviewer there changes no verdict). Errors:
/// `file_not_found`, `io_failed`, `config_invalid` and `unknown_field`, with file, line, column and
/// field.
result<permission_settings> load_permission_settings(const std::string& path);

/// In the shape of the YAML files; absent fields are left out.
json::object to_json(const permission_settings& from);

} // namespace ash::definitions
