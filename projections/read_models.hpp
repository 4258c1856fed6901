// The read models of one log: the projector that follows it on a thread of its own, and the queries
// over what it made. Owned by the server. While the store is away the log goes on, and the
// projector catches up later. It never writes to the log.
#pragma once

#include "events/log/event_log.hpp"
#include "projections/queries/queries.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ash::projections {

struct options {
  std::string data_dir;     ///< holds `read_models.sqlite` where no database is named
  std::string database_url; ///< `postgresql://…`; empty: SQLite
};

/// One view and how far it is.
struct view_status {
  std::string view;
  std::uint64_t position = 0; ///< the last fact in its rows
  std::uint64_t rows = 0;     ///< written since this process began, an update counted as one
  /// Where it stopped for a fact that it can't apply; 0 while it runs.
  std::uint64_t stopped_at = 0;
  std::string code;
  std::string message;
};

enum class activity : std::uint8_t {
  connecting, ///< the store has not answered yet
  following,  ///< rows are written as facts come
  rebuilding, ///< a new generation is being made; the old one is what queries see
  away,       ///< the store was lost, or refuses: tried again with backoff
  stopped,    ///< `stop` was called
};
std::string_view to_string(activity what) noexcept;

struct projection_status {
  std::string store; ///< `sqlite` or `postgres`, and where, without a password
  activity doing = activity::connecting;
  std::string problem;          ///< while `away`: why
  std::uint64_t generation = 0; ///< that is being written
  std::uint64_t head = 0;       ///< of the log
  std::uint64_t position = 0;   ///< of the slowest view that has not stopped
  std::uint64_t lag_facts = 0;  ///< from there to the head
  double lag_seconds = 0;       ///< since the oldest fact that is not in the rows
  std::uint64_t reconnects = 0; ///< since the start
  std::vector<view_status> views;
};
json::object to_json(const projection_status& of);

class projector;

/// Thread-safe, but for `stop`.
class read_models {
public:
  /// Starts the projector. A store that does not answer, or that another process projects into, is
  /// no error: it is tried again until it does. `from` outlives this. Errors: `argument_invalid`
  /// (the URL).
  static result<std::unique_ptr<read_models>> open(log::event_log& from, options how);
  ~read_models();
  read_models(const read_models&) = delete;
  read_models& operator=(const read_models&) = delete;

  [[nodiscard]] const class queries& queries() const noexcept;
  [[nodiscard]] projection_status status() const;

  /// Waits until the facts up to `position` are in the rows that queries see; views that have
  /// stopped don't count. Errors: `timed_out`, `shutting_down`.
  [[nodiscard]] result<void> wait_for(std::uint64_t position,
                                      std::chrono::milliseconds timeout) const;

  /// Begins a new generation from position 0 beside the old one, and swaps once it has caught up.
  void rebuild();

  /// Ends the projector after the batch it is at. Idempotent.
  void stop();

private:
  class parts;
  explicit read_models(std::unique_ptr<parts> with);
  std::unique_ptr<parts> parts_;
};

} // namespace ash::projections
