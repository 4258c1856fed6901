// Personas and workflow templates as plain values, their canonical JSON and their hash. A run
// stores both whole, as canonical JSON, and resumes from that: nothing here reads a file or has a
// side effect.
#pragma once

#include "actors/definitions/permission_settings.hpp"
#include "events/base/json.hpp"
#include "events/base/money.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

// -- names
// -----------------------------------------------------------------------------------------

/// `name@version`, or a bare `name`, which means the newest version.
struct reference {
  std::string name;
  std::optional<std::int64_t> version;
};

/// Whether `text` is `[a-z0-9][a-z0-9-]{0,63}`.
bool is_name(std::string_view text) noexcept;
/// Errors: `argument_invalid`.
result<reference> parse_reference(std::string_view text);
/// `name@version`.
std::string identity(std::string_view name, std::int64_t version);

/// The two halves of `provider:model`. The model may contain further colons.
struct model_name {
  std::string provider;
  std::string model;
};
/// Errors: `argument_invalid`.
result<model_name> parse_model(std::string_view text);

/// The names of the tools that every persona may use unless its `tools` says otherwise.
const std::vector<std::string>& builtin_tool_names();

// -- persona
// ---------------------------------------------------------------------------------------

enum class network_access : std::uint8_t { none, granted };

/// Who works: a model with instructions and limits. Immutable under its `name@version`.
struct persona {
  std::string name;
  std::int64_t version = 1;
  std::string title;
  std::vector<std::string> capabilities;
  std::string backend; ///< the provider's name: the part of `model` before the colon
  std::string model;   ///< `provider:model`
  std::vector<std::string> fallback_models; ///< `provider:model` each, tried in order
  std::string system_prompt;
  std::optional<usd> max_cost_per_call;
  std::int64_t max_turns = 50;               ///< steps of one turn
  std::int64_t max_tokens = 8'192;           ///< output tokens of one call
  std::int64_t max_tokens_total = 2'000'000; ///< input and output tokens of one phase or session
  std::optional<double> temperature;         ///< 0 to 2
  std::vector<std::string> tools = builtin_tool_names();
  std::optional<std::int64_t> tool_quota; ///< tool calls of one phase or session
  std::vector<std::string> memory_files;  ///< relative to the repository
  network_access network = network_access::none;
  /// Globs relative to the worktree; the last that matches decides, and `!` takes back.
  std::vector<std::string> writable_paths = {"**"};
  permission_settings permissions;
  /// Personas that may be asked for help: `name` (its newest version) or `name@version`.
  std::vector<std::string> subagents = {};

  friend bool operator==(const persona&, const persona&) = default;
};

// -- workflow template
// -----------------------------------------------------------------------------

enum class diversity : std::uint8_t { prefer, require };
enum class budget_policy : std::uint8_t { block, warn_continue, prompt };

std::string_view to_string(network_access value) noexcept;
std::string_view to_string(diversity value) noexcept;
std::string_view to_string(budget_policy value) noexcept;

enum class artifact_kind : std::uint8_t {
  json,     ///< one JSON document that is valid under a schema
  markdown, ///< a Markdown text that has certain headings
  patch,    ///< what `git apply` takes, over the worktree as it is
  command,  ///< any file, where a command over it ends with 0
};

struct artifact {
  std::string path; ///< relative to the worktree, normalised, `/` between its parts
  artifact_kind kind = artifact_kind::json;
  std::string schema;                ///< of `json`: for example `dev/spec@1`
  std::vector<std::string> headings; ///< of `markdown`: texts without `#`
  std::string command;               ///< of `command`: for `/bin/sh -c`, in the sandbox

  friend bool operator==(const artifact&, const artifact&) = default;
};

/// What has to hold of an earlier artifact.
enum class comparison : std::uint8_t {
  equals,
  not_equals,
  exists,
  absent,
  less_than,
  greater_than,
  contains,
};

