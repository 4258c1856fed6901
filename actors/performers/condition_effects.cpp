#include "actors/performers/condition_effects.hpp"

#include "actors/definitions/condition.hpp"
#include "actors/performers/documents.hpp"

namespace ash::performers {
namespace {

namespace defs = definitions;

result<defs::condition> condition_of(const run::phase_condition& from) {
  using enum defs::comparison;
  for (const auto is : {equals, not_equals, exists, absent, less_than, greater_than, contains})
    if (to_string(is) == from.is)
      return defs::condition{from.phase, from.pointer, is, from.value};
  return refuse(errc::template_load_failed,
                "the run's stored workflow compares by '" + from.is +
                    "', which this actor-shell does not know");
}

result<defs::condition_verdict> judged(const effect::check_condition& what,
                                       const log::event_log& log) {
  TRY(const auto condition, condition_of(what.what));
  std::optional<std::string> artifact;
  if (what.artifact) {
    TRY(artifact, text_of(*what.artifact, log));
  }
  return judge(condition, artifact);
}

} // namespace

run::condition_checked check_condition(const effect::check_condition& what,
                                       const log::event_log& log) {
  auto verdict = judged(what, log);
  if (!verdict)
    return {what.key, false, {}, std::move(verdict).error()};
  return {what.key, verdict.value().holds, std::move(verdict.value().reason)};
}

void perform_check_condition(running_effect& effect,
                             const effect::check_condition& what,
                             const performer_options& options) {
  effect.end(check_condition(what, *options.log));
}

} // namespace ash::performers
