// The paths that a run granted or took back, as its log has them: what a tool call is judged by is
// read afresh when the call is asked for, so that a change reaches every call that comes later.
// Owned by the effect router; thread-safe; it asks no actor.
#pragma once

#include "actors/aggregates/permissions.hpp"
#include "events/facts/tool_call.hpp"
#include "events/log/event_log.hpp"

#include <map>
#include <mutex>

namespace ash::shell {

class path_changes {
public:
  explicit path_changes(const log::event_log& log) : log_{log} {}

  /// Puts the changes of the call's run behind its writable paths; a session has none. Where they
  /// can't be read, nothing may be written: a path that was taken back is never open by mistake.
  /// No call waits for what another reads.
  void apply(tool_call::requested& call);

private:
  struct known {
    std::uint64_t version = 0; ///< of the root's stream, up to which it was read
    std::vector<policy::path_change> changes;
  };

  [[nodiscard]] known known_of(const stream_id& root) const;
  void keep(const stream_id& root, known of);
  result<void> read_on(const stream_id& root, known& of) const;

  const log::event_log& log_;
  mutable std::mutex mutex_;
  std::map<stream_id, known> known_;
};

} // namespace ash::shell
