#include "actors/aggregates/budget.hpp"

#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::budget {
namespace {

using facts = std::vector<fact>;

constexpr std::string_view of_a_persona = "persona:";

auto find(const std::vector<reservation>& all, const call_id& call) {
  return std::find_if(all.begin(), all.end(), [&](const reservation& r) { return r.call == call; });
}

/// Whether a call of this estimate is beyond the cap of the scope.
bool is_beyond(const budget_terms& terms, usd committed, usd amount) {
  return committed >= terms.cap || committed + amount > terms.cap;
}

error exhausted_error(const budget_terms& terms, usd committed, usd amount) {
  return refuse(errc::budget_exhausted,
                "the budget '" + terms.scope + "' has " + to_string(committed) + " of " +
                    to_string(terms.cap) + " committed, and the call may cost " +
                    to_string(amount) + ": raise the cap (`actor-shell budget set " + terms.scope +
                    " --cap USD`) and resume")
      .with("scope", terms.scope)
      .with("cap", to_string(terms.cap))
      .with("committed", to_string(committed));
}

/// What this much commitment calls for: a warning, and the note that the cap is reached; each once.
void note_limits(
    const state& s, const budget_terms& terms, usd committed, usd asked, facts& happened) {
  const auto crossed = terms.warn_at > usd{} && committed >= terms.warn_at;
  const auto beyond = terms.policy == budget_policy::warn_continue && committed > terms.cap;
  if (!s.warned && (crossed || beyond))
    happened.push_back(warned{committed, crossed ? terms.warn_at : terms.cap});
  if (!s.exhausted && committed >= terms.cap)
    happened.push_back(exhausted{committed, asked, terms.cap});
}

error day_is_over(const std::string& scope) {
  return refuse(errc::budget_exhausted,
                "the day of the budget '" + scope + "' is over: the scope of today pays now")
      .with("scope", scope);
}

/// What a settlement or release shows beside itself: that the day is over and all is paid.
void note_end_of_day(const state& before, instant now, facts& happened) {
  if (!before.open || before.closed || !is_over(before.terms.scope, now))
    return;
  auto after = before;
  for (const auto& each : happened)
    after = budget_aggregate::evolve(std::move(after), each);
  if (after.reservations.empty())
    happened.push_back(closed{after.settled});
}

decision<fact> on(const state& s, const reserve& c, instant now) {
  if (find(s.reservations, c.call) != s.reservations.end())
    return facts{};
  if (s.closed || is_over(c.terms.scope, now))
    return day_is_over(c.terms.scope);
  facts happened;
  if (!s.open)
    happened.push_back(opened{c.terms});
  const auto& terms = s.open ? s.terms : c.terms;
  auto approval = approval_id{};
  if (terms.policy != budget_policy::warn_continue && is_beyond(terms, s.committed(), c.amount)) {
    // Someone who was asked about exactly this call has let it go beyond the cap.
    if (terms.policy != budget_policy::prompt || c.approval.is_nil())
      return exhausted_error(terms, s.committed(), c.amount);
    approval = c.approval;
  }
  happened.push_back(reserved{c.call, c.owner, c.amount, approval});
  note_limits(s, terms, s.committed() + c.amount, c.amount, happened);
  return happened;
}

decision<fact> on(const state& s, const settle& c, instant now) {
  facts happened;
  // One that is not held was settled before: a second settlement would charge the call twice.
  if (const auto held = find(s.reservations, c.call); held != s.reservations.end()) {
    const auto amount = held->amount;
    happened.push_back(settled{c.call, amount, c.actual});
    note_limits(s, s.terms, s.committed() - amount + c.actual, c.actual, happened);
  }
  note_end_of_day(s, now, happened);
  return happened;
}

decision<fact> on(const state& s, const release& c, instant now) {
  facts happened;
  if (const auto held = find(s.reservations, c.call); held != s.reservations.end())
    happened.push_back(released{c.call, held->amount});
  note_end_of_day(s, now, happened);
  return happened;
}

decision<fact> on(const state& s, const set_cap& c, instant now) {
  const auto& scope = s.open ? s.terms.scope : c.terms.scope;
  if (s.closed || is_over(scope, now))
    return refuse(errc::invalid_transition,
                  "the day of the budget '" + scope + "' is over: a cap changes nothing there")
        .with("scope", scope);
  if (!s.open && c.terms.scope.empty())
    return refuse(errc::invalid_transition, "the budget scope has not been opened yet");
  if (c.cap < usd{} || c.warn_at < usd{})
    return refuse(errc::argument_invalid, "a cap and a warning threshold are not negative");
  if (!s.open) {
    auto terms = c.terms;
    terms.cap = c.cap;
    terms.warn_at = c.warn_at;
    return facts{opened{std::move(terms)}};
  }
  if (c.cap == s.terms.cap && c.warn_at == s.terms.warn_at)
    return facts{};
  return facts{cap_changed{c.cap, c.warn_at, c.by}};
}

void drop(state& s, const call_id& call) {
  const auto held = find(s.reservations, call);
  if (held == s.reservations.end())
    return;
  s.reserved -= held->amount;
  s.reservations.erase(held);
}

} // namespace

