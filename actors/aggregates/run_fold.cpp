#include "actors/aggregates/run.hpp"

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

void close_phase(live& s, const phase_closed& f) {
  check(!s.phases.empty() && s.phases.back().phase == f.phase, "a phase closed that was not open");
  s.phases.back().closed = true;
  s.phases.back().report = f;
}

bool has_undecided(const live& s) {
  return std::any_of(
      s.approvals.begin(), s.approvals.end(), [](const approval& a) { return !a.decision; });
}

void decide_approval_of(live& s, const approval_decided& f) {
  for (auto& a : s.approvals)
    if (a.what.approval == f.approval)
      a.decision = f;
  if (s.at == status::awaiting_approval && !has_undecided(s))
    s.at = status::executing;
}

} // namespace
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
                   existing(from).phases.push_back({f.key, f.phase, f.attempt, false, {}});
                 },
                 [&](const phase_closed& f) { close_phase(existing(from), f); },
                 [](const phase_skipped&) {},
                 [&](const approval_requested& f) {
                   auto& s = existing(from);
                   s.approvals.push_back({f, {}});
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
                   const auto waits = has_undecided(existing(from));
                   end(waits ? status::awaiting_approval : status::executing, {}, {});
                   ++existing(from).resumes;
                 },
                 [](const phase_omitted&) {},
                 [](const phase_merged&) {},
                 [](const path_granted&) {},
                 [](const path_revoked&) {},
                 [](const run::hook_ran&) {},
             },
             happened);
  return from;
}

} // namespace ash
