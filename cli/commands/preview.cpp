#include "cli/commands/preview.hpp"

#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <cstdio>
#include <set>
#include <unistd.h>

namespace ash::cli {
namespace {

std::string money(const json::object& of, std::string_view name) {
  const auto text = text_in(of, name);
  return text.empty() ? tr("unbounded") : "$" + text;
}

std::string count(const json::object& of, std::string_view name) {
  return std::to_string(number_in<std::int64_t>(of, name));
}

std::string table_of(const json::object& preview, std::size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_in(preview, "phases")) {
    const auto& phase = each.as_object();
    const auto* may_be_skipped = phase.if_contains("conditional");
    const auto key = text_in(phase, "key");
    const auto is_conditional = may_be_skipped != nullptr && *may_be_skipped == true;
    rows.push_back({is_conditional ? tr("{} (conditional)", key) : key,
                    text_in(phase, "persona"),
                    text_in(phase, "model"),
                    count(phase, "input_tokens"),
                    count(phase, "output_tokens"),
                    count(phase, "calls"),
                    money(phase, "first_call_usd"),
                    money(phase, "worst_case_usd")});
  }
  rows.push_back({tr("total"), {}, {}, {}, {}, {}, {}, money(preview, "phases_total_usd")});
  return render_table({tr("PHASE"),
                       tr("PERSONA"),
                       tr("MODEL"),
                       tr("INPUT"),
                       tr("OUTPUT"),
                       tr("CALLS"),
                       tr("FIRST CALL"),
                       tr("WORST CASE")},
                      rows,
                      width);
}

std::string cap_line(const json::object& preview) {
  const auto policy = text_in(preview, "policy");
  const auto cap = money(preview, "cap_usd");
  return policy == "block"    ? tr("the run's cap is {}: calls beyond it are refused\n", cap)
         : policy == "prompt" ? tr("the run's cap is {}: beyond it a person is asked\n", cap)
                              : tr("the run's cap is {}: beyond it there is a warning only\n", cap);
}

void warn_of_unpriced(const json::object& preview) {
  std::set<std::string> models;
  for (const auto& phase : array_in(preview, "phases"))
    for (const auto& model : array_in(phase.as_object(), "unpriced"))
      models.emplace(model.as_string());
  for (const auto& model : models)
    std::fprintf(stderr,
                 tr("actor-shell: price_unknown: %s has no price: its calls are reserved at the "
                    "persona's max_cost_per_call (actor-shell pricing)\n"),
                 printable(model).c_str());
}

} // namespace

previewing previewing_of(const run_options& asked) {
  if (asked.no_preview)
    return previewing::skip;
  const auto someone = ::isatty(STDIN_FILENO) == 1 && is_terminal(stream::err);
  return someone && !asked.yes ? previewing::ask : previewing::show;
}

result<void>
show_before_start(const json::object& preview, previewing how, const std::stop_token& stop) {
  if (how != previewing::skip) {
    std::fputs(table_of(preview, terminal_width(stream::err)).c_str(), stderr);
    std::fputs(cap_line(preview).c_str(), stderr);
  }
  warn_of_unpriced(preview);
  if (how != previewing::ask)
    return success();
  const auto answer = answer_to(tr("Start the run? [y/N] "), stop);
  if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes"))
    return success();
  return refuse(errc::cancelled, "nothing was started");
}

void print_preview(const settings& with, const json::object& preview) {
  if (with.format == answer_format::json) {
    print_json(preview);
  } else {
    std::fputs(table_of(preview, terminal_width(stream::out)).c_str(), stdout);
    std::fputs(cap_line(preview).c_str(), stdout);
  }
  warn_of_unpriced(preview);
}

} // namespace ash::cli
