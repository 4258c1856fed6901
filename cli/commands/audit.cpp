#include "cli/commands/audit.hpp"

#include "actors/shells/audit_trail.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/terminal.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

std::string trail_of(const settings& with) {
  return audit::file_in(with.data_dir);
}

void print_clean(std::size_t lines, std::size_t missing) {
  const auto text = missing == 0
                        ? tr("clean: {} lines, each as the log says", lines)
                        : tr("clean: {} lines, each as the log says; {} at the end are still to be "
                             "written, by the next start",
                             lines,
                             missing);
  std::printf("%s\n", text.c_str());
}

} // namespace

int audit_list(const settings& with, const std::string& run) {
  if (const auto here = check_here(with, "audit list"); !here)
    return static_cast<int>(report(with, here.error()));
  std::vector<json::object> found;
  std::string wanted;
  if (!run.empty()) {
    const auto named = [&]() -> result<run_id> {
      TRY(const auto log, open_reader(with));
      return resolve_run(*log, run);
    }();
    if (!named)
      return static_cast<int>(report(with, named.error()));
    wanted = "run/" + to_string(named.value());
  }
  const auto read = audit::read(trail_of(with), [&](const audit::line& one) {
    if (wanted.empty() || shown_in(one.shown, "root") == wanted)
      found.push_back(one.shown);
    return true;
  });
  if (!read)
    return static_cast<int>(report(with, read.error()));
  if (with.format == answer_format::json) {
    json::array all;
    for (auto& each : found)
      all.push_back(std::move(each));
    print_json(all);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : found)
    rows.push_back({shown_in(each, "at"),
                    shown_in(each, "root").substr(0, 12),
                    shown_in(each, "tool"),
                    tr_word(shown_in(each, "verdict")),
                    tr("{} ms", shown_in(each, "duration_ms")),
                    shown_in(each, "arguments")});
  const auto table =
      render_table({tr("AT"), tr("ROOT"), tr("TOOL"), tr("VERDICT"), tr("TIME"), tr("ARGUMENTS")},
                   rows,
                   terminal_width(stream::out));
  std::fputs(table.c_str(), stdout);
  return 0;
}

int audit_verify(const settings& with) {
  if (const auto here = check_here(with, "audit verify"); !here)
    return static_cast<int>(report(with, here.error()));
  const auto log = open_reader(with);
  if (!log)
    return static_cast<int>(report(with, log.error()));
  const auto found = audit::verify(trail_of(with), *log.value());
  if (!found)
    return static_cast<int>(report(with, found.error()));
  if (with.format == answer_format::json)
    print_json(json::object{{"lines", found.value().lines}, {"missing", found.value().missing}});
  else
    print_clean(found.value().lines, found.value().missing);
  return 0;
}

} // namespace ash::cli
