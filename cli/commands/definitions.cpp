// Workflows, personas and artifact schemas as this process knows them, or the server that runs go
// to; and files held against them. Nothing here runs anything.
#include "actors/definitions/artifact_schema.hpp"
#include "actors/definitions/condition.hpp"
#include "actors/definitions/definition_files.hpp"
#include "actors/definitions/library.hpp"
#include "actors/definitions/schema_registry.hpp"
#include "actors/definitions/subagent_names.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

namespace defs = definitions;
using rows = std::vector<std::vector<std::string>>;

void print_table(const std::vector<std::string>& header, const rows& lines) {
  std::fputs(render_table(header, lines, terminal_width(stream::out)).c_str(), stdout);
}

std::string wanted_of(const defs::artifact& what) {
  switch (what.kind) {
  case defs::artifact_kind::json:
    return what.schema;
  case defs::artifact_kind::markdown:
    return what.headings.empty() ? "Markdown" : "Markdown: " + joined(what.headings);
  case defs::artifact_kind::patch:
    return tr("a patch");
  case defs::artifact_kind::command:
    return tr("command: {}", what.command);
  }
  return {};
}

void print(const defs::workflow& of) {
  std::printf("%s  %s\n%s\n", identity(of).c_str(), of.title.c_str(), hash_of(of).c_str());
  rows phases;
  for (const auto& each : of.phases)
    phases.push_back({each.key,
                      each.role,
                      joined(each.needs),
                      each.when ? to_text(*each.when) : "",
                      each.approval ? tr("yes") : "",
                      each.artifact.path,
                      wanted_of(each.artifact)});
  print_table(
      {tr("PHASE"), tr("ROLE"), tr("NEEDS"), tr("WHEN"), tr("APPROVAL"), tr("ARTIFACT"), tr("IS")},
      phases);
  rows roles;
  for (const auto& each : of.roles)
    roles.push_back(
        {each.name,
         joined(each.required_capabilities),
         joined(each.preferred_backends),
         each.distinct_from.empty()
             ? ""
             : joined(each.distinct_from) + " (" + std::string{to_string(each.diversity)} + ")"});
  print_table({tr("ROLE"), tr("CAPABILITIES"), tr("BACKENDS"), tr("DISTINCT FROM")}, roles);
}

void print(const defs::persona& of) {
  std::printf("%s  %s\n%s\n", identity(of).c_str(), of.title.c_str(), hash_of(of).c_str());
  print_table(
      {"", ""},
      {{tr("model"), of.model},
       {tr("fallbacks"), joined(of.fallback_models)},
       {tr("capabilities"), joined(of.capabilities)},
       {tr("tools"), joined(of.tools)},
       {tr("network"), std::string{to_string(of.network)}},
       {tr("writable"), joined(of.writable_paths)},
       {tr("a call"), of.max_cost_per_call ? to_string(*of.max_cost_per_call) : tr("no limit")},
       {tr("steps"), std::to_string(of.max_turns)},
       {tr("output"), tr("{} tokens a call", of.max_tokens)}});
  std::printf("\n%s\n", of.system_prompt.c_str());
}

/// The server whose definitions a run would have. Whoever names folders of their own means those.
result<std::optional<remote>> server_of(const settings& with) {
  if (with.server.empty() && !with.definition_dirs.empty())
    return std::nullopt;
  auto as_asked = with;
  as_asked.names_config = false; // which says nothing of definitions
  return remote::find_worker(as_asked);
}

/// As the API shows it: what is stored, with its identity and its hash.
template <class T>
result<T> definition_in(json::object shown, result<T> (*stored)(std::string_view)) {
  shown.erase("id");
  shown.erase("hash");
  return stored(to_json_text(shown));
}

/// One group of definitions: where a library, and the API, have them.
template <class T> struct group {
  const char* path;
  result<T> (*stored)(std::string_view);
  const std::vector<T>& (defs::library::*all)() const noexcept;
  result<T> (defs::library::*find)(std::string_view) const;
};
constexpr group<defs::workflow> workflows{"/workflows",
                                          defs::workflow_from_json,
                                          &defs::library::workflows,
                                          &defs::library::find_workflow};
