#include "actors/aggregates/run.hpp"

#include "events/base/match.hpp"

#include <algorithm>

namespace ash::run {
namespace {

using facts = std::vector<fact>;

const phase_progress* open_phase(const live& s) {
  return s.phases.empty() || s.phases.back().closed ? nullptr : &s.phases.back();
}

bool all_phases_done(const live& s) {
  return s.phases.size() == s.plan.phases.size() && open_phase(s) == nullptr;
}

phase_opened next_phase(const live& s) {
  const auto& planned = s.plan.phases.at(s.phases.size());
  return {planned.key, {derive(s.plan.run.value, "phase:" + planned.key)}, 1};
}

/// A run that is over decides what nobody has decided.
void cancel_approvals(const live& s, facts& happened) {
  for (const auto& a : s.approvals)
    if (!a.decision)
      happened.push_back(
          approval_decided{a.what.approval, decision_kind::cancel, "run", "the run is over"});
}

decision<fact>
end_in_failure(const live& s, facts happened, const error& why, std::string phase_key) {
  cancel_approvals(s, happened);
  happened.push_back(failed{std::string{to_string(why.code)}, why.message, std::move(phase_key)});
  return happened;
}

/// How the run ends, as things stand: what its report tells.
std::string outcome_of(const live& s) {
  return s.at == status::failed ? "failed" : s.at == status::aborted ? "aborted" : "completed";
}

error is_terminal(const live& s) {
  return refuse(errc::run_already_terminal,
                "the run " + to_string(s.plan.run) + " is over; start a new one");
}

// -- commands -------------------------------------------------------------------------------------

decision<fact> on(const absent&, const start& c) {
  if (c.what.phases.empty())
    return refuse(errc::definition_invalid, "the workflow " + c.what.workflow + " has no phases");
  for (const auto& phase : c.what.phases)
    if (std::none_of(c.bindings.begin(), c.bindings.end(), [&](const binding& b) {
          return b.role == phase.role;
        }))
      return refuse(errc::run_metadata_missing,
                    "no persona is bound to the role '" + phase.role + "'");
  return facts{c.what, bound{c.bindings}, started{c.what.run}};
}

decision<fact> on(const live&, const start&) {
  return facts{};
}

decision<fact> on(const live& s, const workspace_ready& c) {
  if (is_over(s.at) || !s.base_commit.empty())
    return facts{};
  facts happened{workspace_prepared{c.worktree, c.branch, c.base_commit}};
  if (s.at == status::executing)
    happened.push_back(next_phase(s));
  return happened;
}

decision<fact> on(const live& s, const workspace_failed& c) {
  if (is_over(s.at))
    return facts{};
  return end_in_failure(s, {}, c.why, {});
}

decision<fact> on(const live& s, const phase_unstartable& c) {
  const auto* open = open_phase(s);
  if (open == nullptr || open->phase != c.phase)
    return facts{};
  phase_closed closed;
  closed.key = open->key;
  closed.phase = open->phase;
  closed.outcome = phase_outcome::failed;
  closed.code = to_string(c.why.code);
  closed.message = c.why.message;
  const auto key = open->key;
  if (is_over(s.at)) // aborted meanwhile: the report waits for nothing but this
    return facts{std::move(closed)};
  return end_in_failure(s, {std::move(closed)}, c.why, key);
}

decision<fact> on(const live& s, const phase_reported& c) {
  const auto* open = open_phase(s);
  if (open == nullptr || open->phase != c.what.phase)
    return facts{};
  facts happened{c.what};
  if (is_over(s.at))
    return happened;
  switch (c.what.outcome) {
  case phase_outcome::failed:
    return end_in_failure(
        s, std::move(happened), refuse(errc_from(c.what.code).code, c.what.message), c.what.key);
  case phase_outcome::aborted:
    cancel_approvals(s, happened);
    happened.push_back(aborted{c.what.message, "phase " + c.what.key});
    return happened;
  case phase_outcome::completed:
    if (s.at != status::interrupted && s.phases.size() < s.plan.phases.size())
      happened.push_back(next_phase(s));
    return happened;
  }
  return happened;
}

decision<fact> on(const live& s, const phase_blocked& c) {
  const auto* open = open_phase(s);
  if (s.at != status::executing || open == nullptr || open->phase != c.phase)
    return facts{};
  return facts{interrupted{interruption::budget, c.why.message}};
}

decision<fact> on(const live& s, const request_approval& c) {
  if (is_over(s.at))
    return is_terminal(s);
  for (const auto& known : s.approvals)
    if (known.what.approval == c.what.approval)
      return facts{};
  return facts{c.what};
}

decision<fact> on(const live& s, const decide_approval& c) {
  const auto found = std::find_if(s.approvals.begin(), s.approvals.end(), [&](const auto& a) {
    return a.what.approval == c.approval;
  });
  if (found == s.approvals.end())
    return refuse(errc::approval_not_found, "there is no approval " + to_string(c.approval));
  if (found->decision)
    return refuse(errc::approval_already_decided,
                  "the approval " + to_string(c.approval) + " has been decided already");
  return facts{approval_decided{c.approval, c.decision, c.by, c.comment}};
}

decision<fact> on(const live& s, const approval_due& c) {
  for (const auto& known : s.approvals)
    if (known.what.approval == c.approval && !known.decision)
      return facts{approval_decided{
          c.approval, decision_kind::reject, "time-out", "nobody decided in time"}};
  return facts{};
}

decision<fact> on(const live& s, const report_ready& c) {
  if (s.report_settled || c.outcome != outcome_of(s))
    return facts{};
  facts happened{c.what};
  if (!is_over(s.at))
    happened.push_back(completed{s.plan.run});
  return happened;
}

decision<fact> on(const live& s, const report_lost& c) {
  if (s.report_settled || c.outcome != outcome_of(s))
    return facts{};
  // Without its work saved the run is not complete; the worktree still holds it.
  if (!is_over(s.at) && c.why.code != errc::report_write_failed)
    return end_in_failure(s, {}, c.why, {});
  facts happened{report_failed{std::string{to_string(c.why.code)}, c.why.message}};
  if (!is_over(s.at))
    happened.push_back(completed{s.plan.run});
  return happened;
}

decision<fact> on(const live& s, const interrupt& c) {
  if (s.at != status::executing)
    return facts{};
  return facts{interrupted{c.cause, c.message}};
}

decision<fact> on(const live& s, const resume& c) {
  if (is_over(s.at))
    return is_terminal(s);
  if (s.at != status::interrupted)
    return facts{};
  facts happened{resumed{c.by}};
  for (const auto& phase : s.phases)
    if (phase.closed)
      happened.push_back(phase_skipped{phase.key, phase.phase});
  if (!s.base_commit.empty() && open_phase(s) == nullptr && s.phases.size() < s.plan.phases.size())
    happened.push_back(next_phase(s));
  return happened;
}

decision<fact> on(const live& s, const abort& c) {
  if (is_over(s.at))
    return is_terminal(s);
  facts happened;
  cancel_approvals(s, happened);
  happened.push_back(aborted{c.reason, c.by});
  return happened;
}

decision<fact> on(const absent&, const auto&) {
  return refuse(errc::run_not_found, "the run does not exist");
}

// -- effects --------------------------------------------------------------------------------------

effect_request prepare(const live& s) {
  const auto& plan = s.plan;
  return {"workspace:" + to_string(plan.run),
          effect::prepare_workspace{plan.repo_path, plan.base_branch, plan.worktree, plan.branch}};
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
    if (earlier.closed)
      what.earlier.push_back({earlier.key, earlier.report.artifact_path, earlier.report.artifact});
  what.worktree = plan.worktree;
  what.scopes = plan.scopes;
  what.tool_bounds = plan.tool_bounds;
  return {"open:" + to_string(phase.phase), std::move(what)};
}

effect_request report(const live& s) {
  const auto outcome = outcome_of(s);
  return {"report:" + to_string(s.plan.run) + ":" + outcome,
          effect::compose_report{s.plan.run, outcome}};
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

effect_request expire(const approval_requested& what) {
  return {"expire:" + to_string(what.approval),
          effect::tell_self{what.expires, approval_due{what.approval}}};
}

/// Tells the asker what was decided; a cancelled approval has nobody left to tell.
effects on_decision(const approval& a) {
  const auto& f = *a.decision;
  if (f.decision == decision_kind::cancel)
    return {};
  return {{"decided:" + to_string(f.approval),
           effect::send{a.what.asker,
                        phase::approval_settled{f.approval, f.decision, f.by, f.comment},
                        {}}}};
}

/// What a run that is over still owes: an open phase has to stop before the report can tell its
/// cost.
effects owed_at_the_end(const live& s) {
  if (const auto* phase = open_phase(s))
    return {abort_phase(s, *phase)};
  return s.report_settled ? effects{} : effects{report(s)};
}

effects owed_while_executing(const live& s) {
  if (s.base_commit.empty())
    return {prepare(s)};
  if (const auto* phase = open_phase(s)) {
    effects owed{open(s, *phase)};
    if (s.resumes > 0)
      owed.push_back(resume_phase(s, *phase));
    for (const auto& a : s.approvals)
      if (a.decision && a.what.phase_key == phase->key)
        append(owed, on_decision(a));
    return owed;
  }
  return all_phases_done(s) ? effects{report(s)} : effects{};
}

} // namespace
} // namespace ash::run

namespace ash {

using namespace run;

decision<run::fact> run_aggregate::decide(const state& s, const command& what, instant) {
  return std::visit([&](const auto& in, const auto& c) { return on(in, c); }, s, what);
}

effects run_aggregate::react(const state& from, const fact& happened) {
  const auto& s = std::get<live>(from);
  return std::visit(match{
                        [](const created&) { return effects{}; },
                        [](const bound&) { return effects{}; },
                        [&](const started&) { return effects{prepare(s)}; },
                        [](const workspace_prepared&) { return effects{}; },
                        [&](const phase_opened&) { return effects{open(s, s.phases.back())}; },
                        [&](const phase_closed& f) {
                          const auto done = s.at == status::executing && all_phases_done(s) &&
                                            f.outcome == phase_outcome::completed;
                          return done || is_over(s.at) ? effects{report(s)} : effects{};
                        },
                        [](const phase_skipped&) { return effects{}; },
                        [](const approval_requested& f) {
                          return f.expires.us > 0 ? effects{expire(f)} : effects{};
                        },
                        [&](const approval_decided& f) {
                          for (const auto& a : s.approvals)
                            if (a.what.approval == f.approval)
                              return on_decision(a);
                          return effects{};
                        },
                        [](const report_composed&) { return effects{}; },
                        [](const report_failed&) { return effects{}; },
                        [](const completed&) { return effects{}; },
                        [&](const failed&) { return owed_at_the_end(s); },
                        [&](const aborted&) { return owed_at_the_end(s); },
                        [](const interrupted&) { return effects{}; },
                        [&](const resumed&) { return owed_while_executing(s); },
                        [](const phase_omitted&) { return effects{}; },
                        [](const phase_merged&) { return effects{}; },
                        [](const path_granted&) { return effects{}; },
                        [](const path_revoked&) { return effects{}; },
                        [](const run::hook_ran&) { return effects{}; },
                    },
                    happened);
}

effects run_aggregate::pending(const state& from) {
  const auto* s = std::get_if<live>(&from);
  if (s == nullptr)
    return {};
  effects owed;
  for (const auto& a : s->approvals)
    if (!a.decision && a.what.expires.us > 0)
      owed.push_back(expire(a.what));
  if (is_over(s->at))
    append(owed, owed_at_the_end(*s));
  else if (s->at == status::executing)
    append(owed, owed_while_executing(*s));
  return owed;
}

bool run_aggregate::is_final(const state& from) {
  const auto* s = std::get_if<live>(&from);
  return s != nullptr && is_over(s->at) && s->report_settled && open_phase(*s) == nullptr;
}

} // namespace ash
