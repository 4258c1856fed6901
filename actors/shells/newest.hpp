// The state of a stream as it is now, from its last snapshot and what came after it: for whoever
// asks no more of it, and may meet a stream of a hundred thousand facts.
#pragma once

#include "actors/shells/fold.hpp"
#include "events/codec/pack.hpp"

namespace ash::fold {

/// What `whole` gives, without reading it all. Errors: `log_corrupt` and those of reading.
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

} // namespace ash::fold
