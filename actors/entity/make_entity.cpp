#include "actors/entity/make_entity.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/entity/entity.hpp"

namespace ash {

result<std::unique_ptr<any_entity>> make_entity(entity_setup setup) {
  switch (setup.stream.kind()) {
  case entity_kind::session:
    return std::make_unique<entity<session_aggregate>>(std::move(setup));
  case entity_kind::run:
    return std::make_unique<entity<run_aggregate>>(std::move(setup));
  case entity_kind::phase:
    return std::make_unique<entity<phase_aggregate>>(std::move(setup));
  case entity_kind::tool_call:
    return std::make_unique<entity<tool_call_aggregate>>(std::move(setup));
  case entity_kind::budget:
    return std::make_unique<entity<budget_aggregate>>(std::move(setup));
  case entity_kind::log:
    break;
  }
  return refuse(errc::argument_invalid,
                "no entity owns the stream '" + setup.stream.text() + "': it takes no commands");
}

} // namespace ash
