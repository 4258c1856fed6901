// Follows the log from its head on and counts what happens in it: runs, model calls, tool calls and
// money. It owns a thread, reads the log alone, and never holds anybody up.
#pragma once

#include "events/log/event_log.hpp"
#include "gateway/metrics/sheet.hpp"

#include <functional>
#include <memory>

namespace ash::gateway {

/// Thread-safe.
class fact_meter {
public:
  /// Begins at the log's present head. `log` outlives this.
  explicit fact_meter(log::event_log& log, std::function<instant()> now = system_now);
  ~fact_meter();
  fact_meter(const fact_meter&) = delete;
  fact_meter& operator=(const fact_meter&) = delete;

  /// Everything up to here is counted.
  [[nodiscard]] std::uint64_t position() const;
  void write(sheet& to) const;

private:
  class follower;
  std::unique_ptr<follower> follower_;
};

} // namespace ash::gateway
