// What a run wants done after each fact, and what it still owes after a restart.
#include "actors/aggregates/run_parts.hpp"
#include "events/base/match.hpp"

namespace ash::run {
namespace {

effect_request prepare(const live& s) {
  const auto& plan = s.plan;
  return {"workspace:" + to_string(plan.run),
          effect::prepare_workspace{plan.repo_path, plan.base_branch, plan.worktree, plan.branch}};
}

std::string hooks_of_start(const live& s) {
  return "hooks.start:" + to_string(s.plan.run);
}

effect_request ask_hooks(const live& s) {
  return {hooks_of_start(s),
          effect::run_hooks{hook_event::run_start,
                            hooks::for_event(s.plan.tool_bounds.hooks, hook_event::run_start),
                            s.plan.worktree,
                            hooks::about(s.plan)}};
}

effect_request open(const live& s, const phase_progress& phase) {
  const auto& plan = s.plan;
  effect::open_phase what;
  what.phase = phase.phase;
  what.run = plan.run;
  what.key = phase.key;
  what.attempt = phase.attempt;
  what.workflow_json = plan.workflow_json;
  for (const auto& planned : plan.phases)
    for (const auto& b : s.bindings)
      if (planned.key == phase.key && b.role == planned.role)
        what.persona_json = b.persona_json;
  what.requirements = plan.requirements;
  for (const auto& earlier : s.phases)
    if (is_complete(earlier))
      what.earlier.push_back({earlier.key, earlier.report.artifact_path, earlier.report.artifact});
  what.worktree = phase.worktree.empty() ? plan.worktree : phase.worktree;
  what.scopes = plan.scopes;
  what.tool_bounds = plan.tool_bounds;
  what.schemas = plan.schemas;
  what.approval_limit_ms = plan.approval_limit_ms;
  what.on_approval_limit = plan.on_approval_limit;
  what.attended = plan.attended;
  what.repo_path = plan.repo_path;
  what.run_branch = plan.branch;
  what.branch = phase.branch;
  return {"open:" + to_string(phase.phase), std::move(what)};
}

effect_request report(const live& s) {
  const auto outcome = outcome_of(s);
  return {"report:" + to_string(s.plan.run) + ":" + outcome,
          effect::compose_report{s.plan.run, outcome}};
}

effect_request check_condition(const live& s, const planned_phase& of) {
  effect::check_condition what{of.key, of.condition, std::nullopt};
  const auto* read = find_phase(s, of.condition.phase);
  if (read != nullptr && is_complete(*read))
    what.artifact = read->report.artifact;
  return {"condition:" + to_string(s.plan.run) + ":" + of.key, std::move(what)};
}

/// Conditions stand between the run and the phases whose turn it is.
effects ask_conditions(const live& s) {
  effects out;
  if (goes_on(s) && !s.base_commit.empty())
    for (const auto* each : startable(s))
      if (!each->condition.phase.empty())
        out.push_back(check_condition(s, *each));
  return out;
}

effects merge(const live& s) {
  effects out;
  for (const auto& each : s.phases)
    if (is_unmerged(each))
      out.push_back({"merge:" + to_string(each.phase),
                     effect::merge_phase{each.phase,
                                         each.key,
                                         s.plan.repo_path,
                                         s.plan.worktree,
                                         s.plan.branch,
                                         each.worktree,
                                         each.branch,
                                         each.report.artifact_path}});
  return out;
}

effect_request abort_phase(const live& s, const phase_progress& phase) {
  return {"abort:" + to_string(phase.phase),
          effect::send{stream_of(phase.phase),
                       phase::abort{s.message, phase.phase, s.plan.run, phase.key},
                       {}}};
}

effect_request resume_phase(const live& s, const phase_progress& phase) {
  return {"resume:" + to_string(phase.phase) + ":" + std::to_string(s.resumes),
          effect::send{stream_of(phase.phase), turn::resume{}, {}}};
}

/// What a run that is over still owes: an open phase has to stop before the report can tell its
/// cost, and hooks that would have let it begin are not waited for.
effects owed_at_the_end(const live& s) {
  effects owed;
  if (is_at_hooks(s) && !s.report_settled)
    owed.push_back({"cancel:" + to_string(s.plan.run), effect::call_off{hooks_of_start(s)}});
  const auto open = open_phases(s);
  for (const auto* phase : open)
    owed.push_back(abort_phase(s, *phase));
  if (open.empty() && !s.report_settled)
    owed.push_back(report(s));
  return owed;
}

effects owed_while_going(const live& s) {
  if (s.base_commit.empty())
    return {prepare(s)};
  if (is_at_hooks(s))
    return {ask_hooks(s)};
  auto owed = merge(s);
  append(owed, ask_conditions(s));
  for (const auto* phase : open_phases(s)) {
    owed.push_back(open(s, *phase));
    owed.push_back(resume_phase(s, *phase)); // what has begun is loaded by it, and goes on
    for (const auto& a : s.approvals)
      if (a.decision && a.what.phase_key == phase->key)
        append(owed, approvals::tell_asker(a));
  }
  for (const auto& a : s.approvals) // of a sub-agent, which knows no phase
    if (a.decision && a.what.phase_key.empty())
      append(owed, approvals::tell_asker(a));
  if (all_phases_done(s))
    owed.push_back(report(s));
  return owed;
}

/// A phase is done with, one way or another: what that makes possible.
effects after_a_phase(const live& s) {
  if (is_over(s.at))
    return open_phases(s).empty() ? effects{report(s)} : effects{};
  if (s.at == status::executing && all_phases_done(s))
    return {report(s)};
  return ask_conditions(s);
}

} // namespace
} // namespace ash::run

