#include "actors/aggregates/policy.hpp"

#include "actors/aggregates/command_rules.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"
#include "events/base/tool_arguments.hpp"

#include <boost/json/array.hpp>

namespace ash::policy {
namespace {

constexpr std::size_t max_period = 4;
constexpr std::size_t max_rounds = 3;

json::array list(const std::vector<std::string>& texts) {
  json::array all;
  for (const auto& text : texts)
    all.emplace_back(text);
  return all;
}

std::optional<std::string> first_match(const std::vector<std::string>& globs,
                                       const std::string& path) {
  // As a directory too: `.ssh` is what `**/.ssh/**` is about.
  const auto directory = path + "/";
  for (const auto& glob : globs)
    if (glob_match(glob, path, glob_case::insensitive) ||
        glob_match(glob, directory, glob_case::insensitive))
      return glob;
  return std::nullopt;
}

denial unreadable(std::string message) {
  return {errc::tool_arguments_invalid, "arguments", std::move(message)};
}

bool is_known_path_tool(std::string_view tool) {
  for (const auto* name : {"read_file", "write_file", "edit_file", "list_dir", "ls", "grep"})
    if (tool == name)
      return true;
  return false;
}

std::optional<denial> judge_path(const rules& r,
                                 std::string_view tool,
                                 std::string_view field,
                                 const json::value& value) {
  if (value.is_null())
    return std::nullopt;
  if (!value.is_string()) {
    if (!is_known_path_tool(tool))
      return std::nullopt; // another's tool may mean something else by the name
    return unreadable("the field '" + std::string{field} + "' must be a string");
  }
  const std::string path{value.get_string().data(), value.get_string().size()};
  const auto glob = secret_glob_for(r, path);
  if (!glob)
    return std::nullopt;
  return denial{errc::secret_path_denied,
                *glob,
                "'" + printable(utf8_prefix(path, 300)) + "' is a secret file (" + *glob +
                    "): tools may not touch it; go on without it"};
}

} // namespace

rules default_rules() {
  return {{"**/.env*",
           "**/*.pem",
           "**/*.key",
           "**/*.p12",
           "**/*.pfx",
           "**/*.jks",
           "**/*.keystore",
           "**/*.kdbx",
           "**/*.ppk",
           "**/id_rsa*",
           "**/id_dsa*",
           "**/id_ecdsa*",
           "**/id_ed25519*",
           "**/.ssh/**",
           "**/.gnupg/**",
           "**/.aws/**",
           "**/.azure/**",
           "**/.kube/**",
           "**/.config/gcloud/**",
           "**/.config/gh/**",
           "**/.docker/config.json",
           "**/.netrc",
           "**/_netrc",
           "**/.npmrc",
           "**/.yarnrc.yml",
           "**/.pypirc",
           "**/.pgpass",
           "**/.my.cnf",
           "**/.htpasswd",
           "**/.vault-token",
           "**/.git-credentials",
           "**/.git/config",
           "**/credentials",
           "**/credentials.json",
           "**/.cargo/credentials.toml",
           "**/.local/share/keyrings/**",
           "**/*.keyring",
           "**/etc/shadow*",
           "**/etc/gshadow*",
           "**/proc/*/environ"},
          {"**/.env.example", "**/.env.sample", "**/.env.template", "**/.env.dist", "**/*.pub"},
          command_rule_names()};
}

std::string hash(const rules& r) {
  return sha256_hex(canonical_json(json::object{{"command_rules", list(r.command_rules)},
                                                {"secret_exceptions", list(r.secret_exceptions)},
                                                {"secret_globs", list(r.secret_globs)},
                                                {"version", 1}}));
}

std::optional<std::string> secret_glob_for(const rules& r, std::string_view path) {
  const auto plain = path_in_worktree(path, {}); // as it is given: absolute ones too
  if (plain.empty() || first_match(r.secret_exceptions, plain))
    return std::nullopt;
  return first_match(r.secret_globs, plain);
}

verdict judge(const rules& r, std::string_view tool, std::string_view arguments) {
  const auto given = parse_tool_arguments(arguments);
  if (!given)
    return {unreadable(given.error().message)};
  for (const auto* field : {"path", "file_path", "cwd", "glob"})
    if (const auto* value = given.value().if_contains(field))
      if (auto denied = judge_path(r, tool, field, *value))
        return {std::move(denied)};
  if (tool != "run_command")
    return {};
  const auto* command = given.value().if_contains("command");
  if (command == nullptr || !command->is_string())
    return {unreadable("the field 'command' must be a string")};
  return {judge_command(r, {command->get_string().data(), command->get_string().size()})};
}

std::string signature(std::string_view tool, std::string_view arguments) {
  const auto given = parse_tool_arguments(arguments);
  const auto text = given ? canonical_json(json::value(given.value())) : std::string{arguments};
  return std::string{tool} + ":" + sha256_hex(text);
}

std::optional<loop_finding> find_loop(std::span<const std::string> history) {
  for (std::size_t period = 1; period <= max_period; ++period) {
    const auto length = period * max_rounds;
    if (history.size() < length)
      break;
    const auto last = history.last(length);
    bool same = true;
    for (std::size_t i = period; i < length && same; ++i)
      same = last[i] == last[i - period];
    if (!same)
      continue;
    return loop_finding{period,
                        period == 1 ? "the same call with the same arguments for the third "
                                      "time in a row: it is not executed again"
                                    : "the same round of " + std::to_string(period) +
                                          " calls for the third time: it leads nowhere"};
  }
  return std::nullopt;
}

} // namespace ash::policy
