#include "cli/progress.hpp"

#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/match.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"

#include <chrono>
#include <cstdio>

namespace ash::cli {
namespace {

using ash::to_string;
using std::to_string;

std::string money_and_tokens(const token_usage& usage, usd cost) {
  const auto in = show_count(usage.input);
  const auto out = show_count(usage.output);
  return usage.estimated ? tr("{} in, {} out, {} (estimated)", in, out, to_string(cost))
                         : tr("{} in, {} out, {}", in, out, to_string(cost));
}

class plain_lines final : public progress {
public:
  void on_earlier(const log::record& from, const any_fact& happened) override {
    picture_.add(from.stream, happened, from.at);
  }

  void on_record(const log::record& from, const any_fact& happened) override {
    picture_.add(from.stream, happened, from.at);
    const auto text = describe(happened);
    if (text.empty())
      return;
    const auto elapsed = show_duration(from.at - picture_.started);
    std::fprintf(stderr, "%9s  %s\n", elapsed.c_str(), text.c_str());
  }

private:
  run_picture picture_;
};

} // namespace

run_picture::phase_line* run_picture::line(std::string_view key) {
  for (auto& known : phases)
    if (known.key == key)
      return &known;
  return nullptr;
}

void run_picture::add_run_fact(const any_fact& happened, instant at) {
  std::visit(match{
                 [&](const run::created& f) {
                   started = at;
                   for (const auto& planned : f.phases)
                     phases.push_back({planned.key, "waiting", {}, 0});
                 },
                 [&](const run::workspace_prepared&) { state = "executing"; },
                 [&](const run::phase_opened& f) {
                   keys_[stream_of(f.phase)] = f.key;
                   if (auto* opened = line(f.key))
                     opened->state = "running";
                 },
                 [&](const run::phase_closed& f) {
                   if (auto* closed = line(f.key)) {
                     closed->state = f.outcome == run::phase_outcome::completed ? "completed"
                                     : f.outcome == run::phase_outcome::failed  ? "failed"
                                                                                : "aborted";
                     closed->doing.clear();
                   }
                 },
                 [&](const run::phase_omitted& f) {
                   if (auto* omitted = line(f.key))
                     omitted->state = "left out";
                 },
                 [&](const run::completed&) { state = "completed"; },
                 [&](const run::failed&) { state = "failed"; },
                 [&](const run::aborted&) { state = "aborted"; },
                 [&](const run::interrupted&) { state = "interrupted"; },
                 [&](const run::resumed&) { state = "executing"; },
                 [](const auto&) {}, // not the run's own
             },
             happened);
}

/// A sub-agent works for the phase that its asker works for.
void run_picture::follow(const stream_id& from, const any_fact& happened) {
  const auto works_with = [&](const stream_id& asker) {
    if (const auto of = keys_.find(asker); of != keys_.end())
      keys_[from] = of->second;
  };
  if (const auto* asked = std::get_if<tool_call::requested>(&happened))
    works_with(asked->owner);
  if (const auto* child = std::get_if<session::created>(&happened))
    works_with(stream_of(child->asked_by));
}

void run_picture::add(const stream_id& from, const any_fact& happened, instant at) {
  latest = at;
  add_run_fact(happened, at);
  follow(from, happened);
  const auto on_current = [&](auto&& change) {
    if (const auto key = keys_.find(from); key != keys_.end())
      if (auto* at_work = line(key->second))
        change(*at_work);
  };
  const auto doing = [&](std::string what) {
    on_current([&](phase_line& l) { l.doing = std::move(what); });
  };
  const auto spend = [&](const token_usage& used, usd paid) {
    usage.input += used.input;
    usage.output += used.output;
    usage.estimated = usage.estimated || used.estimated;
    cost += paid;
  };
  const auto of_phase = from.kind() == entity_kind::phase;
  std::visit(
      match{
          [&](const session::created& f) { doing(tr("asks {}", f.agent->persona)); },
          [&](const session::ended& f) {
            doing(f.code.empty() ? std::string{tr("the sub-agent is done")}
                                 : tr("the sub-agent failed: {}", f.code));
          },
          [&](const turn::step_started& f) {
            if (of_phase)
              on_current([&](phase_line& l) { l.step = f.step; });
          },
          [&](const turn::call_requested& f) { doing(tr("asking {}", f.model)); },
          [&](const turn::call_delta&) { doing(tr("the model answers")); },
          [&](const turn::call_completed& f) { spend(f.usage, f.cost); },
          [&](const turn::call_failed& f) { spend(f.usage, f.cost); },
          [&](const turn::call_lost& f) { cost += f.cost; },
          [&](const turn::call_retried& f) {
            doing(tr("waits {} to ask again", show_duration(f.wait_ms * us_per_ms)));
          },
          [&](const turn::tool_called& f) { doing(f.request.name + " " + f.request.arguments); },
          [&](const turn::completed&) {
            if (of_phase)
              doing(tr("checking the artifact"));
          },
          [](const auto&) {}, // a picture, not a projection: the rest has no place in it
      },
      happened);
}

namespace {

/// Of a run, its phases and its sub-agents.
std::string describe_work(const any_fact& happened) {
  return std::visit(
      match{
          [](const run::created& f) {
            return tr("run {} of {} in {} ({})",
                      to_string(f.run),
                      f.workflow,
                      f.repo_path,
                      f.base_branch);
          },
          [](const run::workspace_prepared& f) {
            return tr("worktree ready, branch {}", f.branch);
          },
          [](const run::phase_opened& f) { return tr("phase {} begins", f.key); },
          [](const run::phase_closed& f) {
            const auto spent = money_and_tokens(f.usage, f.cost);
            return f.outcome == run::phase_outcome::completed
                       ? tr("phase {} completed: {} ({})", f.key, f.artifact_path, spent)
                       : tr("phase {} ended: {} ({})", f.key, f.message, spent);
          },
          [](const run::phase_skipped& f) { return tr("phase {} is complete already", f.key); },
          [](const run::phase_omitted& f) {
            return tr("phase {} is left out: {}", f.key, f.reason);
          },
          [](const run::phase_merged& f) { return tr("phase {} is merged", f.key); },
          [](const session::created& f) {
            return f.depth > 1 ? tr("sub-agent {} begins, {} deep", f.agent->persona, f.depth)
                               : tr("sub-agent {} begins", f.agent->persona);
          },
          [](const session::ended& f) {
            return f.code.empty() ? tr("sub-agent is done: {}", fit(f.result, 90))
                                  : tr("sub-agent ended: {}: {}", f.code, fit(f.reason, 90));
          },
          [](const run::approval_requested& f) { return tr("approval wanted for {}", f.subject); },
          [](const budget::warned& f) {
            return tr("budget warning: {} committed, the threshold is {}",
                      to_string(f.committed),
                      to_string(f.threshold));
          },
          [](const run::report_composed& f) { return tr("report {}", f.markdown_path); },
          [](const run::report_failed& f) { return tr("no report: {}", f.message); },
          [](const run::completed&) { return std::string{tr("run completed")}; },
          [](const run::failed& f) { return tr("run failed: {}: {}", f.code, f.message); },
          [](const run::aborted& f) { return tr("run aborted: {}", f.reason); },
          [](const run::interrupted& f) { return tr("run interrupted: {}", f.message); },
          [](const run::resumed& f) { return tr("run resumed by {}", f.by); },
          [](const run::hook_ran& f) {
            if (f.exit_code == 0 && !f.timed_out)
              return std::string{};
            const auto command = fit(f.command, 40);
            const auto what = f.blocked     ? tr("hook {} blocked it", command)
                              : f.timed_out ? tr("hook {} ran out of time", command)
                                            : tr("hook {} failed with {}", command, f.exit_code);
            return f.message.empty() ? what : what + ": " + fit(f.message, 90);
          },
          [](const auto&) { return std::string{}; },
      },
      happened);
}

/// Of turns and what they leave.
std::string describe_turn(const any_fact& happened) {
  return std::visit(
      match{
          [](const turn::call_failed& f) {
            return tr("model call failed: {}: {}", f.code, f.message);
          },
          [](const turn::call_refused& f) {
            return tr("model call refused: {}: {}", f.code, f.message);
          },
          [](const turn::call_lost&) {
            return std::string{
                tr("a model call was in flight when the process ended; it is paid for and "
                   "made again")};
          },
          [](const turn::call_retried& f) {
            return tr("asking again in {}", show_duration(f.wait_ms * us_per_ms));
          },
          [](const turn::model_fell_back& f) {
            return tr("falling back from {} to {}", f.from, f.to);
          },
          [](const turn::tool_called& f) {
            return tr("tool {}", fit(f.request.name + " " + f.request.arguments, 90));
          },
          [](const turn::tool_answered& f) {
            return f.answer == turn::tool_answer::completed
                       ? std::string{}
                       : tr("tool answered {}: {}", f.code, fit(f.text, 90));
          },
          [](const tool_call::reviewed& f) {
            if (!f.approval.is_nil()) // a person's decision has a line of its own
              return std::string{};
            const auto reason = fit(f.reason, 90);
            return f.verdict == tool_call::review_verdict::approved
                       ? tr("{} approved it: {}", f.by, reason)
                       : tr("{} denied it: {}", f.by, reason);
          },
          [](const turn::loop_detected&) {
            return std::string{tr("the model goes in circles: stopped")};
          },
          [](const phase::artifact_validated& f) { return tr("artifact {} is valid", f.path); },
          [](const phase::artifact_rejected& f) {
            return tr("artifact {} rejected: {}, {} finding(s)", f.path, f.code, f.findings.size());
          },
          [](const phase::repair_requested&) {
            return std::string{tr("asking the model to repair it")};
          },
          [](const auto&) { return std::string{}; },
      },
      happened);
}

} // namespace

std::string describe(const any_fact& happened) {
  // What a model or a provider says must not command the terminal.
  const auto line = describe_work(happened);
  return printable(to_valid_utf8(line.empty() ? describe_turn(happened) : line));
}

std::unique_ptr<progress> make_plain_lines() {
  return std::make_unique<plain_lines>();
}
run_watcher::run_watcher(log::event_log& from,
                         run_id run,
                         std::uint64_t earlier,
                         std::unique_ptr<progress> to)
    : log_{from}, root_{stream_of(run)}, earlier_{earlier}, to_{std::move(to)} {
  listening_ = log_.on_commit([this](std::uint64_t) {
    {
      const std::lock_guard lock{mutex_};
      news_ = true;
    }
    wake_.notify_one();
  });
  thread_ = std::thread{[this] { watch(); }};
}

run_watcher::~run_watcher() {
  listening_.reset();
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  to_->finish();
}

void run_watcher::watch() {
  constexpr std::chrono::milliseconds tick{200};
  for (auto ending = false; !ending;) {
    bool news = false;
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, tick, [&] { return news_ || ending_; });
      ending = ending_;
      news = std::exchange(news_, false);
    }
    if (news || ending)
      show_new();
    to_->on_tick();
  }
}

void run_watcher::show_new() {
  while (true) {
    const auto read = log_.read_root(root_, after_);
    if (!read) {
      std::fprintf(stderr, "actor-shell: %s\n", to_string(read.error()).c_str());
      return;
    }
    if (read.value().empty())
      return;
    for (const auto& record : read.value()) {
      after_ = record.position;
      if (record.pruned)
        continue;
      const auto fact = codec::decode(record.type, record.schema_version, record.payload);
      if (!fact)
        continue;
      if (record.position <= earlier_)
        to_->on_earlier(record, fact.value());
      else
        to_->on_record(record, fact.value());
    }
  }
}

} // namespace ash::cli