/// Whether a phase is done at all, read from the artifact of a phase before it.
struct condition {
  std::string phase;   ///< its key
  std::string pointer; ///< JSON pointer into its artifact; empty: the whole of it
  comparison is = comparison::exists;
  std::string value; ///< JSON text; empty for `exists` and `absent`

  friend bool operator==(const condition&, const condition&) = default;
};

/// What becomes of an approval that nobody decides in time.
enum class unanswered : std::uint8_t { reject, approve, abort };

std::string_view to_string(artifact_kind value) noexcept;
std::string_view to_string(comparison value) noexcept;
std::string_view to_string(unanswered value) noexcept;

struct phase {
  std::string key;
  std::string role;
  std::string title;
  std::string instructions;
  definitions::artifact artifact;
  bool approval = false; ///< a person decides on the artifact before the run goes on
  std::optional<std::int64_t> max_steps; ///< instead of the persona's `max_turns`
  std::optional<std::int64_t> time_limit_s;
  std::vector<std::string> needs; ///< keys of phases before it that have to be done first
  std::optional<condition> when;
  std::int64_t retries = 0; ///< further attempts after a failure
  std::optional<std::int64_t> approval_time_limit_s;
  unanswered on_approval_time_limit = unanswered::reject;

  friend bool operator==(const phase&, const phase&) = default;
};

struct role {
  std::string name;
  std::vector<std::string> required_capabilities;
  std::vector<std::string> preferred_backends;
  std::vector<std::string> distinct_from; ///< earlier roles
  definitions::diversity diversity = definitions::diversity::prefer;

  friend bool operator==(const role&, const role&) = default;
};

/// What one run may spend. Where `cap` is absent, the configuration's run cap holds.
struct run_budget {
  std::optional<usd> cap;
  std::optional<usd> warn_at;
  std::optional<budget_policy> policy;

  friend bool operator==(const run_budget&, const run_budget&) = default;
};

/// Phases and the roles that do them. Where no phase says what it `needs`, each needs the one
/// before it. Immutable under its `name@version`.
struct workflow {
  std::string name;
  std::int64_t version = 1;
  std::string title;
  std::string description;
  std::vector<phase> phases;
  std::vector<role> roles;
  run_budget budget;
  std::optional<std::int64_t> parallel; ///< phases at once, where `needs` makes a graph

  friend bool operator==(const workflow&, const workflow&) = default;
};

inline std::string identity(const persona& of) {
  return identity(of.name, of.version);
}
inline std::string identity(const workflow& of) {
  return identity(of.name, of.version);
}

// -- JSON
// ------------------------------------------------------------------------------------------

/// Every field in the shape of the YAML files; absent optional fields are left out.
json::value to_json(const persona& from);
json::value to_json(const workflow& from);

inline std::string canonical(const persona& of) {
  return canonical_json(to_json(of));
}
inline std::string canonical(const workflow& of) {
  return canonical_json(to_json(of));
}

/// SHA-256 of the canonical JSON, 64 hexadecimal characters.
std::string hash_of(const persona& of);
std::string hash_of(const workflow& of);

/// Reads what `canonical` wrote, as strictly as a file. Errors: `definition_invalid`,
/// `unknown_field`.
result<persona> persona_from_json(std::string_view text);
result<workflow> workflow_from_json(std::string_view text);

// -- YAML
// ------------------------------------------------------------------------------------------

/// Reads one definition. `file` is the name that errors carry (file, line, column and field).
/// Errors: `definition_invalid`, `unknown_field`.
result<persona> parse_persona(std::string_view text, std::string file);
result<workflow> parse_workflow(std::string_view text, std::string file);

/// Whether some phase says what it needs, so that independent ones run side by side.
bool is_graph(const workflow& of);

/// Whether `path` is relative, normalised and outside `.git`: what an artifact path has to be.
/// Gives the reason where it is not, else an empty text.
std::string artifact_path_problem(std::string_view path);

} // namespace ash::definitions