namespace ash {

using namespace run;

effects run_aggregate::react(const state& from, const fact& happened) {
  const auto& s = std::get<live>(from);
  return std::visit(match{
                        [](const created&) { return effects{}; },
                        [](const bound&) { return effects{}; },
                        [&](const started&) { return effects{prepare(s)}; },
                        [&](const workspace_prepared&) {
                          if (is_at_hooks(s) && goes_on(s))
                            return effects{ask_hooks(s)};
                          return ask_conditions(s);
                        },
                        [&](const phase_opened& f) {
                          const auto* phase = open_attempt(s, f.phase);
                          return phase == nullptr ? effects{} : effects{open(s, *phase)};
                        },
                        [&](const phase_closed& f) {
                          auto owed = after_a_phase(s);
                          if (goes_on(s) && f.outcome == phase_outcome::completed)
                            append(owed, merge(s));
                          return owed;
                        },
                        [](const phase_skipped&) { return effects{}; },
                        [](const approval_requested& f) { return approvals::watch(f); },
                        [&](const approval_decided& f) {
                          const auto* of = approvals::find(s.approvals, f.approval);
                          return of == nullptr ? effects{} : approvals::tell_asker(*of);
                        },
                        [](const report_composed&) { return effects{}; },
                        [](const report_failed&) { return effects{}; },
                        [](const completed&) { return effects{}; },
                        [&](const failed&) { return owed_at_the_end(s); },
                        [&](const aborted&) { return owed_at_the_end(s); },
                        [](const interrupted&) { return effects{}; },
                        [&](const resumed&) { return owed_while_going(s); },
                        [&](const phase_omitted&) { return after_a_phase(s); },
                        [&](const phase_merged&) { return after_a_phase(s); },
                        [](const path_granted&) { return effects{}; },
                        [](const path_revoked&) { return effects{}; },
                        [&](const hook_ran& f) {
                          return f.on == hook_event::run_start ? ask_conditions(s) : effects{};
                        },
                    },
                    happened);
}

effects run_aggregate::pending(const state& from) {
  const auto* s = std::get_if<live>(&from);
  if (s == nullptr)
    return {};
  auto owed = approvals::pending(s->approvals);
  if (is_over(s->at))
    append(owed, owed_at_the_end(*s));
  else if (goes_on(*s))
    append(owed, owed_while_going(*s));
  return owed;
}

bool run_aggregate::is_final(const state& from) {
  const auto* s = std::get_if<live>(&from);
  return s != nullptr && is_over(s->at) && s->report_settled && open_phases(*s).empty();
}

} // namespace ash
