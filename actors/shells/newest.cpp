#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/shells/fold.hpp"
#include "events/codec/pack.hpp"

namespace ash::fold {

template <aggregate A>
result<typename A::state> newest(const log::event_log& log, const stream_id& stream) {
  folded<A> from;
  TRY(const auto kept, log.load_snapshot(stream));
  // A snapshot is only a shorter way: where it can't be used the facts say the same.
  if (kept)
    if (auto state = codec::unpack<typename A::state>(kept->bytes)) {
      from.state = std::move(state).value();
      from.version = kept->version;
    }
  TRY(auto out, onward<A>(log, stream, std::move(from), {}, {}));
  return std::move(out.state);
}

template result<session_aggregate::state> newest<session_aggregate>(const log::event_log&,
                                                                    const stream_id&);
template result<run_aggregate::state> newest<run_aggregate>(const log::event_log&,
                                                            const stream_id&);
template result<phase_aggregate::state> newest<phase_aggregate>(const log::event_log&,
                                                                const stream_id&);
template result<budget_aggregate::state> newest<budget_aggregate>(const log::event_log&,
                                                                  const stream_id&);

} // namespace ash::fold
