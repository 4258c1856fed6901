#include "actors/definitions/definitions.hpp"

#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

namespace ash::definitions {
namespace {

constexpr yaml::int_range versions{1, 1'000'000};
constexpr yaml::int_range steps{1, 10'000};
constexpr yaml::int_range tokens{1, 1'000'000'000};
constexpr yaml::int_range seconds{1, 7 * 24 * 3600};
constexpr std::size_t max_phases = 256;

/// A stored definition goes through the same reader as a file: as a tree whose positions are all
/// the beginning of the text.
yaml::node to_node(const json::value& from) {
  yaml::node out;
  if (const auto* object = from.if_object()) {
    out.what = yaml::kind::mapping;
    for (const auto& pair : *object)
      out.entries.push_back({std::string{pair.key()}, 1, 1, to_node(pair.value())});
  } else if (const auto* array = from.if_array()) {
    out.what = yaml::kind::sequence;
    for (const auto& item : *array)
      out.items.push_back(to_node(item));
  } else if (const auto* text = from.if_string()) {
    out.what = yaml::kind::scalar;
    out.quoted = true;
    out.text.assign(text->data(), text->size());
  } else if (!from.is_null()) {
    out.what = yaml::kind::scalar;
    out.text = json::serialize(from);
  }
  return out;
}

std::string read_name(yaml::object_reader& at, std::string_view field) {
  auto name = at.text(field);
  if (!name.empty() && !is_name(name))
    at.fail(field, "not a name: lower-case letters, digits and '-', at most 64 characters");
  return name;
}

std::vector<std::string>
check_names(yaml::object_reader& at, std::string_view field, std::vector<std::string> names) {
  std::set<std::string> seen;
  for (const auto& name : names) {
    const auto plain =
        !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    if (!plain)
      at.fail(field, "'" + printable(name) + "' is not a name (a-z, 0-9, '_' and '-')");
    else if (!seen.insert(name).second)
      at.fail(field, "names '" + name + "' twice");
  }
  return names;
}

void check_relative(yaml::object_reader& at,
                    std::string_view field,
                    const std::vector<std::string>& paths) {
  for (const auto& path : paths)
    if (const auto why = artifact_path_problem(path); !why.empty())
      at.fail(field, "'" + printable(path) + "' " + why);
}

// -- persona
// ---------------------------------------------------------------------------------------

void read_model(yaml::object_reader& top, persona& into) {
  into.model = top.text("model");
  const auto backend = top.text_if("backend");
  into.fallback_models = top.texts_if("fallback_models");
  if (into.model.empty())
    return;
  auto model = parse_model(into.model);
  if (!model)
    return top.fail("model", std::move(model).error().message);
  into.backend = model.value().provider;
  if (backend && *backend != into.backend)
    top.fail("backend",
             "'" + printable(*backend) + "', but the model is one of '" + into.backend + "'");
  for (const auto& fallback : into.fallback_models)
    if (auto parsed = parse_model(fallback); !parsed)
      top.fail("fallback_models", std::move(parsed).error().message);
}

void read_permissions(yaml::object_reader& top, persona& into) {
  if (const auto network = top.one_of_if("network", {"none", "granted"}))
    into.network = static_cast<network_access>(*network);
  auto permissions = top.object_if("permissions");
  if (!permissions)
    return;
  if (auto paths = permissions->maybe_texts("writable_paths")) {
    check_relative(*permissions, "writable_paths", *paths);
    into.writable_paths = std::move(*paths);
  }
  into.permissions = read_permission_settings(*permissions);
  permissions->finish();
}

void read_subagents(yaml::object_reader& top, persona& into) {
  into.subagents = top.texts_if("subagents");
  std::set<std::string> seen;
  for (const auto& each : into.subagents)
    if (auto named = parse_reference(each); !named)
      top.fail("subagents", std::move(named).error().message);
    else if (!seen.insert(each).second)
      top.fail("subagents", "names '" + each + "' twice");
  if (std::find(into.tools.begin(), into.tools.end(), "request_subagent") != into.tools.end())
    top.fail("tools", "'request_subagent' comes with 'subagents': name there who may be asked");
}

persona read_persona(yaml::reading& in, const yaml::document& source) {
  yaml::object_reader top(in, source.root);
  persona out;
  out.name = read_name(top, "name");
  out.version = top.integer("version", versions);
  out.title = top.text_if("title").value_or("");
  out.capabilities = check_names(top, "capabilities", top.texts_if("capabilities"));
  read_model(top, out);
  out.system_prompt = top.text("system_prompt");
  out.max_cost_per_call = top.money_if("max_cost_per_call");
  out.max_turns = top.integer_if("max_turns", steps).value_or(out.max_turns);
  out.max_tokens = top.integer_if("max_tokens", tokens).value_or(out.max_tokens);
  out.max_tokens_total = top.integer_if("max_tokens_total", tokens).value_or(out.max_tokens_total);
  out.temperature = top.number_if("temperature", 0, 2);
  if (auto tools = top.maybe_texts("tools"))
    out.tools = check_names(top, "tools", std::move(*tools));
  out.tool_quota = top.integer_if("tool_quota", {1, 1'000'000});
  out.memory_files = top.texts_if("memory_files");
  check_relative(top, "memory_files", out.memory_files);
  read_permissions(top, out);
  read_subagents(top, out);
  top.finish();
  return out;
}

// -- workflow
// --------------------------------------------------------------------------------------

void read_schema_name(yaml::object_reader& at, artifact& out) {
  out.schema = at.text("schema");
  const auto slash = out.schema.find('/');
  const auto versioned = parse_reference(
      std::string_view{out.schema}.substr(slash == std::string::npos ? 0 : slash + 1));
  if (!out.schema.empty() &&
      (slash == std::string::npos || !is_name(std::string_view{out.schema}.substr(0, slash)) ||
       !versioned || !versioned.value().version))
    at.fail("schema", "not the name of an artifact schema such as 'dev/spec@1'");
}

artifact read_artifact(yaml::object_reader& of_phase) {
  auto at = of_phase.object("artifact");
  artifact out;
  out.path = at.text("path");
  if (!out.path.empty())
    check_relative(at, "path", {out.path});
  if (const auto kind = at.one_of_if("kind", {"json", "markdown", "patch", "command"}))
    out.kind = static_cast<artifact_kind>(*kind);
  switch (out.kind) {
  case artifact_kind::json:
    read_schema_name(at, out);
    break;
  case artifact_kind::markdown:
    out.headings = at.texts_if("headings");
    for (const auto& each : out.headings)
      if (each.front() == '#' || each.find('\n') != std::string::npos)
        at.fail("headings", "'" + printable(each) + "': a heading is its text, without '#'");
    break;
  case artifact_kind::patch:
    break;
  case artifact_kind::command:
    out.command = at.text("command");
    break;
  }
  at.finish();
  return out;
}

/// A value to compare with, as JSON text: what YAML would make of a scalar.
std::string scalar_json(yaml::object_reader& at, comparison is, const yaml::node& found) {
  const auto field = to_string(is);
  const auto ordered = is == comparison::less_than || is == comparison::greater_than;
  if (found.what == yaml::kind::null && !ordered)
    return "null";
  if (found.what != yaml::kind::scalar) {
    at.fail(field,
            ordered ? "compares with a number"
                    : "compares with a text, a number, true, false or null");
    return {};
  }
  if (!found.quoted)
    if (const auto plain = parse_json(found.text, "a value"); plain && !plain.value().is_string())
      return json::serialize(plain.value());
  return json::serialize(json::value(found.text));
}

/// RFC 6901 has the empty pointer for the whole document, so `path: ""` says what no `path` does.
std::string read_pointer(yaml::object_reader& at) {
  const auto* found = at.any_if("path");
  if (found == nullptr)
    return {};
  if (found->what != yaml::kind::scalar || (!found->text.empty() && found->text.front() != '/'))
    at.fail("path", "not a JSON pointer such as '/verdict': leave it out for the whole artifact");
  return found->text;
}

condition read_condition(yaml::object_reader& at) {
  condition out;
  out.phase = read_name(at, "phase");
  out.pointer = read_pointer(at);
  auto comparisons = 0;
  if (const auto exists = at.boolean_if("exists")) {
    out.is = *exists ? comparison::exists : comparison::absent;
    ++comparisons;
  }
  for (const auto is : {comparison::equals,
                        comparison::not_equals,
                        comparison::less_than,
                        comparison::greater_than,
                        comparison::contains})
    if (const auto* found = at.any_if(to_string(is))) {
      out.is = is;
      out.value = scalar_json(at, is, *found);
      ++comparisons;
    }
  if (comparisons != 1)
    at.fail("", "needs one of equals, not_equals, less_than, greater_than, contains and exists");
  at.finish();
  return out;
}

phase read_phase(yaml::object_reader& at) {
  phase out;
  out.key = read_name(at, "key");
  out.role = read_name(at, "role");
  out.title = at.text_if("title").value_or("");
  out.instructions = at.text_if("instructions").value_or("");
  out.artifact = read_artifact(at);
  out.approval = at.boolean_if("approval").value_or(false);
  out.max_steps = at.integer_if("max_steps", steps);
  out.time_limit_s = at.integer_if("time_limit_s", seconds);
  out.needs = at.texts_if("needs");
  if (auto when = at.object_if("when"))
    out.when = read_condition(*when);
  out.retries = at.integer_if("retries", {0, 10}).value_or(0);
  out.approval_time_limit_s = at.integer_if("approval_time_limit_s", seconds);
  if (const auto what = at.one_of_if("on_approval_time_limit", {"reject", "approve", "abort"}))
    out.on_approval_time_limit = static_cast<unanswered>(*what);
  if (out.approval_time_limit_s && !out.approval)
    at.fail("approval_time_limit_s", "limits an approval, but 'approval' is not true");
  at.finish();
  return out;
}

role read_role(yaml::object_reader& at) {
  role out;
  out.name = read_name(at, "name");
  out.required_capabilities =
      check_names(at, "required_capabilities", at.texts_if("required_capabilities"));
  out.preferred_backends = check_names(at, "preferred_backends", at.texts_if("preferred_backends"));
  out.distinct_from = at.texts_if("distinct_from");
  if (const auto wanted = at.one_of_if("diversity", {"prefer", "require"}))
    out.diversity = static_cast<definitions::diversity>(*wanted);
  at.finish();
  return out;
}

run_budget read_budget(yaml::object_reader& top) {
  run_budget out;
  auto at = top.object_if("budget");
  if (!at)
    return out;
  out.cap = at->money_if("cap");
  out.warn_at = at->money_if("warn_at");
  if (const auto policy = at->one_of_if("policy", {"block", "warn_continue", "prompt"}))
    out.policy = static_cast<budget_policy>(*policy);
  if (out.cap && out.warn_at && *out.warn_at > *out.cap)
    at->fail("warn_at", "is above the cap of " + to_string(*out.cap));
  at->finish();
  return out;
}

/// The roles in the order of the file: `distinct_from` names earlier ones, for that is the order of
/// binding.
std::vector<role> read_roles(yaml::object_reader& top) {
  std::vector<role> out;
  std::set<std::string> seen;
  for (auto& at : top.objects("roles")) {
    auto each = read_role(at);
    for (const auto& other : each.distinct_from)
      if (!seen.contains(other))
        at.fail("distinct_from", "there is no role '" + printable(other) + "' before this one");
    if (!each.name.empty() && !seen.insert(each.name).second)
      at.fail("name", "there are two roles '" + each.name + "'");
    out.push_back(std::move(each));
  }
  return out;
}

/// `needs` and `when` name phases before their own, so that the phases are a graph without rounds.
void check_graph(yaml::object_reader& at, const phase& of, const std::vector<phase>& before) {
  const auto find = [&](const std::string& key) {
    return std::find_if(before.begin(), before.end(), [&](const phase& p) { return p.key == key; });
  };
  for (const auto& key : of.needs)
    if (find(key) == before.end())
      at.fail("needs", "there is no phase '" + printable(key) + "' before this one");
  if (of.when && find(of.when->phase) == before.end())
    at.fail("when", "there is no phase '" + printable(of.when->phase) + "' before this one");
}

/// In a graph the phase of a condition has to be done before: it is one of those that the phase
/// needs, or one that they need.
void check_conditions(yaml::object_reader& top, const workflow& of) {
  if (!is_graph(of))
    return;
  std::map<std::string, std::set<std::string>> done_before;
  for (const auto& each : of.phases) {
    auto& mine = done_before[each.key];
    for (const auto& key : each.needs) {
      mine.insert(key);
      mine.insert(done_before[key].begin(), done_before[key].end());
    }
    if (each.when && !mine.contains(each.when->phase))
      top.fail("phases",
               "the condition of '" + each.key + "' reads the artifact of '" + each.when->phase +
                   "', which it does not need: add it to 'needs'");
  }
}

std::vector<phase> read_phases(yaml::object_reader& top, const std::vector<role>& roles) {
  std::vector<phase> out;
  std::set<std::string> keys;
  std::set<std::string> paths;
  for (auto& at : top.objects("phases")) {
    auto each = read_phase(at);
    const auto named = [&](const role& r) { return r.name == each.role; };
    if (!each.role.empty() && std::none_of(roles.begin(), roles.end(), named))
      at.fail("role", "there is no role '" + printable(each.role) + "' in 'roles'");
    if (!each.key.empty() && !keys.insert(each.key).second)
      at.fail("key", "there are two phases '" + each.key + "'");
    if (!each.artifact.path.empty() && !paths.insert(each.artifact.path).second)
      at.fail("artifact",
              "an earlier phase has the same artifact path '" + each.artifact.path + "'");
    check_graph(at, each, out);
    out.push_back(std::move(each));
  }
  return out;
}

workflow read_workflow(yaml::reading& in, const yaml::document& source) {
  yaml::object_reader top(in, source.root);
  workflow out;
  out.name = read_name(top, "name");
  out.version = top.integer("version", versions);
  out.title = top.text_if("title").value_or("");
  out.description = top.text_if("description").value_or("");
  out.roles = read_roles(top);
  out.phases = read_phases(top, out.roles);
  out.budget = read_budget(top);
  out.parallel = top.integer_if("parallel", {1, 64});
  check_conditions(top, out);
  if (!in.failed() && out.phases.empty())
    top.fail("phases", "a workflow has at least one phase");
  if (out.phases.size() > max_phases)
    top.fail("phases", "a workflow has at most " + std::to_string(max_phases) + " phases");
  for (const auto& each : out.roles) {
    const auto uses = [&](const phase& p) { return p.role == each.name; };
    if (!out.phases.empty() && std::none_of(out.phases.begin(), out.phases.end(), uses))
      top.fail("roles", "no phase has the role '" + printable(each.name) + "'");
  }
  top.finish();
  return out;
}

// -- either
// ----------------------------------------------------------------------------------------

template <class Read>
auto read_document(const yaml::document& source, Read read)
    -> result<decltype(read(std::declval<yaml::reading&>(), source))> {
  yaml::reading in(source, errc::definition_invalid);
  auto out = read(in, source);
  TRY(in.outcome());
  return out;
}

result<yaml::document> stored_document(std::string_view text, std::string what) {
  auto parsed = parse_json(text, what);
  if (!parsed)
    return refuse(errc::definition_invalid, std::move(parsed).error().message);
  return yaml::document{std::move(what), to_node(parsed.value())};
}

} // namespace

std::string artifact_path_problem(std::string_view path) {
  if (path.empty() || path.size() > 1'024)
    return "has to be a path of 1 to 1024 bytes";
  if (path.front() == '/')
    return "has to be relative to the worktree";
  for (const auto c : path)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\\')
      return "has a control character or a backslash";
  auto first = true;
  for (std::size_t from = 0; from <= path.size(); first = false) {
    const auto to = std::min(path.find('/', from), path.size());
    const auto part = path.substr(from, to - from);
    if (part == "..")
      return "leads out of the worktree";
    if (part.empty() || part == ".")
      return "is not normalised: it has an empty part or '.'";
    if (first && part == ".git")
      return "lies in '.git'";
    from = to + 1;
  }
  return {};
}

result<persona> parse_persona(std::string_view text, std::string file) {
  TRY(auto source, yaml::parse(text, std::move(file), errc::definition_invalid));
  return read_document(source, read_persona);
}

result<workflow> parse_workflow(std::string_view text, std::string file) {
  TRY(auto source, yaml::parse(text, std::move(file), errc::definition_invalid));
  return read_document(source, read_workflow);
}

result<persona> persona_from_json(std::string_view text) {
  TRY(auto source, stored_document(text, "the stored persona"));
  return read_document(source, read_persona);
}

result<workflow> workflow_from_json(std::string_view text) {
  TRY(auto source, stored_document(text, "the stored workflow"));
  return read_document(source, read_workflow);
}

} // namespace ash::definitions
