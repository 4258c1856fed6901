#include "actors/aggregates/approvals.hpp"

#include "events/base/match.hpp"

#include <algorithm>

namespace ash::approvals {
namespace {

bool is_open(const run::approval* a) {
  return a != nullptr && !a->decision;
}

any_command answer_for(const run::approval& a) {
  const auto& f = *a.decision;
  if (a.what.asker.kind() == entity_kind::tool_call) {
    const auto approved = f.decision == run::decision_kind::approve;
    return tool_call::review{approved ? tool_call::review_verdict::approved
                                      : tool_call::review_verdict::denied,
                             f.by,
                             f.comment,
                             f.approval};
  }
  if (a.what.kind == run::approval_kind::budget)
    return turn::approval_answered{f.approval, f.decision, f.by, f.comment};
  return phase::approval_settled{f.approval, f.decision, f.by, f.comment};
}

} // namespace

bool has_undecided(const book& all) {
  return std::any_of(all.begin(), all.end(), [](const auto& a) { return !a.decision; });
}

const run::approval* find(const book& all, const approval_id& id) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.what.approval == id; });
  return found == all.end() ? nullptr : &*found;
}

decision<fact>
request(const book& all, const run::request_approval& c, const terms& how, instant now) {
  if (find(all, c.what.approval) != nullptr) // asked again after a restart
    return facts{};
  auto asked = c.what;
  auto limit_ms = c.limit_ms;
  if (limit_ms == 0 && asked.expires.us == 0) {
    limit_ms = how.limit_ms;
    asked.on_expiry = how.on_limit;
  }
  if (limit_ms > 0)
    asked.expires = now + limit_ms * us_per_ms;
  facts happened{asked};
  if (!how.attended)
    happened.push_back(run::approval_decided{asked.approval,
                                             run::decision_kind::reject,
                                             std::string{nobody},
                                             "there is nobody to ask: the work is unattended"});
  return happened;
}

decision<fact> decide(const book& all, const run::decide_approval& c) {
  const auto* found = find(all, c.approval);
  if (found == nullptr)
    return refuse(errc::approval_not_found, "there is no approval " + to_string(c.approval));
  if (found->decision)
    return refuse(errc::approval_already_decided,
                  "the approval " + to_string(c.approval) + " has been decided already");
  return facts{run::approval_decided{c.approval, c.decision, c.by, c.comment}};
}

facts due(const book& all, const run::approval_due& c) {
  const auto* found = find(all, c.approval);
  if (!is_open(found))
    return {};
  return {run::approval_decided{
      c.approval, found->what.on_expiry, "time-out", "nobody decided in time"}};
}

facts withdraw(const book& all, const run::withdraw_approval& c) {
  const auto* found = find(all, c.approval);
  if (!is_open(found))
    return {};
  return {run::approval_decided{
      c.approval, run::decision_kind::cancel, std::string{"asker"}, c.reason}};
}

facts cancel_all(const book& all, std::string_view by, std::string_view reason) {
  facts happened;
  for (const auto& a : all)
    if (!a.decision)
      happened.push_back(run::approval_decided{
          a.what.approval, run::decision_kind::cancel, std::string{by}, std::string{reason}});
  return happened;
}

void keep(book& all, const run::approval_requested& f) {
  all.push_back({f, {}});
}

void keep(book& all, const run::approval_decided& f) {
  for (auto& a : all)
    if (a.what.approval == f.approval)
      a.decision = f;
}

effects watch(const run::approval_requested& f) {
  if (f.expires.us == 0)
    return {};
  return {{"expire:" + to_string(f.approval),
           effect::tell_self{f.expires, run::approval_due{f.approval}}}};
}

effects tell_asker(const run::approval& a) {
  if (!a.decision || a.decision->decision == run::decision_kind::cancel)
    return {};
  return {{"decided:" + to_string(a.what.approval), effect::send{a.what.asker, answer_for(a), {}}}};
}

effects pending(const book& all) {
  effects owed;
  for (const auto& a : all)
    if (!a.decision)
      append(owed, watch(a.what));
  return owed;
}

} // namespace ash::approvals
