// The seam between the shells, which own entities and order, and the performers, which do what
// effects ask for: model calls, tools, git, files, money. Performers run outside the actors'
// threads and never write to the log; what came of an effect goes back as a command.
#pragma once

#include "actors/aggregates/effects.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace ash {

/// What came of an effect, or a part of it: a command to the effect's owner, or nothing where the
/// effect ends silently (what it did shows elsewhere). `last` is true exactly once an effect.
struct effect_answer {
  std::optional<any_command> what;
  bool last = true;
};
using on_answer = std::function<void(effect_answer)>;

/// Gives commands to entities, from any thread. Implemented by the shells.
class entity_directory {
public:
  virtual ~entity_directory() = default;
  /// Activates the entity where it is not live, gives it the command, and calls `reply` once, from
  /// another thread: success when what the command led to is durable (or had been there before).
  /// `root` is the root of the stream, needed where the stream does not exist yet.
  virtual void tell(const stream_id& to,
                    const stream_id& root,
                    command_envelope command,
                    std::function<void(result<void>)> reply) = 0;
};

/// Whose effect it is.
struct effect_owner {
  stream_id stream;
  stream_id root;
};

/// Thread-safe. Shells handle `send`, `tell_self` and `prune` themselves; everything else comes
/// here.
class effect_performer {
public:
  virtual ~effect_performer() = default;
  /// Begins the effect and returns at once. `answer` is called from other threads.
  virtual void perform(const effect_owner& owner, effect_request what, on_answer answer) = 0;
  /// Calls off an effect in flight: what runs for it is killed, and its end still comes (usually
  /// errc::cancelled, for hooks what they did); unknown: nothing.
  virtual void call_off(const effect_owner& owner, const std::string& effect) = 0;
  /// From now on effects that reach outside (model calls, tools) are taken but not begun, nor
  /// answered: after a restart they are owed again. Those in flight go on.
  virtual void hold_new_work() = 0;
  /// Effects in flight that reach outside.
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
  /// Calls off everything and waits until no thread of the performer runs any more.
  virtual void stop() = 0;
};

} // namespace ash
