// The states of streams at positions of the log, for many readers of the same streams: a state is
// folded once, its text is shared, and a later one goes on from it. What was used least lately is
// forgotten, and folded again for who still wants it. It reads the log and never asks an actor.
// Thread-safe.
#pragma once

#include "events/base/result.hpp"
#include "events/log/event_log.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace ash::inspect {

class stream_folds {
public:
  /// What is kept.
  struct limits {
    std::size_t folds = 4'096;
    /// Of their texts; a state itself takes about as much again.
    std::size_t bytes = std::size_t{64} << 20;
  };
  struct counts {
    std::uint64_t answered = 0;  ///< from what was kept
    std::uint64_t continued = 0; ///< folded on from an earlier state
    std::uint64_t begun = 0;     ///< folded from the beginning of a stream
    std::size_t kept = 0;
    std::size_t bytes = 0;
  };

  /// `log` has to outlive it.
  explicit stream_folds(const log::event_log& log) : stream_folds{log, limits{}} {}
  stream_folds(const log::event_log& log, limits most);
  ~stream_folds();
  stream_folds(const stream_folds&) = delete;
  stream_folds& operator=(const stream_folds&) = delete;

  /// The text of what `inspect::fold_stream` gives for the facts up to a position. Errors: as
  /// there.
  result<std::shared_ptr<const std::string>> at(const stream_id& stream, std::uint64_t position);

  [[nodiscard]] counts stats() const;

private:
  class shard;

  /// Streams are spread over these, so that a long fold holds up few others.
  std::array<std::unique_ptr<shard>, 8> shards_;
};

} // namespace ash::inspect
