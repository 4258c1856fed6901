#include "cli/commands/explain.hpp"

#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_explanation.hpp"
#include "cli/commands/remote_work.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <cstdio>

namespace ash::cli {
namespace {

/// Nobody has consented to anything where there is no log yet.
result<consents> consents_in(const settings& with) {
  auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found)
    return consents{};
  TRY(const auto log, std::move(opened));
  return consents::read(*log);
}

result<json::object> look_here(const settings& with, const run_request& asked) {
  TRY(const auto config, read_config(with));
  TRY(const auto library, definitions::library::load(definition_roots(with)));
  const secrets::key_store keys{secrets::key_directory_of(with.config_file)};
  provider::provider_registry providers{provider_options_of(config, keys)};
  TRY(const auto consented, consents_in(with));
  TRY(const auto seen, ash::explain_run(asked, {library, providers, config, consented}));
  return to_json(seen);
}

/// What counts of a request, as the API takes it.
json::object question_of(const run_request& asked) {
  const auto whole = body_of(asked);
  json::object out;
  for (const auto* name : {"workflow", "model", "bindings"})
    if (const auto* value = whole.if_contains(name))
      out[name] = *value;
  return out;
}

result<json::object> explanation_of(const settings& with, const run_request& asked) {
  TRY(const auto server, remote::find_worker(with));
  if (server)
    return server->post("/runs/explanation", question_of(asked));
  return look_here(with, asked);
}

std::string joined(const json::array& texts, std::string_view between) {
  std::string out;
  for (const auto& each : texts)
    if (const auto* text = each.if_string())
      out += (out.empty() ? "" : std::string{between}) + std::string{*text};
  return out;
}

std::string said_against(const json::object& candidate) {
  json::array out;
  for (const auto& each : array_in(candidate, "against"))
    if (const auto* one = each.if_object())
      out.emplace_back(text_in(*one, "message"));
  return joined(out, "; ");
}

bool is_chosen(const json::object& candidate) {
  const auto* chosen = candidate.if_contains("chosen");
  return chosen != nullptr && *chosen == true;
}

std::string verdict_on(const json::object& role, const json::object& candidate) {
  if (is_chosen(candidate))
    return tr("chosen: {}", joined(array_in(role, "reasons"), "; "));
  const auto place = number_in<std::int64_t>(candidate, "place"); // 0: not eligible
  const auto against = said_against(candidate);
  if (place == 0)
    return tr("no: {}", against);
  return tr("could: number {}", place) + (against.empty() ? "" : "; " + against);
}

void print_role(const json::object& role) {
  std::printf(tr("role %s (phases: %s)\n"),
              printable(text_in(role, "role")).c_str(),
              printable(joined(array_in(role, "phases"), ", ")).c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_in(role, "candidates"))
    if (const auto* one = each.if_object())
      rows.push_back({is_chosen(*one) ? "*" : "",
                      text_in(*one, "persona"),
                      text_in(*one, "model"),
                      verdict_on(role, *one)});
  const auto table = render_table(
      {"", tr("PERSONA"), tr("MODEL"), tr("VERDICT")}, rows, terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
  if (const auto problem = object_in(role, "problem"); !problem.empty())
    std::printf(tr("nobody: %s: %s\n"),
                printable(text_in(problem, "code")).c_str(),
                printable(text_in(problem, "message")).c_str());
  std::printf("\n");
}

/// 0 where nothing stands in the role's way.
int exit_code_for(const json::object& role) {
  const auto problem = object_in(role, "problem");
  if (problem.empty())
    return 0;
  return static_cast<int>(exit_code_of(refuse(errc_from(text_in(problem, "code")).code, "")));
}

} // namespace

int explain_run(const settings& with, const run_request& asked) {
  const auto seen = explanation_of(with, asked);
  if (!seen)
    return static_cast<int>(report(with, seen.error()));
  if (with.format == answer_format::json)
    print_json(seen.value());
  auto code = 0;
  const auto roles = array_in(seen.value(), "roles");
  for (const auto& each : roles) {
    const auto* role = each.if_object();
    if (role == nullptr)
      continue;
    if (with.format == answer_format::text)
      print_role(*role);
    if (code == 0)
      code = exit_code_for(*role);
  }
  return code;
}

} // namespace ash::cli
