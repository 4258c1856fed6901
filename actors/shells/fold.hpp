// Folding a stream from the log: the state that an entity would have, without the entity. For
// reading, and for the moments when no actor lives (before they start and after they have stopped).
// What stands here is compiled in fold.cpp and newest.cpp, for our own five aggregates.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "events/log/event_log.hpp"

#include <optional>

namespace ash::fold {

/// A state, and which facts it is the fold of; version 0 where there are none.
template <aggregate A> struct folded {
  typename A::state state;
  std::uint64_t version = 0;
  std::uint64_t position = 0;
  instant at;
  std::uint64_t next_position = 0; ///< of the fact after it, where that was seen; otherwise 0
};

/// Goes on from an earlier fold of the stream. Errors: `log_corrupt` (also for a fact of another
/// aggregate) and those of reading.
template <aggregate A>
result<folded<A>> onward(const log::event_log& log,
                         const stream_id& stream,
                         folded<A> out,
                         std::optional<std::uint64_t> version,
                         std::optional<std::uint64_t> position);

/// Errors: `log_corrupt` and those of reading.
template <aggregate A>
result<folded<A>> up_to(const log::event_log& log,
                        const stream_id& stream,
                        std::optional<std::uint64_t> version,
                        std::optional<std::uint64_t> position) {
  return onward<A>(log, stream, {}, version, position);
}

template <aggregate A> result<folded<A>> whole(const log::event_log& log, const stream_id& stream) {
  return up_to<A>(log, stream, {}, {});
}

/// The state of a stream as it is now, from its last snapshot and what came after it: what `whole`
/// gives, for whoever may meet a stream of a hundred thousand facts. Not for tool calls, which have
/// no snapshots. Errors: `log_corrupt` and those of reading.
template <aggregate A>
result<typename A::state> newest(const log::event_log& log, const stream_id& stream);

/// Gives a command to a stream that no actor owns at this moment. Errors: the refusal, and those of
/// reading and appending.
template <aggregate A>
result<void> apply(log::event_log& log,
                   const stream_id& stream,
                   const stream_id& root,
                   const typename A::command& what,
                   instant now);

} // namespace ash::fold
