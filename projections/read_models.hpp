// The read models of one log: the projector that follows it on a thread of its own, and the queries
// over what it made. Owned by the server. While the store is away the log goes on, and the
// projector catches up later. It never writes to the log.
#pragma once

#include "events/log/event_log.hpp"
#include "projections/queries/queries.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
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
  /// Whether queries see rows of this log that move on: the generation that is being written, or
  /// the one before it while it is made anew.
  bool is_current = false;
  std::uint64_t head = 0;       ///< of the log
  std::uint64_t position = 0;   ///< of the slowest view that has not stopped
  std::uint64_t lag_facts = 0;  ///< from there to the head
  double lag_seconds = 0;       ///< since the oldest fact that is not in the rows
  std::uint64_t reconnects = 0; ///< since the start
  std::vector<view_status> views;
};
json::object to_json(const projection_status& of);
/// Errors: `store_unavailable` while the first rows of this log are made beside those of another
/// one (it was restored, or made anew), whose history nobody asked for.
result<void> check_current(const projection_status& now);

/// Called now and then with the facts folded so far and all of them.
using progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct verification;
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
  /// Until then the old one, which queries see, follows the log too.
  void rebuild();

  /// Compares the rows with a fresh fold, made in a file of its own in the data directory. Errors:
  /// those of `projections::verify`.
  [[nodiscard]] result<verification> verify(const progress& tell,
                                            const std::stop_token& stop) const;

  /// Ends the projector after the batch it is at. Idempotent.
  void stop();

private:
  class parts;
  explicit read_models(std::unique_ptr<parts> with);
  std::unique_ptr<parts> parts_;
};

} // namespace ash::projections
