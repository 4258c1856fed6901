// `permissions show` and `permissions test`: what holds, and what would change under other rules.
// Runs are the server's where one holds them; the configuration, and files, are this machine's.
#include "actors/definitions/library.hpp"
#include "actors/shells/permission_review.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

namespace defs = definitions;

constexpr std::size_t shown_code_points = 120;

result<json::array> held_in_run(const settings& with, const std::string& named) {
  TRY(const auto server, remote::find(with));
  if (server) {
    TRY(const auto held, server->get(run_path(named) + "/permissions"));
    return array_in(held, "roles");
  }
  TRY(const auto log, open_reader(with));
  TRY(const auto run, resolve_run(*log, named));
  TRY(const auto held, permissions::of_run(*log, run));
  json::array out;
  for (const auto& each : held)
    out.push_back(permissions::to_json(each));
  return out;
}

result<json::array> what_holds(const settings& with, const permissions_show_options& asked) {
  if (!asked.run.empty() && !asked.persona.empty())
    return refuse(errc::argument_invalid, "name a run or a persona, not both");
  if (!asked.run.empty())
    return held_in_run(with, asked.run);
  TRY(check_here(with, "permissions show"));
  TRY(const auto config, read_config(with));
  if (asked.persona.empty())
    return json::array{permissions::to_json(permissions::of_config(config))};
  TRY(const auto known, defs::library::load(definition_roots(with)));
  TRY(const auto who, known.find_persona(asked.persona));
  return json::array{permissions::to_json(permissions::of_persona(config, who))};
}

std::string any_where_empty(const std::string& text) {
  return text.empty() ? "*" : text;
}

void print_held(const json::object& of) {
  constexpr std::size_t names = 9;
  const auto line = [](const char* name, const std::string& text) {
    std::printf("  %s %s\n", padded(name, names).c_str(), text.c_str());
  };
  const auto who = text_in(of, "who");
  std::printf("%s\n", printable(who).c_str());
  line(tr("mode"), text_in(of, "mode"));
  std::string paths;
  for (const auto& path : array_in(of, "writable_paths"))
    paths += (paths.empty() ? "" : ", ") + printable(path.as_string());
  if (who == "config")
    paths = tr("as each persona says");
  line(tr("writable"), paths.empty() ? tr("everything") : paths);
  if (const auto reviewer = text_in(of, "reviewer"); !reviewer.empty())
    line(tr("outside"), tr("decided by {} first", printable(reviewer)));
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_in(of, "rules")) {
    const auto& rule = each.as_object();
    rows.push_back({std::to_string(rows.size() + 1),
                    tr_word(text_in(rule, "verdict")),
                    any_where_empty(text_in(rule, "tool")),
                    any_where_empty(text_in(rule, "pattern")),
                    any_where_empty(text_in(rule, "path")),
                    text_in(rule, "source")});
  }
  if (rows.empty()) {
    std::printf("%s", tr("  no rules\n"));
    return;
  }
  std::fputs(render_table({"#", tr("VERDICT"), tr("TOOL"), tr("PATTERN"), tr("PATH"), tr("FROM")},
                          rows,
                          terminal_width(stream::out))
                 .c_str(),
             stdout);
}

result<permissions::change> change_of(const permissions_test_options& asked) {
  if (asked.rules.empty() && asked.mode.empty())
    return refuse(errc::argument_invalid,
                  "nothing would change: give --rules FILE, --mode MODE, or both");
  permissions::change out;
  if (!asked.rules.empty()) {
    TRY(auto settings, defs::load_permission_settings(asked.rules));
    out.rules = std::move(settings.rules);
    out.mode = settings.mode;
    out.origin = asked.rules;
  }
  if (!asked.mode.empty()) {
    out.mode = defs::permission_mode_named(asked.mode);
    if (!out.mode)
      return refuse(errc::argument_invalid,
                    "--mode is default, accept-edits, plan, dont-ask or bypass, not '" +
                        printable(asked.mode) + "'");
  }
  return out;
}

/// As the API takes it.
json::object body_of(const permissions::change& of) {
  defs::permission_settings settings{of.mode,
                                     of.rules.value_or(std::vector<defs::permission_rule>{})};
  auto out = defs::to_json(settings);
  if (of.rules) {
    out.emplace("rules", json::array{}); // a file without any takes those of the configuration away
    constexpr std::size_t longest_source = 1'024;
    const auto file = to_valid_utf8(of.origin);
    out["source"] = utf8_prefix(file, longest_source);
  }
  return out;
}

result<json::object> changed_by(const settings& with, const permissions_test_options& asked) {
  TRY(const auto under, change_of(asked));
  TRY(const auto server, remote::find(with));
  if (server)
    return server->post(run_path(asked.run) + "/permissions/test", body_of(under));
  TRY(const auto log, open_reader(with));
  TRY(const auto run, resolve_run(*log, asked.run));
  TRY(const auto found, permissions::replay(*log, run, under));
  return permissions::to_json(run, found);
}

void print_changed(const json::object& of) {
  const auto calls = number_in<std::size_t>(of, "calls");
  const auto changed = array_in(of, "changed");
  if (changed.empty()) {
    std::printf(tr("none of %zu tool calls would be judged otherwise\n"), calls);
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : changed) {
    const auto& one = each.as_object();
    const auto after = object_in(one, "after");
    const auto rule = text_in(after, "rule");
    rows.push_back({text_in(one, "call").substr(0, 8),
                    text_in(one, "phase"),
                    text_in(one, "tool"),
                    tr_word(text_in(object_in(one, "before"), "verdict")),
                    tr_word(text_in(after, "verdict")),
                    fit(text_in(one, "what"), shown_code_points),
                    rule.empty() ? tr("nothing is against it") : rule});
  }
  std::fputs(render_table({tr("CALL"),
                           tr("PHASE"),
                           tr("TOOL"),
                           tr("WAS"),
                           tr("WOULD BE"),
                           tr("WHAT"),
                           tr("BECAUSE")},
                          rows,
                          terminal_width(stream::out))
                 .c_str(),
             stdout);
  std::printf(tr("%zu of %zu tool calls would be judged otherwise\n"), changed.size(), calls);
}

} // namespace

int permissions_show(const settings& with, const permissions_show_options& asked) {
  const auto found = what_holds(with, asked);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json) {
    print_json(found.value());
    return 0;
  }
  for (const auto& each : found.value())
    print_held(each.as_object());
  return 0;
}

int permissions_test(const settings& with, const permissions_test_options& asked) {
  const auto found = changed_by(with, asked);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json)
    print_json(found.value());
  else
    print_changed(found.value());
  return array_in(found.value(), "changed").empty() ? 0 : 1;
}

} // namespace ash::cli
