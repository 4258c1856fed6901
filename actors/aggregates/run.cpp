#include "actors/aggregates/run_parts.hpp"

#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::run {
namespace {

using facts = std::vector<fact>;

const planned_phase& planned(const live& s, const std::string& key) {
  const auto found = std::find_if(s.plan.phases.begin(),
                                  s.plan.phases.end(),
                                  [&](const planned_phase& p) { return p.key == key; });
  check(found != s.plan.phases.end(), "a phase that is not in the plan");
  return *found;
}

/// The first attempt at a phase keeps the id that it had before there were others.
phase_opened attempt_at(const live& s, const std::string& key, std::int64_t attempt) {
  const auto again = attempt > 1 ? ":" + std::to_string(attempt) : std::string{};
  phase_opened out{key, {derive(s.plan.run.value, "phase:" + key + again)}, attempt};
  if (is_graph(s)) {
    const auto own = "." + key + (attempt > 1 ? "." + std::to_string(attempt) : std::string{});
    out.worktree = s.plan.worktree + own;
    out.branch = s.plan.branch + own;
  }
  return out;
}

/// `happened`, and the phases that can begin then without looking at anything else.
facts and_next(const live& s, facts happened) {
  run::state next{s};
  for (const auto& each : happened)
    next = run_aggregate::evolve(std::move(next), each);
  while (true) {
    const auto& now = std::get<live>(next);
    const auto ready = startable(now);
    const auto plain = std::find_if(
        ready.begin(), ready.end(), [](const auto* p) { return p->condition.phase.empty(); });
    if (plain == ready.end())
      return happened;
    happened.push_back(attempt_at(now, (*plain)->key, 1));
    next = run_aggregate::evolve(std::move(next), happened.back());
  }
}

/// What no further attempt would change: someone has decided, or there is nothing left to spend.
bool is_settled_failure(const std::string& code) {
  for (const auto settled :
       {errc::approval_rejected, errc::approval_rounds_exhausted, errc::budget_exhausted})
    if (code == to_string(settled))
      return true;
  return false;
}

/// A run that is over decides what nobody has decided.
void cancel_approvals(const live& s, facts& happened) {
  approvals::add(happened, approvals::cancel_all(s.approvals, "run", "the run is over"));
}

decision<fact>
end_in_failure(const live& s, facts happened, const error& why, std::string phase_key) {
  cancel_approvals(s, happened);
  happened.push_back(failed{std::string{to_string(why.code)}, why.message, std::move(phase_key)});
  return happened;
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
  return s.at == status::executing ? and_next(s, std::move(happened)) : happened;
}

decision<fact> on(const live& s, const hooks_ran& c) {
  facts happened{c.results.begin(), c.results.end()};
  if (c.on != hook_event::run_start)
    return happened;
  if (s.start_hooked)
    return facts{};
  const auto* by = hooks::blocked_by(c.results);
  if (by != nullptr && !is_over(s.at))
    return end_in_failure(s, std::move(happened), hooks::refusal_of(*by), {});
  return goes_on(s) ? and_next(s, std::move(happened)) : happened;
}

decision<fact> on(const live& s, const workspace_failed& c) {
  if (is_over(s.at))
    return facts{};
  return end_in_failure(s, {}, c.why, {});
}

decision<fact> on(const live& s, const phase_unstartable& c) {
  const auto* open = open_attempt(s, c.phase);
  if (open == nullptr)
    return facts{};
  phase_closed closed;
  closed.key = open->key;
  closed.phase = open->phase;
  closed.outcome = phase_outcome::failed;
  closed.code = to_string(c.why.code);
  closed.message = c.why.message;
  if (is_over(s.at)) // aborted meanwhile: the report waits for nothing but this
    return facts{std::move(closed)};
  return end_in_failure(s, {std::move(closed)}, c.why, open->key);
}

decision<fact> on(const live& s, const phase_reported& c) {
  const auto* open = open_attempt(s, c.what.phase);
  if (open == nullptr)
    return facts{};
  facts happened{c.what};
  if (is_over(s.at))
    return happened;
  switch (c.what.outcome) {
  case phase_outcome::failed:
    if (open->attempt <= planned(s, open->key).retries && goes_on(s) &&
        !is_settled_failure(c.what.code)) {
      happened.push_back(attempt_at(s, open->key, open->attempt + 1));
      return happened;
    }
    return end_in_failure(
        s, std::move(happened), refuse(errc_from(c.what.code).code, c.what.message), c.what.key);
  case phase_outcome::aborted:
    cancel_approvals(s, happened);
    happened.push_back(aborted{c.what.message, "phase " + c.what.key});
    return happened;
  case phase_outcome::completed:
    return goes_on(s) ? and_next(s, std::move(happened)) : happened;
  }
  return happened;
}

decision<fact> on(const live& s, const condition_checked& c) {
  const auto ready = startable(s);
  const auto waits =
      std::any_of(ready.begin(), ready.end(), [&](const auto* p) { return p->key == c.key; });
  if (!goes_on(s) || !waits)
    return facts{};
  if (c.why)
    return end_in_failure(s, {}, *c.why, c.key);
  if (c.holds)
    return facts{attempt_at(s, c.key, 1)};
  return and_next(s, {phase_omitted{c.key, c.reason}});
}

decision<fact> on(const live& s, const phase_merged_in& c) {
  const auto* phase = find_unmerged(s, c.phase);
  if (phase == nullptr)
    return facts{};
  facts happened{phase_merged{phase->key, phase->phase, c.commit}};
  return goes_on(s) ? and_next(s, std::move(happened)) : happened;
}

decision<fact> on(const live& s, const phase_unmergeable& c) {
  const auto* phase = find_unmerged(s, c.phase);
  if (phase == nullptr || is_over(s.at))
    return facts{};
  return end_in_failure(s, {}, c.why, phase->key);
}

// Without a phase it comes from a sub-agent: whichever phase waits for that is blocked too.
decision<fact> on(const live& s, const phase_blocked& c) {
  const auto known = c.phase.is_nil() || open_attempt(s, c.phase) != nullptr;
  if (!goes_on(s) || !known) // while someone thinks about another's approval too
    return facts{};
  return facts{interrupted{interruption::budget, c.why.message}};
}

decision<fact> on(const live& s, const request_approval& c, instant now) {
  if (is_over(s.at))
    return is_terminal(s);
  TRY(auto asked,
      approvals::request(s.approvals,
                         c,
                         {s.plan.attended, s.plan.approval_limit_ms, s.plan.on_approval_limit},
                         now));
  facts happened;
  approvals::add(happened, std::move(asked));
  return happened;
}

/// An abort of anything but an artifact ends the run here; a phase ends itself and then its run.
facts follow_decision(const live& s, approvals::facts settled) {
  facts happened;
  approvals::add(happened, std::move(settled));
  if (happened.empty())
    return happened;
  const auto decided = std::get<approval_decided>(happened.front());
  const auto* asked = approvals::find(s.approvals, decided.approval);
  if (decided.decision != decision_kind::abort || asked->what.kind == approval_kind::artifact)
    return happened;
  auto others = s;
  approvals::keep(others.approvals, decided);
  cancel_approvals(others, happened);
  happened.push_back(aborted{decided.comment.empty()
                                 ? "aborted at the approval of " + asked->what.subject
                                 : decided.comment,
                             decided.by});
  return happened;
}

decision<fact> on(const live& s, const decide_approval& c) {
  TRY(auto settled, approvals::decide(s.approvals, c));
  return follow_decision(s, std::move(settled));
}

decision<fact> on(const live& s, const approval_due& c) {
  return follow_decision(s, approvals::due(s.approvals, c));
}

decision<fact> on(const live& s, const withdraw_approval& c) {
  return follow_decision(s, approvals::withdraw(s.approvals, c));
}

decision<fact> on(const live& s, const grant_path& c) {
  if (is_over(s.at))
    return is_terminal(s);
  return facts{path_granted{c.path, c.by}};
}

decision<fact> on(const live& s, const revoke_path& c) {
  if (is_over(s.at))
    return is_terminal(s);
  return facts{path_revoked{c.path, c.by}};
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
    if (is_complete(phase))
      happened.push_back(phase_skipped{phase.key, phase.phase});
  return s.base_commit.empty() ? happened : and_next(s, std::move(happened));
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

} // namespace
} // namespace ash::run

namespace ash {

using namespace run;

decision<run::fact> run_aggregate::decide(const state& s, const command& what, instant now) {
  return std::visit(
      [&](const auto& in, const auto& c) {
        if constexpr (requires { on(in, c, now); })
          return on(in, c, now);
        else
          return on(in, c);
      },
      s,
      what);
}

} // namespace ash
