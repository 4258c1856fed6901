#include "actors/definitions/definitions.hpp"

#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

namespace ash::definitions {
namespace {

constexpr std::size_t max_name = 64;

json::array to_array(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts)
    out.emplace_back(text);
  return out;
}

/// The number as the YAML files have it: `0.01`, without the dollar sign.
std::string amount(usd value) {
  return to_string(value).substr(1);
}

template <class T>
void put_if(json::object& into, std::string_view name, const std::optional<T>& value) {
  if (value)
    into[name] = *value;
}

void put_if(json::object& into, std::string_view name, const std::optional<usd>& value) {
  if (value)
    into[name] = amount(*value);
}

/// An empty text counts as absent, as it does in the files.
void put_text(json::object& into, std::string_view name, const std::string& text) {
  if (!text.empty())
    into[name] = text;
}

/// What every artifact had before there were kinds stays as it was: hashes hold it.
json::object to_object(const artifact& from) {
  json::object out{{"path", from.path}};
  if (from.kind != artifact_kind::json)
    out["kind"] = to_string(from.kind);
  switch (from.kind) {
  case artifact_kind::json:
    out["schema"] = from.schema;
    break;
  case artifact_kind::markdown:
    out["headings"] = to_array(from.headings);
    break;
  case artifact_kind::patch:
    break;
  case artifact_kind::command:
    out["command"] = from.command;
    break;
  }
  return out;
}

json::object to_object(const condition& from) {
  json::object out{{"phase", from.phase}};
  put_text(out, "path", from.pointer);
  if (from.is == comparison::exists || from.is == comparison::absent)
    out["exists"] = from.is == comparison::exists;
  else
    out[to_string(from.is)] = json::parse(from.value);
  return out;
}

json::object permissions_of(const persona& from) {
  auto out = to_json(from.permissions);
  out["writable_paths"] = to_array(from.writable_paths);
  return out;
}

json::object to_object(const phase& from) {
  json::object out{{"key", from.key},
                   {"role", from.role},
                   {"artifact", to_object(from.artifact)},
                   {"approval", from.approval}};
  put_text(out, "title", from.title);
  put_text(out, "instructions", from.instructions);
  put_if(out, "max_steps", from.max_steps);
  put_if(out, "time_limit_s", from.time_limit_s);
  if (!from.needs.empty())
    out["needs"] = to_array(from.needs);
  if (from.when)
    out["when"] = to_object(*from.when);
  if (from.retries > 0)
    out["retries"] = from.retries;
  put_if(out, "approval_time_limit_s", from.approval_time_limit_s);
  if (from.on_approval_time_limit != unanswered::reject)
    out["on_approval_time_limit"] = to_string(from.on_approval_time_limit);
  return out;
}

json::object to_object(const role& from) {
  return {{"name", from.name},
          {"required_capabilities", to_array(from.required_capabilities)},
          {"preferred_backends", to_array(from.preferred_backends)},
          {"distinct_from", to_array(from.distinct_from)},
          {"diversity", std::string{to_string(from.diversity)}}};
}

} // namespace

bool is_name(std::string_view text) noexcept {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= max_name && plain(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

result<reference> parse_reference(std::string_view text) {
  const auto at = text.find('@');
  reference out{std::string{text.substr(0, at)}, std::nullopt};
  auto valid = is_name(out.name);
  if (valid && at != std::string_view::npos) {
    const auto digits = text.substr(at + 1);
    std::int64_t version = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    valid = ec == std::errc{} && end == digits.data() + digits.size() && version >= 1 &&
            digits.front() != '0';
    out.version = version;
  }
  if (!valid)
    return refuse(errc::argument_invalid,
                  "not a name such as 'code-reviewer' or 'code-reviewer@1': '" +
                      printable(utf8_prefix(to_valid_utf8(text), 100)) + "'");
  return out;
}

std::string identity(std::string_view name, std::int64_t version) {
  return std::string{name} + '@' + std::to_string(version);
}

result<model_name> parse_model(std::string_view text) {
  const auto colon = text.find(':');
  const auto printable_ascii = [](char c) { return c > ' ' && c < '\x7f'; };
  if (colon == std::string_view::npos || colon + 1 == text.size() || text.size() > 300 ||
      !is_name(text.substr(0, colon)) ||
      !std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon), text.end(), printable_ascii))
    return refuse(errc::argument_invalid,
                  "not a model such as 'openrouter:deepseek/deepseek-chat' (provider:model): '" +
                      printable(utf8_prefix(to_valid_utf8(text), 100)) + "'");
  return model_name{std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}};
}

