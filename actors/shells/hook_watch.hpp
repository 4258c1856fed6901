// Runs the hooks that are told of what has happened and can't change it: the end of a run, an
// approval that someone is asked for, a budget's warning. It follows the log from a position that
// is on disk, so that over a crash a hook runs again rather than not at all. Hooks that may block
// are effects of the entities that wait for them, and none of its business.
#pragma once

#include "actors/aggregates/effects.hpp"
#include "actors/shells/log_follower.hpp"
#include "events/base/scrub.hpp"
#include "events/log/event_log.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ash {

class hook_watch {
public:
  struct parts {
    log::event_log* log = nullptr;
    std::vector<hook_rule> rules;
    std::string cursor_file;
    std::shared_ptr<const live_scrubber> scrub;
    /// Has a run or a session keep what its hooks did, once under `id`.
    std::function<result<void>(const stream_id& root, const std::string& id, run::hooks_ran what)>
        record;
  };

  /// Whether any of these is for an event that it watches.
  static bool wants(const std::vector<hook_rule>& rules);
  /// Forgets the position: what happens while nobody watches is nobody's business later.
  static void forget(const std::string& cursor_file);

  /// Takes up at the position on disk; the first time, at the head of the log. Errors: `io_failed`.
  static result<std::unique_ptr<hook_watch>> open(parts with);
  ~hook_watch() { stop(ending::leave); }
  hook_watch(const hook_watch&) = delete;
  hook_watch& operator=(const hook_watch&) = delete;

  enum class ending : std::uint8_t {
    drain, ///< first runs the hooks of all that is durable by now
    leave, ///< kills the one that runs; it runs again after the next start
  };
  void stop(ending how);

private:
  explicit hook_watch(parts with) : with_{std::move(with)} {}
  void say(const error& why) const;
  result<void> catch_up();
  result<void> see(const log::record& record);
  result<void> save();

  parts with_;
  std::uint64_t after_ = 0;
  std::uint64_t saved_ = 0; ///< as it is on disk
  std::stop_source kill_;
  std::unique_ptr<log_follower> follower_;
};

} // namespace ash
