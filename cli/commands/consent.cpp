#include "cli/commands/consent.hpp"

#include "actors/definitions/library.hpp"
#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"
#include "events/base/clock.hpp"
#include "events/log/rocksdb_log.hpp"

#include <boost/json/array.hpp>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace ash::cli {
namespace {

result<std::vector<consent>> all_of(const settings& with) {
  auto opened = open_reader(with);
  if (!opened && opened.error().code == errc::file_not_found) // no log yet: nobody consented
    return std::vector<consent>{};
  TRY(const auto log, std::move(opened));
  TRY(const auto known, consents::read(*log));
  return known.all();
}

/// The names of every `backend`, or `persona`, that this machine knows.
result<std::vector<std::string>> names_here(const settings& with, std::string_view kind) {
  if (kind == "backend") {
    TRY(const auto config, read_config(with));
    const secrets::key_store keys{secrets::key_directory_of(with.config_file)};
    return sending_providers(provider::provider_registry{provider_options_of(config, keys)});
  }
  TRY(const auto known, definitions::library::load(definition_roots(with)));
  std::vector<std::string> names;
  for (const auto& each : known.personas())
    names.push_back(each.name);
  return names;
}

result<json::array> listed(const settings& with) {
  if (!with.server.empty()) {
    TRY(const auto at, remote::find(with));
    TRY(const auto page, at->get("/consents"));
    return array_in(page, "items");
  }
  TRY(const auto known, all_of(with));
  json::array out;
  for (const auto& each : known)
    out.push_back(
        json::object{{"subject", each.subject}, {"by", each.by}, {"at", to_iso(each.at)}});
  return out;
}

} // namespace

bool agrees_to(const std::string& backend) {
  if (::isatty(STDIN_FILENO) != 1 || !is_terminal(stream::err))
    return false;
  std::fprintf(stderr,
               tr("Content of your repositories will be sent to '%s'. Do you consent? [y/N] "),
               backend.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

result<bool> consent_to(const error& missing, consenting how, const change_subject& change) {
  if (missing.code != errc::consent_missing)
    return false;
  for (const auto& [key, backend] : missing.details) {
    if (key != "backend" || (how == consenting::ask && !agrees_to(backend)))
      continue;
    TRY(change(consent_change::grant, "backend " + backend));
    std::fprintf(stderr, tr("consent to backend %s is recorded\n"), backend.c_str());
    return true;
  }
  return false;
}

result<bool>
change_consent_of(const settings& with, consent_change what, const std::string& subject) {
  TRY(const auto server, remote::find(with));
  if (server) {
    const auto* named = what == consent_change::grant ? "grant" : "revoke";
    TRY(const auto told, server->post("/consents", {{"subject", subject}, {"change", named}}));
    const auto* changed = told.if_contains("changed");
    return changed != nullptr && changed->is_bool() && changed->get_bool();
  }
  TRY(const auto layout, data_layout::make(with.data_dir));
  log::open_options where;
  where.directory = layout.log();
  TRY(const auto log, log::open_rocksdb_log(where));
  const auto known = [&](std::string_view kind) { return names_here(with, kind); };
  return change_consent(*log, what, subject, user_name(), system_now(), known);
}

int consent_list(const settings& with) {
  const auto all = listed(with);
  if (!all)
    return static_cast<int>(report(with, all.error()));
  if (with.format == answer_format::json) {
    print_json(all.value());
    return 0;
  }
  if (all.value().empty()) {
    std::fprintf(stderr, "%s", tr("nobody has consented to anything that leaves this machine\n"));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : all.value()) {
    const auto row = each.is_object() ? each.get_object() : json::object{};
    rows.push_back({text_in(row, "subject"), text_in(row, "by"), text_in(row, "at")});
  }
  const auto table =
      render_table({tr("CONSENT TO"), tr("BY"), tr("SINCE")}, rows, terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
  return 0;
}

int consent_change_to(const settings& with, const consent_options& asked) {
  const auto subject = asked.kind + ' ' + asked.name;
  const auto what = asked.revoke ? consent_change::revoke : consent_change::grant;
  const auto changed = change_consent_of(with, what, subject);
  if (!changed)
    return static_cast<int>(report(with, changed.error()));
  if (with.format == answer_format::json)
    print_json(json::object{{"subject", subject}, {"changed", changed.value()}});
  else
    std::printf(asked.revoke      ? changed.value() ? tr("consent to %s: revoked\n")
                                                    : tr("consent to %s: revoked already\n")
                     : changed.value() ? tr("consent to %s: granted\n")
                                  : tr("consent to %s: granted already\n"),
                subject.c_str());
  return 0;
}

} // namespace ash::cli