std::string_view date_of_scope(std::string_view scope) {
  constexpr std::size_t date_bytes = 10; // 2026-11-21
  const auto daily = scope.starts_with("day:") || scope.starts_with(of_a_persona);
  return daily && scope.size() > date_bytes ? scope.substr(scope.size() - date_bytes)
                                            : std::string_view{};
}

std::string scope_of_persona(std::string_view persona, std::string_view date) {
  return std::string{of_a_persona}.append(persona).append(":").append(date);
}

bool is_over(std::string_view scope, instant now) {
  const auto date = date_of_scope(scope);
  return !date.empty() && date < utc_date(now);
}

std::vector<budget_terms> scopes_beneath(std::vector<budget_terms> own,
                                         const std::vector<budget_terms>& above) {
  const auto undated = [](const budget_terms& of) {
    const std::string_view scope{of.scope};
    return scope.substr(0, scope.size() - date_of_scope(scope).size());
  };
  const auto width = [](const budget_terms& of) {
    constexpr int narrow = 0;
    constexpr int a_persona = 1;
    constexpr int everything = 2;
    if (date_of_scope(of.scope).empty())
      return narrow;
    return of.scope.starts_with(of_a_persona) ? a_persona : everything;
  };
  for (const auto& each : above)
    if (std::none_of(own.begin(), own.end(), [&](const budget_terms& one) {
          return undated(one) == undated(each);
        }))
      own.push_back(each);
  std::stable_sort(
      own.begin(), own.end(), [&](const auto& a, const auto& b) { return width(a) < width(b); });
  return own;
}

} // namespace ash::budget

namespace ash {

using namespace budget;

decision<budget::fact> budget_aggregate::decide(const state& s, const command& what, instant now) {
  return std::visit([&](const auto& c) { return on(s, c, now); }, what);
}

budget::state budget_aggregate::evolve(state s, const fact& happened) {
  std::visit(match{
                 [&](const opened& f) {
                   s.open = true;
                   s.terms = f.terms;
                 },
                 [&](const reserved& f) {
                   s.reserved += f.amount;
                   s.reservations.push_back({f.call, f.amount, f.owner});
                 },
                 [&](const settled& f) {
                   drop(s, f.call);
                   s.settled += f.actual;
                 },
                 [&](const released& f) { drop(s, f.call); },
                 [&](const warned&) { s.warned = true; },
                 [&](const exhausted&) { s.exhausted = true; },
                 [&](const cap_changed& f) {
                   s.terms.cap = f.cap;
                   s.terms.warn_at = f.warn_at;
                   s.warned = false;
                   s.exhausted = false;
                 },
                 [&](const closed&) { s.closed = true; },
             },
             happened);
  return s;
}

effects budget_aggregate::react(const state&, const fact&) {
  return {};
}
effects budget_aggregate::pending(const state&) {
  return {};
}
bool budget_aggregate::is_final(const state& s) {
  return s.closed; // nothing is reserved then, and nothing will be
}

} // namespace ash
