#include "actors/aggregates/run_parts.hpp"

#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::run {
namespace {

live& existing(state& s) {
  auto* in = std::get_if<live>(&s);
  check(in != nullptr, "a fact of a run that was not created");
  return *in;
}

phase_progress& attempt_of(live& s, const phase_id& phase) {
  const auto found = std::find_if(
      s.phases.begin(), s.phases.end(), [&](const phase_progress& p) { return p.phase == phase; });
  check(found != s.phases.end(), "a fact of a phase that was not opened");
  return *found;
}

void close_phase(live& s, const phase_closed& f) {
  auto& phase = attempt_of(s, f.phase);
  check(!phase.closed, "a phase closed that was not open");
  phase.closed = true;
  phase.report = f;
}

bool is_omitted(const live& s, const std::string& key) {
  return std::find(s.omitted.begin(), s.omitted.end(), key) != s.omitted.end();
}

bool is_done(const live& s, const std::string& key) {
  const auto* phase = find_phase(s, key);
  return is_omitted(s, key) || (phase != nullptr && is_complete(*phase) && !is_unmerged(*phase));
}

bool is_begun(const live& s, const std::string& key) {
  return find_phase(s, key) != nullptr || is_omitted(s, key);
}

void decide_approval_of(live& s, const approval_decided& f) {
  approvals::keep(s.approvals, f);
  if (s.at == status::awaiting_approval && !approvals::has_undecided(s.approvals))
    s.at = status::executing;
}

} // namespace

const phase_progress* find_phase(const live& s, const std::string& key) {
  const auto found =
      std::find_if(s.phases.rbegin(), s.phases.rend(), [&](const auto& p) { return p.key == key; });
  return found == s.phases.rend() ? nullptr : &*found;
}

std::vector<const phase_progress*> open_phases(const live& s) {
  std::vector<const phase_progress*> out;
  for (const auto& each : s.phases)
    if (!each.closed)
      out.push_back(&each);
  return out;
}

std::vector<const planned_phase*> startable(const live& s) {
  if (is_at_hooks(s))
    return {};
  const auto under_way = static_cast<std::int64_t>(open_phases(s).size());
  auto room = std::max<std::int64_t>(s.plan.parallel, 1) - under_way;
  std::vector<const planned_phase*> out;
  auto all_done = true; // of the phases before, which one that works alone waits for
  for (const auto& each : s.plan.phases) {
    const auto ready = is_graph(s) ? std::all_of(each.needs.begin(),
                                                 each.needs.end(),
                                                 [&](const auto& key) { return is_done(s, key); })
                                   : all_done;
    if (ready && room > 0 && !is_begun(s, each.key)) {
      out.push_back(&each);
      --room;
    }
    all_done = all_done && is_done(s, each.key);
  }
  return out;
}

bool all_phases_done(const live& s) {
  return std::all_of(s.plan.phases.begin(), s.plan.phases.end(), [&](const planned_phase& p) {
    return is_done(s, p.key);
  });
}

} // namespace ash::run

namespace ash {

using namespace run;

run::state run_aggregate::evolve(state from, const fact& happened) {
  const auto end = [&](status at, const std::string& code, const std::string& message) {
    auto& s = existing(from);
    s.at = at;
    s.code = code;
    s.message = message;
  };
  std::visit(match{
                 [&](const created& f) {
                   live begun;
                   begun.plan = f;
                   from = std::move(begun);
                 },
                 [&](const bound& f) { existing(from).bindings = f.bindings; },
                 [](const started&) {},
                 [&](const workspace_prepared& f) { existing(from).base_commit = f.base_commit; },
                 [&](const phase_opened& f) {
                   existing(from).phases.push_back(
                       {f.key, f.phase, f.attempt, false, {}, f.worktree, f.branch, false});
                 },
                 [&](const phase_closed& f) { close_phase(existing(from), f); },
                 [](const phase_skipped&) {},
                 [&](const approval_requested& f) {
                   auto& s = existing(from);
                   approvals::keep(s.approvals, f);
                   if (s.at == status::executing)
                     s.at = status::awaiting_approval;
                 },
                 [&](const approval_decided& f) { decide_approval_of(existing(from), f); },
                 [&](const report_composed& f) {
                   existing(from).report = f;
                   existing(from).report_settled = true;
                 },
                 [&](const report_failed&) { existing(from).report_settled = true; },
                 [&](const completed&) { end(status::completed, {}, {}); },
                 [&](const failed& f) { end(status::failed, f.code, f.message); },
                 [&](const aborted& f) { end(status::aborted, {}, f.reason); },
                 [&](const interrupted& f) { end(status::interrupted, {}, f.message); },
                 [&](const resumed&) {
                   const auto waits = approvals::has_undecided(existing(from).approvals);
                   end(waits ? status::awaiting_approval : status::executing, {}, {});
                   ++existing(from).resumes;
                 },
                 [&](const phase_omitted& f) { existing(from).omitted.push_back(f.key); },
                 [&](const phase_merged& f) { attempt_of(existing(from), f.phase).merged = true; },
                 [](const path_granted&) {},
                 [](const path_revoked&) {},
                 [&](const run::hook_ran& f) {
                   if (f.on == hook_event::run_start)
                     existing(from).start_hooked = true;
                 },
             },
             happened);
  return from;
}

} // namespace ash
