// `permissions show` and `permissions test`: what holds, and what would change under other rules.
// Both read the data directory, also beside a server.
#include "actors/definitions/library.hpp"
#include "actors/shells/permission_review.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

namespace defs = definitions;
namespace json = boost::json;

constexpr std::size_t shown_code_points = 120;

std::string_view name_of(permission_mode mode) {
  return defs::to_string(static_cast<defs::permission_mode>(mode));
}

result<std::vector<permissions::effective>> what_holds(const settings& with,
                                                       const permissions_show_options& asked) {
  if (!asked.run.empty() && !asked.persona.empty())
    return refuse(errc::argument_invalid, "name a run or a persona, not both");
  if (!asked.run.empty()) {
    TRY(const auto log, open_reader(with));
    TRY(const auto run, resolve_run(*log, asked.run));
    return permissions::of_run(*log, run);
  }
  TRY(const auto config, read_config(with));
  if (asked.persona.empty())
    return std::vector{permissions::of_config(config)};
  auto roots = with.definition_dirs;
  roots.push_back(with.data_dir + "/definitions");
  TRY(const auto known, defs::library::load(roots));
  TRY(const auto who, known.find_persona(asked.persona));
  return std::vector{permissions::of_persona(config, who)};
}

json::object to_json(const permissions::effective& of) {
  json::array rules;
  for (const auto& rule : of.terms.permissions)
    rules.push_back(json::object{{"verdict", policy::to_string(rule.verdict)},
                                 {"tool", rule.tool},
                                 {"pattern", rule.pattern},
                                 {"path", rule.path},
                                 {"source", rule.origin}});
  json::array paths;
  for (const auto& path : of.terms.writable_paths)
    paths.emplace_back(path);
  const auto& reviewer = of.terms.reviewer;
  return {{"who", of.who},
          {"mode", name_of(of.terms.mode)},
          {"reviewer", reviewer.empty() ? json::value{} : json::value(reviewer)},
          {"rules", std::move(rules)},
          {"writable_paths", std::move(paths)}};
}

std::string any_where_empty(const std::string& text) {
  return text.empty() ? "*" : text;
}

void print(const permissions::effective& of) {
  constexpr std::size_t names = 9;
  std::printf("%s\n  %s %s\n",
              printable(of.who).c_str(),
              padded(tr("mode"), names).c_str(),
              std::string{name_of(of.terms.mode)}.c_str());
  std::string paths;
  for (const auto& path : of.terms.writable_paths)
    paths += (paths.empty() ? "" : ", ") + printable(path);
  if (of.who == "config")
    paths = tr("as each persona says");
  std::printf("  %s %s\n",
              padded(tr("writable"), names).c_str(),
              paths.empty() ? tr("everything") : paths.c_str());
  if (!of.terms.reviewer.empty())
    std::printf("  %s %s\n",
                padded(tr("outside"), names).c_str(),
                tr("decided by {} first", printable(of.terms.reviewer)).c_str());
  if (of.terms.permissions.empty()) {
    std::printf("%s", tr("  no rules\n"));
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& rule : of.terms.permissions)
    rows.push_back({std::to_string(rows.size() + 1),
                    tr_word(policy::to_string(rule.verdict)),
                    any_where_empty(rule.tool),
                    any_where_empty(rule.pattern),
                    any_where_empty(rule.path),
                    rule.origin});
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

std::string because(const policy::permit& of) {
  return of.rule.empty() ? tr("nothing is against it") : of.rule;
}

json::object to_json(const permissions::changed_verdict& of) {
  const auto verdict = [](const policy::permit& p) {
    return json::object{{"verdict", policy::to_string(p.verdict)}, {"rule", p.rule}};
  };
  return {{"call", to_string(of.call)},
          {"phase", of.phase_key},
          {"tool", of.tool},
          {"what", of.what},
          {"before", verdict(of.before)},
          {"after", verdict(of.after)}};
}

void print(const permissions::replayed& of) {
  if (of.changed.empty()) {
    std::printf(tr("none of %zu tool calls would be judged otherwise\n"), of.calls);
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : of.changed)
    rows.push_back({to_string(each.call).substr(0, 8),
                    each.phase_key,
                    each.tool,
                    tr_word(policy::to_string(each.before.verdict)),
                    tr_word(policy::to_string(each.after.verdict)),
                    fit(each.what, shown_code_points),
                    because(each.after)});
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
  std::printf(tr("%zu of %zu tool calls would be judged otherwise\n"), of.changed.size(), of.calls);
}

} // namespace

int permissions_show(const settings& with, const permissions_show_options& asked) {
  const auto found = what_holds(with, asked);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json) {
    json::array all;
    for (const auto& each : found.value())
      all.push_back(to_json(each));
    print_json(all);
    return 0;
  }
  for (const auto& each : found.value())
    print(each);
  return 0;
}

int permissions_test(const settings& with, const permissions_test_options& asked) {
  const auto found = [&]() -> result<permissions::replayed> {
    TRY(const auto under, change_of(asked));
    TRY(const auto log, open_reader(with));
    TRY(const auto run, resolve_run(*log, asked.run));
    return permissions::replay(*log, run, under);
  }();
  if (!found)
    return static_cast<int>(report(with, found.error()));
  const auto& replayed = found.value();
  if (with.format == answer_format::json) {
    json::array changed;
    for (const auto& each : replayed.changed)
      changed.push_back(to_json(each));
    print_json(json::object{{"calls", replayed.calls}, {"changed", std::move(changed)}});
  } else {
    print(replayed);
  }
  return replayed.changed.empty() ? 0 : 1;
}

} // namespace ash::cli
