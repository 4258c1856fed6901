// One effect from its beginning to its answer, and the table of those in flight. Whoever performs
// the effect holds it; the table finds it again to call it off or to answer someone else.
#pragma once

#include "actors/performers/performer.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace ash::performers {

class effects_in_flight;

enum class reach : std::uint8_t {
  inside,  ///< between entities, or files of this machine
  outside, ///< model calls and tools
};

/// Thread-safe. The last answer is given at most once.
class running_effect {
public:
  running_effect(effects_in_flight& table,
                 effect_owner owner,
                 std::string id,
                 reach how_far,
                 on_answer answer);

  [[nodiscard]] const effect_owner& owner() const noexcept { return owner_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] reach how_far() const noexcept { return reach_; }
  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

  /// Answers with a part; not after `end`.
  void say(any_command part);
  /// Answers for the last time: with a command, or silently.
  void end(std::optional<any_command> what);
  /// Ends without an answer: the effect stays owed and comes again after a restart.
  void drop();

  /// Asks whoever performs it to stop: its owner does not want it any more, and hears its end.
  void call_off() {
    unwanted_ = true;
    stop_.request_stop();
  }
  /// Likewise, because the process ends: unless it has an answer, it is to be dropped.
  void stop() { stop_.request_stop(); }
  [[nodiscard]] bool is_unwanted() const noexcept { return unwanted_; }
  /// Whether the end of the process cut it: what came of it counts for nothing.
  [[nodiscard]] bool is_cut() const { return stop_.stop_requested() && !unwanted_; }
  /// Gives what follows to `answer` instead. Whether the last answer was still to come.
  bool redirect(on_answer answer);

private:
  on_answer close();

  effects_in_flight& table_;
  const effect_owner owner_;
  const std::string id_;
  const reach reach_;
  std::stop_source stop_;
  std::atomic<bool> unwanted_{false};
  std::mutex mutex_;
  on_answer answer_;
  bool ended_ = false;
};
using effect_ptr = std::shared_ptr<running_effect>;

/// Thread-safe.
class effects_in_flight {
public:
  /// The effect, where it is new. One that is in flight already goes on and answers `answer` from
  /// now on (its owner was loaded again meanwhile); then this gives nothing.
  effect_ptr
  begin(const effect_owner& owner, const std::string& id, reach how_far, on_answer answer);
  void call_off(const stream_id& owner, const std::string& id);
  /// Stops all of them: the process ends.
  void stop_all();
  [[nodiscard]] std::size_t count() const;
  /// Waits until nothing that reaches outside is in flight, at most so long. Whether that came.
  bool wait_for_outside(std::int64_t limit_ms);

private:
  friend class running_effect;
  void remove(const running_effect& what);

  using key = std::pair<std::string, std::string>; ///< owner, id
  mutable std::mutex mutex_;
  std::condition_variable removed_;
  std::map<key, effect_ptr> running_;
};

} // namespace ash::performers
