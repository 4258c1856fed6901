// The actors of a process, from outside: commands go in by stream, and every entity lives, rests
// and is mended by itself. Owned by the composition root, which keeps the log alive longer than
// this. It never reads for others: queries go to projections or to the log.
#pragma once

#include "actors/performers/performer.hpp"
#include "actors/shells/supervisor.hpp"
#include "events/log/event_log.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace ash {

namespace shell {
class entity_forms;
}
struct entity_bounds;

struct shells_options {
  std::size_t threads = 0;            ///< that run the actors; 0: one a processor, at least two
  std::int64_t idle_ms = 60'000;      ///< until an unused entity rests
  std::int64_t final_idle_ms = 1'000; ///< the same, of one to which nothing more can happen
  std::size_t max_live = 200'000;     ///< above this the longest unused rest first
  shell::supervisor_rules crashes = {};
  std::function<instant()> now = system_now;        ///< the wall clock
  std::shared_ptr<const entity_bounds> bounds = {}; ///< null: the defaults
  const shell::entity_forms* forms = nullptr;       ///< null: our own aggregates

  /// Called once an entity is broken, from an actor's thread: must not block.
  std::function<void(const stream_id&, const error&)> on_broken = {};
  /// Called when the log takes nothing any more (`log_failed`), possibly more than once.
  std::function<void(const error&)> on_log_failed = {};
};

struct shells_stats {
  std::array<std::uint64_t, 6> live{}; ///< by entity_kind
  std::uint64_t activations = 0;
  std::uint64_t passivations = 0;
  std::uint64_t crashes = 0;
  std::uint64_t broken = 0;
  std::uint64_t commands = 0;
  std::uint64_t waited_us = 0;       ///< of all commands, in boxes
  std::uint64_t longest_wait_us = 0; ///< of any command so far
  std::uint64_t unanswered = 0;      ///< commands taken and not yet answered
  std::uint64_t appends_in_flight = 0;
  std::uint64_t snapshots = 0; ///< taken since the start
  std::uint64_t waiting_timers = 0;
};

/// Thread-safe.
class shells final : public entity_directory {
public:
  /// The performer gets the directory that its own commands go through: it stays open while
  /// `stop` waits, when commands from outside are refused already.
  using performer_factory = std::function<std::unique_ptr<effect_performer>(entity_directory&)>;

  /// Errors: `argument_invalid` for options that make no sense.
  static result<std::unique_ptr<shells>>
  start(log::event_log& log, const performer_factory& make_performer, shells_options options = {});

  ~shells() override;

  /// See entity_directory. Refusals besides the aggregate's own: `queue_full`,
  /// `entity_unavailable`, `storage_full` and `shutting_down` (send it again later),
  /// `entity_broken`, `log_failed`.
  void tell(const stream_id& to,
            const stream_id& root,
            command_envelope command,
            std::function<void(result<void>)> reply) override;
  /// `tell`, waiting for the answer. Not from an actor's or performer's thread.
  result<void> tell_and_wait(const stream_id& to, const stream_id& root, command_envelope command);
  /// Activates an entity so that it issues the effects that it owes, as after a restart. A stream
  /// without facts owes nothing.
  void wake(const stream_id& which, const stream_id& root);

  /// The door that stays open until the actors quit, for what has to be said while stopping.
  [[nodiscard]] entity_directory& inner();
  [[nodiscard]] shells_stats stats() const;
  [[nodiscard]] std::vector<broken_entity> broken() const;
  /// Asks what may rest to rest, now instead of at the next turn of the clock.
  void sweep();

  /// Refuses commands from outside (`shutting_down`) and holds new work of the performer.
  void close_doors();
  /// Waits until no append, command or outside effect is in flight. False: `grace` was over first.
  bool settle(std::chrono::milliseconds grace);
  /// `close_doors`, `settle`, then stops the performer, whose last answers are still written, then
  /// all actors. Once it returns nothing runs any more. Called by the destructor with no grace.
  void stop(std::chrono::milliseconds grace);

private:
  class core;
  explicit shells(std::unique_ptr<core> with);

  std::unique_ptr<core> core_;
};

} // namespace ash
