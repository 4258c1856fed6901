// Showing a run while it works: as a live picture on a terminal, as plain lines elsewhere, or as a
// stream of JSON records. Each is given the run's records in order, as they become durable.
#pragma once

#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ash::cli {

/// What is known of a run so far, for showing.
struct run_picture {
  struct phase_line {
    std::string key;
    std::string state =
        "waiting";     ///< `waiting`, `running`, `completed`, `failed`, `aborted`, `left out`
    std::string doing; ///< the tool or the model at work
    std::int64_t step = 0;
  };
  std::vector<phase_line> phases;
  std::string state = "starting";
  token_usage usage;
  usd cost;
  instant started;
  instant latest;

  void add(const stream_id& from, const any_fact& happened, instant at);

private:
  void add_run_fact(const any_fact& happened, instant at);
  void follow(const stream_id& from, const any_fact& happened);

  std::map<stream_id, std::string> keys_; ///< of phases, by the streams of all that works for them
  phase_line* line(std::string_view key);
};

/// One line for people about a fact, or an empty text for one that is not worth a line.
std::string describe(const any_fact& happened);

class progress {
public:
  virtual ~progress() = default;
  virtual void on_record(const log::record& from, const any_fact& happened) = 0;
  /// What had happened before the watching began: for the picture, not for telling.
  virtual void on_earlier(const log::record&, const any_fact&) {}
  /// Called about five times a second, for what moves by itself.
  virtual void on_tick() {}
  /// Something else is about to write on stderr: what was drawn stays.
  virtual void step_aside() {}
  /// Called once, after the last record.
  virtual void finish() {}
};

/// A picture that is drawn again in place, on stderr.
std::unique_ptr<progress> make_live_view();
/// A line a notable event, on stderr.
std::unique_ptr<progress> make_plain_lines();
/// Every record as a JSON object a line, on stdout.
std::unique_ptr<progress> make_json_stream();

/// Feeds a run's records to a progress, from a thread of its own.
class run_watcher {
public:
  /// What the run did up to the position `earlier` is history to `to`.
  run_watcher(log::event_log& from,
              run_id run,
              std::uint64_t earlier,
              std::unique_ptr<progress> to);
  /// Shows what is there up to now, then ends.
  ~run_watcher();
  run_watcher(const run_watcher&) = delete;
  run_watcher& operator=(const run_watcher&) = delete;

private:
  void watch();
  void show_new();

  log::event_log& log_;
  stream_id root_;
  std::uint64_t earlier_;
  std::uint64_t after_ = 0;
  std::unique_ptr<progress> to_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool news_ = true;
  bool ending_ = false;
  std::shared_ptr<void> listening_;
  std::thread thread_;
};

} // namespace ash::cli
