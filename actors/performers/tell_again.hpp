// Giving a command to an entity that may be busy or down for a moment: again and again, with
// growing waits, under the same command id, so that it takes effect once.
#pragma once

#include "actors/performers/performer.hpp"
#include "actors/performers/timer_thread.hpp"

namespace ash::performers {

struct destination {
  stream_id stream;
  stream_id root;
};

/// Whether the same command may succeed later: `queue_full` and the retryable ones, but
/// `shutting_down`.
bool may_pass(const error& why);

/// Tells `command` until it succeeds or `try_again` says no to the refusal; then calls `done`,
/// once, from another thread. After `timers` has stopped, `done` may never come.
void tell_again(entity_directory& directory,
                timer_thread& timers,
                destination to,
                command_envelope command,
                std::function<bool(const error&)> try_again,
                std::function<void(result<void>)> done);

} // namespace ash::performers
