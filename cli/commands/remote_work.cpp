#include "cli/commands/remote_work.hpp"

#include "cli/commands/gate_prompt.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/codec/fact_from_json.hpp"

#include <cstdio>
#include <filesystem>
#include <map>

namespace ash::cli {
namespace {

instant time_in(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(json::string_view{name.data(), name.size()});
  if (value == nullptr)
    return {};
  const auto read = codec::instant_from_json(*value);
  return read ? read.value() : instant{};
}

result<inspect::run_summary> summary_of(const remote& at, const std::string& run) {
  TRY(const auto of, at.get(run_path(run)));
  return summary_from(of);
}

/// What is watched, and how it is shown.
struct watched {
  std::string run;
  output_format format = output_format::text;
  std::uint64_t before = 0; ///< what is up to here is known to whoever watches
  at_a_gate how = at_a_gate::wait;
};

/// Shows a run's frames, and says when there is nothing more to wait for.
class watching {
public:
  watching(const remote& at, watched what, std::stop_token stop)
      : at_{at}, what_{std::move(what)}, stop_{std::move(stop)} {
    if (what_.format != output_format::stream_json)
      to_ = progress_for(what_.format);
  }
  ~watching() {
    if (to_)
      to_->finish();
  }
  watching(const watching&) = delete;
  watching& operator=(const watching&) = delete;

  after_event take(const json::object& frame) {
    const auto type = text_in(frame, "type");
    if (type == "event")
      take_event(frame);
    else if (type == "caught_up")
      caught_up_ = true;
    if (to_)
      to_->on_tick();
    return caught_up_ && has_nothing_to_wait_for() ? after_event::enough : after_event::go_on;
  }

private:
  void take_event(const json::object& frame) {
    const auto told = record_of(frame);
    if (!told)
      return;
    const auto& [record, fact] = told.value();
    const auto is_new = record.position > what_.before;
    if (what_.format == output_format::stream_json && is_new)
      print_json(frame.at("record"));
    if (!fact)
      return;
    note(*fact);
    if (to_ && is_new)
      to_->on_record(record, *fact);
    else if (to_)
      to_->on_earlier(record, *fact);
  }

  void note(const any_fact& happened) {
    if (const auto* asked = std::get_if<run::approval_requested>(&happened))
      open_.emplace(to_string(asked->approval), *asked);
    else if (const auto* decided = std::get_if<run::approval_decided>(&happened))
      open_.erase(to_string(decided->approval));
    else if (std::holds_alternative<run::interrupted>(happened))
      interrupted_ = true;
    else if (std::holds_alternative<run::resumed>(happened))
      interrupted_ = false;
  }

  bool has_nothing_to_wait_for() {
    // A server that starts again interrupts what its end had cut off, and resumes it at once.
    if (interrupted_)
      return stays("interrupted");
    if (open_.empty() || what_.how == at_a_gate::wait)
      return false;
    return what_.how == at_a_gate::leave ? stays("awaiting_approval") : !decide_all();
  }

  /// Whether the run is in that state now too. A server that does not answer will say more when it
  /// is back.
  [[nodiscard]] bool stays(std::string_view state) const {
    const auto now = summary_of(at_, what_.run);
    return now && now.value().state == state;
  }

  /// False where the person wants to leave.
  bool decide_all() {
    while (!open_.empty()) {
      const auto [id, what] = *open_.begin();
      if (to_)
        to_->step_aside();
      const auto answer = ask_about(question_of(what, documents_at(at_)), stop_);
      if (!answer)
        return false;
      const auto told = decide(id, *answer);
      if (!told)
        std::fprintf(stderr, "%s\n", to_string(told.error()).c_str());
      // A server that is away has not heard it. Otherwise somebody else was quicker, or the run is
      // over: the feed says what follows.
      if (told || class_of(told.error().code) != error_class::retryable)
        open_.erase(id);
    }
    return true;
  }

  [[nodiscard]] result<void> decide(const std::string& id, const gate_answer& answer) const {
    json::object body{{"decision", api_name(answer.decision)}};
    if (answer.decision != run::decision_kind::approve)
      body["comment"] = answer.comment;
    TRY(at_.post("/approvals/" + id + "/decision", body));
    return success();
  }

