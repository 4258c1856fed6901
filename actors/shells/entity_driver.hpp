// Drives one entity: loads it from the log, gives it what its actor receives, appends what it
// wants, lets its answers and effects out, and loads it again after a fault. Owned by one actor,
// which calls it for one mail after another. It knows no CAF, and never blocks but for the reads of
// a load.
#pragma once

#include "actors/entity/any_entity.hpp"
#include "actors/shells/chores.hpp"
#include "actors/shells/effect_router.hpp"
#include "actors/shells/entity_forms.hpp"
#include "actors/shells/registry.hpp"
#include "actors/shells/supervisor.hpp"
#include "actors/shells/timer_service.hpp"

#include <atomic>
#include <map>
#include <memory>

namespace ash::shell {

/// How long commands waited in boxes, summed over all entities.
struct traffic {
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> waited_us{0};
  std::atomic<std::uint64_t> longest_wait_us{0};
  std::atomic<std::uint64_t> unanswered{0}; ///< commands taken and not yet answered
  std::atomic<std::uint64_t> appends_in_flight{0};
  std::atomic<std::uint64_t> snapshots{0};
};

/// What all entities share; outlives every actor.
struct surroundings {
  log::event_log& log;
  const entity_forms& forms;
  registry& actors;
  effect_router& router;
  supervisor& judge;
  timer_service& timers;
  chores& background;
  traffic& seen;
  std::shared_ptr<const entity_bounds> bounds;
  std::shared_ptr<const key_lookup> is_stored;
  std::function<void(const error&)> on_log_failed;
};

class entity_driver {
public:
  entity_driver(surroundings& in, stream_id stream, stream_id root, std::weak_ptr<mailbox> self);

  enum class next : std::uint8_t { stay, quit };
  next handle(mail what);

private:
  /// Of an entity that is dropped, for the one that is loaded after it.
  struct leftovers {
    std::vector<queued_command> waiting;
    std::vector<effect_in_flight> in_flight;
  };

  next on(command_mail& what);
  next on(wake_mail& what);
  next on(appended_mail& what);
  next on(effect_done_mail& what);
  next on(retry_mail& what);
  next on(rest_mail& what);
  next on(quit_mail& what);

  /// Gives a command to the entity, or keeps it while the entity can't be loaded.
  void accept(queued_command what);
  /// True where the entity is loaded now.
  bool ensure_loaded();
  result<void> load();
  result<void> load_facts(any_entity& into);
  void drain();
  void let_out(output& what);
  void start_append();
  void append_failed(const error& why);
  void save_snapshot();
  /// The entity is dropped, and loaded again after a wait, or is broken.
  void crash(const error& why);
  void discard();
  leftovers& left();
  void answer(reply_token token, result<void> with);
  void answer_waiting(const error& with);
  /// Answers those whose command got lost in a fault.
  void answer_lost();
  void retry_in(std::int64_t delay_us);
  const stream_id& root() const noexcept { return root_ ? *root_ : stream_; }
  const entity_bounds& bounds() const noexcept { return *in_.bounds; }

  surroundings& in_;
  stream_id stream_;
  apart<stream_id> root_; ///< none where it is the stream itself
  std::weak_ptr<mailbox> self_;
  std::unique_ptr<any_entity> entity_;
  std::unique_ptr<append_intent> appending_; ///< kept until it is durable, to be given again
  std::unique_ptr<leftovers> left_;          ///< none while the entity is loaded
  std::unique_ptr<std::map<reply_token, on_reply>> replies_; ///< none while nobody waits
  reply_token next_token_ = 1;
  std::uint64_t append_ = 0;    ///< the newest append
  std::uint64_t delivered_ = 0; ///< mails that the registry counted
  std::int64_t append_wait_us_ = 0;
  bool backing_off_ = false;
  bool wake_when_loaded_ = false;
  bool noted_final_ = false;
};

} // namespace ash::shell
