// What the runtime does about money: caps, and what nobody would settle without it.
#include "actors/aggregates/budget.hpp"
#include "actors/performers/budget_effects.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/left_money.hpp"
#include "actors/shells/runtime_parts.hpp"

namespace ash {
// -- caps -----------------------------------------------------------------------------------------

result<void>
runtime::parts::set_cap(const std::string& scope, usd cap, const command_source& from) {
  const auto stream = stream_of_budget(scope);
  TRY(const auto now, fold::newest<budget_aggregate>(*log, stream));
  if (now.open && now.terms.cap == cap)
    return success();
  const usd warn_at{cap.pico / 100 * options.config.budget.warn_at_percent};
  const auto policy = static_cast<budget_policy>(options.config.budget.policy);
  const auto root = performers::root_of_scope(scope);
  return actors->tell_and_wait(
      stream,
      root,
      {from.key.empty() ? "cap:" + to_string(random_uuid()) : from.key,
       root.text(),
       from.causation,
       system_now(),
       budget::set_cap{cap, warn_at, from.by, {scope, cap, warn_at, policy}}});
}

result<void> runtime::parts::follow_cap(const std::string& scope, usd cap, const std::string& by) {
  TRY(const auto now, fold::newest<budget_aggregate>(*log, stream_of_budget(scope)));
  // A higher one was set by hand, to go on today. One that is not open yet would begin with what
  // was allowed when the work began.
  if (now.open && now.terms.cap >= cap)
    return success();
  return set_cap(scope, cap, {by});
}

result<void> runtime::parts::follow_daily_caps(const std::vector<std::string>& personas,
                                               const std::string& by) {
  const auto& settings = options.config.budget;
  const auto today = utc_date(system_now());
  TRY(follow_cap("day:" + today, settings.daily_cap, by));
  if (!settings.persona_daily_cap)
    return success();
  for (const auto& each : personas) {
    const auto name = each.substr(0, each.find('@'));
    TRY(follow_cap(budget::scope_of_persona(name, today), *settings.persona_daily_cap, by));
  }
  return success();
}

// -- what nobody would settle --------------------------------------------------------------------

/// A reservation that is still on its way to a scope can come after this: the owner then holds it
/// until the next start, which looks at every holder (`sort_out_daily_scopes`). A session's call
/// that was not made keeps its reservation too: the session goes on with it, and a scope answers
/// the same reservation only once.
void runtime::parts::settle_for(const stream_id& broken) {
  if (broken.kind() != entity_kind::phase && broken.kind() != entity_kind::session)
    return;
  const auto head = log->find_stream(broken);
  const auto is_child = head && head.value() && head.value()->root != broken;
  const auto goes_on_later = broken.kind() == entity_kind::session && !is_child;
  const auto open = open_calls(*log, broken);
  if (!open)
    return; // a log that can't be read: the next start looks again
  for (const auto& call : open.value()) {
    if (!call.spent && goes_on_later)
      continue;
    for (const auto& terms : call.scopes) {
      const auto what = call.spent ? any_command{budget::settle{call.call, call.charge}}
                                   : any_command{budget::release{call.call}};
      actors->inner().tell(stream_of_budget(terms.scope),
                           performers::root_of_scope(terms.scope),
                           {"settle:" + to_string(call.call),
                            broken.text(),
                            "broken:" + broken.text(),
                            system_now(),
                            what},
                           nobody);
    }
  }
}

result<void> runtime::parts::sort_out_daily_scopes() {
  TRY(const auto found, open_daily_scopes(*log, system_now()));
  // A release of nothing: it shows the scope that its day is over.
  for (const auto& scope : found.over)
    actors->inner().tell(
        scope, scope, {{}, scope.text(), {}, system_now(), budget::release{}}, nobody);
  for (const auto& owner : found.owners) {
    TRY(const auto head, log->find_stream(owner));
    if (!head)
      continue;
    const auto of_run = head->root.kind() == entity_kind::run;
    if (owner.kind() == entity_kind::session && !of_run && options.crashed == after_crash::resume) {
      actors->wake(owner, head->root);
      continue;
    }
    if (owner.kind() == entity_kind::session &&
        !of_run) { // a one-shot command makes no other's calls
      settle_for(owner);
      continue;
    }
    // A phase or a sub-agent of a run that can go on settles when it does; that of another is over
    // with it.
    const auto id = parse_uuid(head->root.key());
    if (!of_run || !id)
      continue;
    if (const auto found_run = live_run(*log, {id.value()});
        found_run && run::is_over(found_run.value().at))
      actors->inner().tell(owner,
                           head->root,
                           {"over:" + owner.text(),
                            head->root.text(),
                            {},
                            system_now(),
                            owner.kind() == entity_kind::phase
                                ? any_command{phase::abort{"its run is over"}}
                                : any_command{session::end{"its run is over"}}},
                           nobody);
  }
  return success();
}

} // namespace ash
