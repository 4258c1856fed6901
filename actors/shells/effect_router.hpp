// Where effects go: commands to other entities and timers are done here, pruning is a chore, all
// else is the performer's. What comes back is delivered as a command until the owner has taken it,
// so that no answer is lost to a full queue or a crash of its owner. Shared by all actors;
// thread-safe.
#pragma once

#include "actors/performers/performer.hpp"
#include "actors/shells/chores.hpp"
#include "actors/shells/path_changes.hpp"
#include "actors/shells/registry.hpp"
#include "actors/shells/timer_service.hpp"

#include <atomic>
#include <map>
#include <mutex>

namespace ash::shell {

class effect_router {
public:
  struct parts {
    registry& actors;
    timer_service& timers;
    chores& background;
    log::event_log& log;
    std::function<instant()> now;
  };

  explicit effect_router(parts with) : with_(std::move(with)), paths_{with_.log} {}

  /// Before the first effect.
  void use(effect_performer& performer) noexcept { performer_ = &performer; }

  /// Begins an effect. Its end reaches the owner as a command that finishes it, or as
  /// `effect_done_mail`. `version` is the owner's stream's.
  void perform(const effect_owner& owner, effect_request what, std::uint64_t version);

  /// Gives a command to an entity; `reply` as in `entity_directory::tell`.
  void deliver(const stream_id& to, const stream_id& root, command_mail what);

  /// From now on no tool is asked for: it is owed again after a restart.
  void hold_tool_calls() noexcept { held_ = true; }

  /// Commands between entities, and answers, that nobody has answered yet.
  [[nodiscard]] std::size_t undelivered() const noexcept { return undelivered_.load(); }

private:
  struct parcel;

  void pursue(std::shared_ptr<parcel> what);
  void answered(const effect_owner& owner, const std::string& effect, effect_answer what);
  void send(const effect_owner& owner, const std::string& id, effect::send what);
  /// False where the withdrawal has to wait for its question, which is on its way still: it goes
  /// when that is there. Overtaken, the question would stand open with nobody to be answered.
  bool may_withdraw(const effect_owner& owner, const std::string& id, const effect::send& what);
  void asked(const approval_id& question);
  void tell_self(const effect_owner& owner, std::string id, effect::tell_self what);
  void prune(const effect_owner& owner, std::uint64_t version);
  void done(const effect_owner& owner, const std::string& effect);
  command_envelope envelope(const effect_owner& owner,
                            std::string id,
                            std::string causation,
                            any_command what) const;

  parts with_;
  path_changes paths_;
  effect_performer* performer_ = nullptr;
  struct on_its_way {
    std::size_t sent = 0;
    std::vector<std::function<void()>> withdrawals;
  };
  std::mutex questions_mutex_;
  std::map<approval_id, on_its_way> questions_;
  std::atomic<std::size_t> undelivered_{0};
  std::atomic<bool> held_{false};
};

} // namespace ash::shell
