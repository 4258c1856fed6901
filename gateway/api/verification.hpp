// One comparison of the read models with the log at a time, on a thread of its own: it takes as
// long as folding the log does, which no request waits for. Called off with this object.
#pragma once

#include "gateway/api/read_side.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace ash::gateway::api {

/// Thread-safe.
class verification {
public:
  explicit verification(const read_side& of) : of_{of} {}

  /// Begins one, unless one is at work.
  void begin();

  /// {"state": `none`, `running`, `done` or `failed`, "done" and "total": facts folded, "result":
  /// what was found, or null, "error": {"code", "message"}, or null}.
  [[nodiscard]] json::object shown() const;

private:
  void work(const std::stop_token& stop);

  const read_side& of_;
  mutable std::mutex mutex_;
  bool running_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::optional<result<json::object>> outcome_;
  std::jthread thread_;
};

} // namespace ash::gateway::api