  const remote& at_;
  watched what_;
  std::stop_token stop_;
  std::unique_ptr<progress> to_;
  std::map<std::string, run::approval_requested> open_;
  bool interrupted_ = false;
  bool caught_up_ = false;
};

run_result watch(const settings& with, const remote& at, const watched& what) {
  stop_signals signals;
  const auto failed = [&](const error& why) {
    return run_result{{}, static_cast<int>(report(with, why))};
  };
  {
    watching shown{at, what, signals.token()};
    const auto followed = at.follow(
        "run/" + what.run,
        0,
        [&](const json::object& f) { return shown.take(f); },
        signals.token());
    if (!followed)
      return failed(followed.error());
  }
  if (signals.caught() != 0)
    std::fprintf(stderr,
                 tr("\nthe run goes on under %s; come back: actor-shell attach %s\n"),
                 at.url().c_str(),
                 what.run.c_str());
  const auto ended = summary_of(at, what.run);
  if (!ended)
    return failed(ended.error());
  const auto code = tell_end(ended.value(), what.format, signals.caught());
  const auto& state = ended.value().state;
  const auto left = state == "executing" || state == "awaiting_approval";
  return {ended.value(), left ? code_after(signals.caught(), code) : code};
}

} // namespace

result<inspect::run_summary> summary_from(const json::object& of) {
  inspect::run_summary out;
  TRY(out.run.value, parse_uuid(text_in(of, "run")));
  out.workflow = text_in(of, "workflow");
  out.state = text_in(of, "state");
  out.repo_path = text_in(of, "repository");
  out.base_branch = text_in(of, "base_branch");
  out.branch = text_in(of, "branch");
  out.commit = text_in(of, "commit");
  out.report_path = text_in(of, "report");
  out.code = text_in(of, "code");
  out.message = text_in(of, "message");
  out.started = time_in(of, "started_at");
  out.ended = time_in(of, "ended_at");
  TRY(out.cost, parse_usd(text_in(of, "cost_usd")));
  out.phases_done = number_in<std::size_t>(of, "phases_done");
  out.phases_omitted = number_in<std::size_t>(of, "phases_omitted");
  const auto* phases = of.contains("phases_planned") ? "phases_planned" : "phases"; // of a row
  out.phases = number_in<std::size_t>(of, phases);
  return out;
}

json::object body_of(const run_request& asked) {
  const auto absolute = [](const std::string& path) {
    std::error_code failed;
    const auto whole = std::filesystem::absolute(path, failed).lexically_normal();
    return failed ? path : whole.string();
  };
  const auto is_file =
      asked.workflow.find('/') != std::string::npos || asked.workflow.ends_with(".yaml");
  json::object out{{"workflow", is_file ? absolute(asked.workflow) : asked.workflow},
                   {"repository", absolute(asked.repo)},
                   {"base_branch", asked.base_branch},
                   {"requirements", asked.requirements}};
  if (asked.model)
    out["model"] = *asked.model;
  if (!asked.overrides.empty()) {
    json::object bindings;
    for (const auto& [role, persona] : asked.overrides)
      bindings[role] = persona;
    out["bindings"] = std::move(bindings);
  }
  if (asked.run_cap)
    out["budget_usd"] = to_string(*asked.run_cap).substr(1); // without its `$`
  if (asked.permission_mode)
    out["permission_mode"] = to_string(*asked.permission_mode);
  if (!asked.attended)
    out["approvals"] = "unattended";
  return out;
}

run_result drive_remote(const settings& with,
                        output_format format,
                        const remote& at,
                        const std::string& path,
                        const json::object& body,
                        const mend_refusal& mend) {
  const auto failed = [&](const error& why) {
    return run_result{{}, static_cast<int>(report(with, why))};
  };
  const auto log = at.get("/log");
  if (!log)
    return failed(log.error());
  auto begun = at.post(path, body);
  while (!begun && mend) {
    const auto mended = mend(begun.error());
    if (!mended)
      return failed(mended.error());
    if (!mended.value())
      break;
    begun = at.post(path, body);
  }
  if (!begun)
    return failed(begun.error());
  return watch(with,
               at,
               {text_in(begun.value(), "run"),
                format,
                number_in<std::uint64_t>(log.value(), "head"),
                can_ask() ? at_a_gate::ask : at_a_gate::leave});
}

int watch_remote(const settings& with,
                 output_format format,
                 const remote& at,
                 const std::string& run,
                 at_a_gate how) {
  const auto known = summary_of(at, run);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  return watch(with, at, {to_string(known.value().run), format, 0, how}).code;
}

} // namespace ash::cli