constexpr group<defs::persona> personas{
    "/personas", defs::persona_from_json, &defs::library::personas, &defs::library::find_persona};

template <class T> result<std::vector<T>> all_of(const settings& with, const group<T>& of) {
  TRY(const auto server, server_of(with));
  if (!server) {
    TRY(const auto known, defs::library::load(definition_roots(with)));
    return (known.*of.all)();
  }
  TRY(const auto page, server->get(of.path));
  std::vector<T> out;
  for (const auto& each : array_in(page, "items")) {
    const auto* shown = each.if_object();
    TRY(auto one, definition_in(shown != nullptr ? *shown : json::object{}, of.stored));
    out.push_back(std::move(one));
  }
  return out;
}

/// A file is always one of this machine.
bool is_file(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".yaml");
}

template <class T>
result<T> one_of(const settings& with, const group<T>& of, const std::string& name) {
  std::optional<remote> server;
  if (!is_file(name)) {
    TRY(server, server_of(with));
  }
  if (!server) {
    TRY(const auto known, defs::library::load(definition_roots(with)));
    return (known.*of.find)(name);
  }
  TRY(auto shown, server->get(of.path + ("/" + url_encoded(name))));
  return definition_in(std::move(shown), of.stored);
}

int answer(const settings& with,
           const json::array& all,
           const std::vector<std::string>& header,
           const rows& lines) {
  if (with.format == answer_format::json)
    print_json(all);
  else
    print_table(header, lines);
  return 0;
}

template <class T> int show(const settings& with, const result<T>& found) {
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json)
    print_json(to_json(found.value()));
  else
    print(found.value());
  return 0;
}

/// That every schema which a workflow names is there. Errors: those of finding it, with file, line
/// and field.
result<void> check_schemas(const defs::with_text<defs::workflow>& of,
                           defs::schema_registry& known) {
  TRY(const auto source, yaml::parse(of.text, of.file, errc::definition_invalid));
  const auto* phases = source.root.find("phases");
  for (std::size_t i = 0; phases != nullptr && i < phases->items.size(); ++i) {
    const auto* artifact = phases->items[i].find("artifact");
    const auto* schema = artifact == nullptr ? nullptr : artifact->find("schema");
    if (schema == nullptr)
      continue;
    auto found = known.find(schema->text);
    if (found)
      continue;
    yaml::reading in(source, found.error().code);
    in.fail(*schema,
            "phases[" + std::to_string(i) + "].artifact.schema",
            std::move(found).error().message);
    return in.outcome();
  }
  return success();
}

/// What a workflow is by itself and with the personas that are known: one that names a schema which
/// is not there is refused, as is one that somebody would work in who can't ask whom he names.
result<void> check(const std::vector<defs::with_text<defs::workflow>>& files,
                   const settings& with) {
  defs::schema_registry schemas{definition_roots(with)};
  for (const auto& file : files) {
    TRY(check_schemas(file, schemas));
  }
  TRY(const auto known, defs::persona_files(definition_roots(with)));
  for (const auto& file : files) {
    TRY(defs::check_subagents(file.definition, known));
  }
  return success();
}

/// A persona that names a tool which does not exist is refused, as is one that may ask somebody
/// who is neither known nor among the files.
result<void> check(const std::vector<defs::persona_file>& files, const settings& with) {
  for (const auto& file : files) {
    TRY(defs::check_tools(file));
  }
  if (std::all_of(files.begin(), files.end(), [](const auto& file) {
        return file.definition.subagents.empty();
      }))
    return success();
  TRY(auto known, defs::persona_files(definition_roots(with)));
  known.insert(known.end(), files.begin(), files.end());
  for (const auto& file : files) {
    TRY(defs::check_subagents(file, known));
  }
  return success();
}

template <class T> using parser = result<T> (*)(std::string_view, std::string);

template <class T>
result<std::vector<defs::with_text<T>>>
checked_files(const settings& with, const std::vector<std::string>& files, parser<T> parse) {
  std::vector<defs::with_text<T>> out;
  for (const auto& file : files) {
    TRY(auto text, defs::read_text(file));
    TRY(auto read, parse(text, file));
    out.push_back({file, std::move(text), std::move(read)});
  }
  TRY(check(out, with));
  return out;
}

