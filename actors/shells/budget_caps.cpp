#include "actors/shells/budget_caps.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/performers/budget_effects.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/runtime_parts.hpp"
#include "events/base/text.hpp"

namespace ash {
namespace {

constexpr std::int64_t percent = 100;

/// The warning's share of the cap stays what it was, to a hundredth.
usd warning_of(const budget_terms& before, usd cap) {
  if (before.cap <= usd{})
    return {};
  const auto part = before.cap.pico / percent;
  const auto share = part > 0 ? before.warn_at.pico / part : 0;
  return {cap.pico / percent * share};
}

error no_scope(const std::string& scope) {
  return refuse(errc::budget_scope_not_found,
                "there is no budget scope '" + printable(scope) +
                    "': one begins with the first call that it pays for")
      .with("scope", printable(scope));
}

/// A run that its cap stopped before its first call has no scope yet, only the terms of one.
std::optional<budget_terms> terms_of_run(const log::event_log& log, const std::string& scope) {
  const auto root = performers::root_of_scope(scope);
  const auto id = parse_uuid(root.key());
  if (root.kind() != entity_kind::run || !id)
    return std::nullopt;
  const auto found = live_run(log, {id.value()});
  if (!found || run::is_over(found.value().at))
    return std::nullopt;
  for (const auto& terms : found.value().plan.scopes)
    if (terms.scope == scope)
      return terms;
  return std::nullopt;
}

/// Nothing more is called for a run that is over, whatever its cap.
result<void> check_not_over(const log::event_log& log, const std::string& scope) {
  const auto root = performers::root_of_scope(scope);
  const auto id = parse_uuid(root.key());
  if (root.kind() != entity_kind::run || !id)
    return success();
  const auto found = live_run(log, {id.value()});
  if (found && run::is_over(found.value().at))
    return refuse(errc::run_already_terminal,
                  "the run " + to_string(id.value()) +
                      " is over and spends nothing more: start a new one with --budget");
  return success();
}

/// As `terms_of_run`, of today: for a day, or for a persona's where the configuration bounds that.
std::optional<budget_terms> terms_of_today(runtime& work, const std::string& scope) {
  constexpr std::string_view of_persona = "persona:";
  const auto date = budget::date_of_scope(scope);
  auto out = day_scope_of(work.budgets());
  if (date.empty() || date != budget::date_of_scope(out.scope))
    return std::nullopt;
  if (scope == out.scope)
    return out;
  const auto personas = persona_day_terms_of(work.budgets());
  const auto known = work.definitions();
  if (!scope.starts_with(of_persona) || !personas || !known)
    return std::nullopt;
  const auto name =
      scope.substr(of_persona.size(), scope.size() - of_persona.size() - date.size() - 1);
  if (!definitions::is_name(name) || !known.value()->find_persona(name))
    return std::nullopt;
  out = *personas;
  out.scope = scope;
  return out;
}

std::optional<budget_terms> terms_of_unopened(runtime& work, const std::string& scope) {
  auto run = terms_of_run(work.log(), scope);
  return run ? run : terms_of_today(work, scope);
}

} // namespace

std::optional<budget_terms> persona_day_terms_of(const definitions::budget_settings& settings) {
  if (!settings.persona_daily_cap)
    return std::nullopt;
  budget_terms out;
  out.cap = *settings.persona_daily_cap;
  out.warn_at = {out.cap.pico / percent * settings.warn_at_percent};
  out.policy = static_cast<budget_policy>(settings.policy);
  return out;
}

result<void> set_budget(runtime& work,
                        const std::string& scope,
                        usd cap,
                        std::optional<usd> warn_at,
                        const command_source& from) {
  if (scope.empty() || !is_valid_utf8(scope))
    return no_scope(scope);
  if (cap < usd{} || (warn_at && (*warn_at < usd{} || *warn_at > cap)))
    return refuse(errc::argument_invalid,
                  "a cap is not negative, and its warning stands between 0 and it");
  TRY(check_not_over(work.log(), scope));
  const auto stream = stream_of_budget(scope);
  TRY(const auto now, fold::newest<budget_aggregate>(work.log(), stream));
  const auto terms = now.open ? std::optional{now.terms} : terms_of_unopened(work, scope);
  if (!terms)
    return no_scope(scope);
  const auto warn = warn_at.value_or(warning_of(*terms, cap));
  const auto root = performers::root_of_scope(scope);
  return work.actors().tell_and_wait(
      stream,
      root,
      {from.key.empty() ? "cap:" + to_string(random_uuid()) : from.key,
       root.text(),
       from.causation,
       system_now(),
       budget::set_cap{cap, warn, from.by, *terms}});
}

} // namespace ash