const std::vector<std::string>& builtin_tool_names() {
  static const std::vector<std::string> names{
      "read_file", "write_file", "edit_file", "list_dir", "grep", "run_command", "complete"};
  return names;
}

std::string_view to_string(network_access value) noexcept {
  return value == network_access::granted ? "granted" : "none";
}

std::string_view to_string(diversity value) noexcept {
  return value == diversity::require ? "require" : "prefer";
}

std::string_view to_string(budget_policy value) noexcept {
  switch (value) {
  case budget_policy::block:
    return "block";
  case budget_policy::warn_continue:
    return "warn_continue";
  case budget_policy::prompt:
    return "prompt";
  }
  return "block";
}

std::string_view to_string(artifact_kind value) noexcept {
  constexpr std::array<std::string_view, 4> names{"json", "markdown", "patch", "command"};
  return names.at(static_cast<std::size_t>(value));
}

std::string_view to_string(comparison value) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "equals", "not_equals", "exists", "absent", "less_than", "greater_than", "contains"};
  return names.at(static_cast<std::size_t>(value));
}

std::string_view to_string(unanswered value) noexcept {
  constexpr std::array<std::string_view, 3> names{"reject", "approve", "abort"};
  return names.at(static_cast<std::size_t>(value));
}

bool is_graph(const workflow& of) {
  return std::any_of(
      of.phases.begin(), of.phases.end(), [](const phase& p) { return !p.needs.empty(); });
}

json::value to_json(const persona& from) {
  json::object out{{"name", from.name},
                   {"version", from.version},
                   {"capabilities", to_array(from.capabilities)},
                   {"backend", from.backend},
                   {"model", from.model},
                   {"fallback_models", to_array(from.fallback_models)},
                   {"system_prompt", from.system_prompt},
                   {"max_turns", from.max_turns},
                   {"max_tokens", from.max_tokens},
                   {"max_tokens_total", from.max_tokens_total},
                   {"tools", to_array(from.tools)},
                   {"memory_files", to_array(from.memory_files)},
                   {"network", std::string{to_string(from.network)}},
                   {"permissions", permissions_of(from)}};
  put_text(out, "title", from.title);
  if (!from.subagents.empty())
    out["subagents"] = to_array(from.subagents);
  put_if(out, "max_cost_per_call", from.max_cost_per_call);
  put_if(out, "temperature", from.temperature);
  put_if(out, "tool_quota", from.tool_quota);
  return out;
}

json::value to_json(const workflow& from) {
  json::array phases;
  for (const auto& each : from.phases)
    phases.emplace_back(to_object(each));
  json::array roles;
  for (const auto& each : from.roles)
    roles.emplace_back(to_object(each));
  json::object budget;
  put_if(budget, "cap", from.budget.cap);
  put_if(budget, "warn_at", from.budget.warn_at);
  if (from.budget.policy)
    budget["policy"] = std::string{to_string(*from.budget.policy)};
  json::object out{{"name", from.name},
                   {"version", from.version},
                   {"phases", std::move(phases)},
                   {"roles", std::move(roles)},
                   {"budget", std::move(budget)}};
  put_text(out, "title", from.title);
  put_text(out, "description", from.description);
  put_if(out, "parallel", from.parallel);
  return out;
}

std::string hash_of(const persona& of) {
  return sha256_hex(canonical(of));
}
std::string hash_of(const workflow& of) {
  return sha256_hex(canonical(of));
}

} // namespace ash::definitions