template <class T>
int validate(const settings& with, const std::vector<std::string>& files, parser<T> parse) {
  const auto read = checked_files(with, files, parse);
  if (!read)
    return static_cast<int>(report(with, read.error()));
  json::array good;
  for (const auto& [file, text, definition] : read.value()) {
    good.push_back(
        {{"file", file}, {"definition", identity(definition)}, {"hash", hash_of(definition)}});
    if (with.format == answer_format::text)
      std::printf(tr("%s  %s is valid\n"), file.c_str(), identity(definition).c_str());
  }
  if (with.format == answer_format::json)
    print_json(good);
  return 0;
}

result<std::shared_ptr<const defs::artifact_schema>> schema_named(const settings& with,
                                                                  const std::string& name) {
  if (name.find('@') != std::string::npos && !name.ends_with(".json")) {
    defs::schema_registry known{definition_roots(with)};
    return known.find(name);
  }
  TRY(const auto text, defs::read_text(name));
  return defs::artifact_schema::compile(text, name);
}

} // namespace

int workflows_list(const settings& with) {
  const auto known = all_of(with, workflows);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  json::array all;
  rows lines;
  for (const auto& each : known.value()) {
    all.push_back({{"workflow", identity(each)},
                   {"title", each.title},
                   {"phases", each.phases.size()},
                   {"hash", hash_of(each)}});
    lines.push_back({identity(each), std::to_string(each.phases.size()), each.title});
  }
  return answer(with, all, {tr("WORKFLOW"), tr("PHASES"), tr("TITLE")}, lines);
}

int personas_list(const settings& with) {
  const auto known = all_of(with, personas);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  json::array all;
  rows lines;
  for (const auto& each : known.value()) {
    all.push_back({{"persona", identity(each)},
                   {"title", each.title},
                   {"model", each.model},
                   {"capabilities", json::value_from(each.capabilities)},
                   {"hash", hash_of(each)}});
    lines.push_back({identity(each), each.model, joined(each.capabilities), each.title});
  }
  return answer(with, all, {tr("PERSONA"), tr("MODEL"), tr("CAPABILITIES"), tr("TITLE")}, lines);
}

int workflows_show(const settings& with, const std::string& name) {
  return show(with, one_of(with, workflows, name));
}

int personas_show(const settings& with, const std::string& name) {
  return show(with, one_of(with, personas, name));
}

int workflows_validate(const settings& with, const std::vector<std::string>& files) {
  return validate<defs::workflow>(with, files, defs::parse_workflow);
}

int personas_validate(const settings& with, const std::vector<std::string>& files) {
  return validate<defs::persona>(with, files, defs::parse_persona);
}

int artifacts_validate(const settings& with,
                       const std::string& schema,
                       const std::string& instance) {
  const auto refused = [&](const error& why) {
    static_cast<void>(report(with, why));
    return static_cast<int>(exit_code::invalid);
  };
  const auto against = schema_named(with, schema);
  if (!against)
    return refused(against.error());
  const auto text = defs::read_text(instance);
  if (!text)
    return static_cast<int>(report(with, text.error()));
  const auto findings = against.value()->validate(text.value());
  json::array all;
  for (const auto& each : findings)
    all.push_back({{"path", each.path}, {"keyword", each.keyword}, {"message", each.message}});
  if (with.format == answer_format::json) {
    print_json({{"valid", findings.empty()}, {"findings", std::move(all)}});
  } else {
    std::printf(findings.empty() ? tr("%s is valid\n") : tr("%s is not valid:\n"),
                instance.c_str());
    for (const auto& each : findings)
      std::printf(tr("  at %s, %s: %s\n"),
                  each.path.empty() ? tr("(the whole document)") : printable(each.path).c_str(),
                  each.keyword.c_str(),
                  printable(to_valid_utf8(each.message)).c_str());
  }
  return findings.empty() ? 0 : 1;
}

} // namespace ash::cli
