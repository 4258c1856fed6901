#include "cli/commands/explain.hpp"

#include "actors/shells/provider_setup.hpp"
#include "cli/language.hpp"
#include "cli/terminal.hpp"

#include <boost/json/array.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

namespace defs = definitions;

struct explained {
  defs::workflow workflow;
  std::vector<defs::role_view> roles;
};

/// Nobody has consented to anything where there is no log yet.
result<consents> consents_in(const settings& with) {
  auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found)
    return consents{};
  TRY(const auto log, std::move(opened));
  return consents::read(*log);
}

result<explained> look(const settings& with, const run_request& asked) {
  if (!with.server.empty())
    return refuse(errc::argument_invalid,
                  "--explain goes by this machine's definitions, configuration and keys: leave "
                  "--server out");
  TRY(const auto config, read_config(with));
  auto roots = with.definition_dirs;
  roots.push_back(data_layout{with.data_dir}.definitions());
  TRY(const auto library, defs::library::load(roots));
  const secrets::key_store keys{secrets::key_directory_of(with.config_file)};
  provider::provider_registry providers{provider_options_of(config, keys)};
  TRY(const auto consented, consents_in(with));
  explained out;
  TRY(out.workflow, library.find_workflow(asked.workflow));
  TRY(out.roles, explain_bindings(asked, {library, providers, config, consented}));
  return out;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const auto& text : texts)
    out += (out.empty() ? "" : std::string{between}) + text;
  return out;
}

std::string phases_of(const defs::workflow& what, const std::string& role) {
  std::vector<std::string> out;
  for (const auto& phase : what.phases)
    if (phase.role == role)
      out.push_back(phase.key);
  return joined(out, ", ");
}

std::string said_against(const defs::candidate_view& of) {
  std::vector<std::string> out;
  for (const auto& [code, text] : of.against)
    out.push_back(text);
  return joined(out, "; ");
}

std::string verdict_on(const defs::role_view& role, const defs::candidate_view& of) {
  if (of.chosen)
    return tr("chosen: {}", joined(role.reasons, "; "));
  if (of.place == 0)
    return tr("no: {}", said_against(of));
  const auto against = said_against(of);
  return tr("could: number {}", of.place) + (against.empty() ? "" : "; " + against);
}

void print(const explained& of) {
  for (const auto& role : of.roles) {
    const auto& wanted = role.wanted;
    std::printf(tr("role %s (phases: %s)\n"),
                wanted.name.c_str(),
                phases_of(of.workflow, wanted.name).c_str());
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : role.candidates)
      rows.push_back({each.chosen ? "*" : "", each.persona, each.model, verdict_on(role, each)});
    const auto table = render_table(
        {"", tr("PERSONA"), tr("MODEL"), tr("VERDICT")}, rows, terminal_width(stream::out));
    std::fputs(table.c_str(), stdout);
    if (role.problem)
      std::printf(tr("nobody: %s: %s\n"),
                  std::string{to_string(role.problem->code)}.c_str(),
                  role.problem->message.c_str());
    std::printf("\n");
  }
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts)
    out.emplace_back(text);
  return out;
}

json::object to_json(const defs::candidate_view& of) {
  json::array against;
  for (const auto& [code, text] : of.against)
    against.push_back(json::object{{"code", code}, {"message", text}});
  return {{"persona", of.persona},
          {"hash", of.hash},
          {"backend", of.backend},
          {"model", of.model},
          {"eligible", of.place > 0},
          {"place", of.place > 0 ? json::value(of.place) : json::value(nullptr)},
          {"chosen", of.chosen},
          {"against", std::move(against)}};
}

json::object to_json(const defs::workflow& what, const defs::role_view& role) {
  json::array candidates;
  json::value chosen;
  for (const auto& each : role.candidates) {
    candidates.push_back(to_json(each));
    if (each.chosen)
      chosen = each.persona;
  }
  json::object out{{"role", role.wanted.name},
                   {"phases", phases_of(what, role.wanted.name)},
                   {"required_capabilities", array_of(role.wanted.required_capabilities)},
                   {"preferred_backends", array_of(role.wanted.preferred_backends)},
                   {"distinct_from", array_of(role.wanted.distinct_from)},
                   {"diversity", std::string{to_string(role.wanted.diversity)}},
                   {"chosen", std::move(chosen)},
                   {"reasons", array_of(role.reasons)},
                   {"candidates", std::move(candidates)}};
  if (role.problem)
    out["problem"] = json::object{{"code", std::string{to_string(role.problem->code)}},
                                  {"message", role.problem->message}};
  return out;
}

} // namespace

int explain_run(const settings& with, const run_request& asked) {
  const auto seen = look(with, asked);
  if (!seen)
    return static_cast<int>(report(with, seen.error()));
  if (with.format == answer_format::json) {
    json::array roles;
    for (const auto& role : seen.value().roles)
      roles.push_back(to_json(seen.value().workflow, role));
    print_json(
        json::object{{"workflow", identity(seen.value().workflow)}, {"roles", std::move(roles)}});
  } else {
    print(seen.value());
  }
  for (const auto& role : seen.value().roles)
    if (role.problem)
      return static_cast<int>(exit_code_of(*role.problem));
  return 0;
}

} // namespace ash::cli
