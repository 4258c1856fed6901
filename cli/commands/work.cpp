#include "cli/commands/work.hpp"

#include "cli/commands/gate_prompt.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/progress.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <cstdio>
#include <unistd.h>

namespace ash::cli {
namespace {

constexpr std::chrono::seconds stop_grace{30};

int code_of(const inspect::run_summary& run, int signal) {
  if (run.state == "completed")
    return static_cast<int>(exit_code::done);
  if (run.state == "aborted")
    return static_cast<int>(exit_code::aborted);
  if (run.state == "failed")
    return static_cast<int>(exit_code::failed);
  if (run.state == "awaiting_approval" && signal == 0)
    return static_cast<int>(exit_code::human_required);
  return code_after(signal, static_cast<int>(exit_code::limit));
}

void add_row(std::vector<std::vector<std::string>>& rows, std::string name, std::string value) {
  if (!value.empty())
    rows.push_back({std::move(name), std::move(value)});
}

void print_text(const inspect::run_summary& run) {
  const auto style = style_of(stream::out);
  const auto* colour = run.state == "completed" ? style.good : style.bad;
  std::printf("%s%s%s\n",
              colour,
              tr("run {} {}", to_string(run.run), tr_word(run.state)).c_str(),
              style.plain);
  std::vector<std::vector<std::string>> rows;
  add_row(rows, tr("workflow"), run.workflow);
  add_row(rows, tr("reason"), run.code.empty() ? run.message : run.code + ": " + run.message);
  add_row(rows, tr("report"), run.report_path);
  add_row(rows, tr("branch"), run.branch);
  add_row(rows, tr("commit"), run.commit);
  add_row(rows, tr("repository"), run.repo_path);
  const auto done = tr("{} of {}", run.phases_done, run.phases);
  add_row(rows,
          tr("phases"),
          run.phases_omitted == 0 ? done : tr("{}, {} left out", done, run.phases_omitted));
  add_row(rows, tr("money"), to_string(run.cost));
  if (run.ended.us > 0)
    add_row(rows, tr("time"), show_duration(run.ended - run.started));
  for (const auto& row : rows)
    std::printf("  %s %s\n", padded(row[0], 11).c_str(), printable(to_valid_utf8(row[1])).c_str());
  std::fflush(stdout);
}

void print_hint(const inspect::run_summary& run) {
  const auto id = to_string(run.run);
  if (run.state == "awaiting_approval")
    std::fprintf(
        stderr,
        tr("a person has to decide: actor-shell approvals list --run %s, then\n"
           "  actor-shell approvals decide APPROVAL approve|reject|request-changes|abort\n"),
        id.c_str());
  else if (run.state == "interrupted")
    std::fprintf(stderr, tr("resume it: %s\n"), how_to_resume(id, run.message).c_str());
  else
    std::fprintf(stderr,
                 tr("look further: actor-shell runs show %s, actor-shell events run/%s\n"),
                 id.c_str(),
                 id.c_str());
}

void print(const inspect::run_summary& run, output_format format) {
  if (format == output_format::text) {
    print_text(run);
    print_hint(run);
    return;
  }
  auto shown = inspect::to_json(run);
  if (format == output_format::stream_json)
    shown = json::object{{"result", std::move(shown)}};
  print_json(shown);
}

} // namespace

std::unique_ptr<progress> progress_for(output_format format) {
  if (format == output_format::stream_json)
    return make_json_stream();
  return is_terminal(stream::err) ? make_live_view() : make_plain_lines();
}

std::string how_to_resume(const std::string& run, std::string_view reason) {
  constexpr std::string_view begin = "the budget '";
  const auto resume = "actor-shell runs resume " + run;
  if (!reason.starts_with(begin))
    return resume;
  reason.remove_prefix(begin.size());
  const auto scope = printable(reason.substr(0, reason.find('\'')));
  if (scope == "run:" + run)
    return resume + " --budget USD";
  return "actor-shell budget set " + scope + " --cap USD && " + resume;
}

int tell_end(const inspect::run_summary& run, output_format format, int signal) {
  print(run, format);
  return code_of(run, signal);
}

result<std::unique_ptr<runtime>> open_runtime(const settings& with, after_crash crashed) {
  runtime_options options;
  TRY(options.config, read_config(with));
  options.data_dir = with.data_dir;
  options.config_file = with.config_file;
  options.definition_dirs = own_definitions(with);
  options.started_by = user_name();
  options.crashed = crashed;
  TRY(auto opened, runtime::open(std::move(options)));
  for (const auto& each : opened->set_aside())
    std::fprintf(stderr,
                 tr("actor-shell: run %s is left as it is: %s\n"),
                 to_string(each.run).c_str(),
                 to_string(each.why).c_str());
  return opened;
}

result<usd> parse_cap(const std::string& text) {
  constexpr usd highest{1'000'000'000'000'000'000};
  TRY(const auto cap, parse_usd(text));
  if (cap <= usd{} || cap > highest)
    return refuse(errc::argument_invalid,
                  "a cap is an amount above 0 and up to " + to_string(highest));
  return cap;
}

namespace {

/// Asks for every approval that the run waits for; false where one is left open.
result<bool> decide_here(runtime& work, const run_id& run, const std::stop_token& stop) {
  TRY(const auto all, inspect::list_approvals(work.log(), run));
  for (const auto& each : all) {
    const auto& listed = each.as_object();
    if (!listed.at("decision").is_null())
      continue;
    const auto answer = ask_about(question_of(listed, documents_in(work.log())), stop);
    if (!answer)
      return false;
    TRY(const auto id, parse_uuid(text_in(listed, "approval")));
    const auto told =
        work.decide_approval(run, {id}, answer->decision, answer->comment, {user_name()});
    // Its time was up meanwhile, or an earlier answer has ended the run.
    if (!told && told.error().code != errc::approval_already_decided)
      return told.error();
  }
  return true;
}

/// What works beside a question, or beside the phase that a budget stopped, goes on as far as it
/// gets: cut off, a model call would be paid for twice, and a command be in doubt.
void let_the_rest_end(runtime& work, const std::string& state, const stop_signals& signals) {
  constexpr std::chrono::milliseconds a_moment{100};
  if (state != "awaiting_approval" && state != "interrupted")
    return;
  while (signals.caught() == 0 && !work.actors().settle(a_moment))
    continue;
}

} // namespace

run_result drive(const settings& with, output_format format, const begin_run& begin) {
  stop_signals signals;
  const auto failed = [&](const error& why) {
    const auto code = static_cast<int>(report(with, why));
    return run_result{{}, why.code == errc::cancelled ? code_after(signals.caught(), code) : code};
  };
  auto opened = open_runtime(with);
  if (!opened)
    return failed(opened.error());
  auto& work = *opened.value();
  const auto before = work.log().head();
  const auto begun = begin(work, signals.token());
  if (!begun)
    return failed(begun.error());
  {
    auto watching =
        std::make_unique<run_watcher>(work.log(), begun.value(), before, progress_for(format));
    auto waited = work.wait(begun.value(), signals.token());
    while (waited && waited.value().state == "awaiting_approval" && can_ask()) {
      const auto shown = work.log().head();
      watching.reset();
      const auto decided = decide_here(work, begun.value(), signals.token());
      if (!decided)
        return failed(decided.error());
      watching =
          std::make_unique<run_watcher>(work.log(), begun.value(), shown, progress_for(format));
      if (!decided.value())
        break;
      waited = work.wait(begun.value(), signals.token());
    }
    if (!waited && signals.caught() == 0)
      return failed(waited.error());
    if (waited)
      let_the_rest_end(work, waited.value().state, signals);
    if (signals.caught() != 0)
      std::fprintf(stderr,
                   tr("\nstopping: what is in flight gets %ld s; once more ends at once\n"),
                   static_cast<long>(stop_grace.count()));
    work.stop(signals.caught() != 0 ? stop_grace : std::chrono::seconds{0});
  }
  auto ended = inspect::summarise_run(work.log(), begun.value());
  if (!ended)
    return failed(ended.error());
  const auto code = tell_end(ended.value(), format, signals.caught());
  return {std::move(ended).value(), code};
}

} // namespace ash::cli
