// What the end-to-end tests drive the built binary with: processes with time limits, throwaway
// directories and repositories, and the log that a process left behind, read as facts. It never
// changes what it looks at, and ends only processes that it started.
#pragma once

#include "actors/shells/inspect.hpp"
#include "events/facts/any.hpp"
#include "events/log/rocksdb_log.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace ash::e2e {

namespace fs = std::filesystem;

// -- files ---------------------------------------------------------------------------------------

/// A directory beneath the system's temporary one, removed with everything in it.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ / name; }

private:
  fs::path path_;
};

/// Makes the directories above `file` too.
void write_text(const fs::path& file, std::string_view text);
std::string read_text(const fs::path& file);
/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);
/// `text` with every `{{key}}` replaced by its value.
std::string fill_in(std::string text, const std::map<std::string, std::string>& values);

// -- processes -----------------------------------------------------------------------------------

struct process_options {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment; ///< besides the test's own
  std::string directory;                          ///< empty: the test's own
  std::chrono::seconds limit{60};                 ///< then its process group is killed
};

struct ended_process {
  int exit_code = -1; ///< -1 where a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string out;
  std::string err;

  /// One text with all of it, for messages.
  [[nodiscard]] std::string shown() const;
};

/// Runs a command to its end.
ended_process run_process(const process_options& what);

/// A process that runs beside the test, in a group of its own, killed with this object.
class background_process {
public:
  background_process(const process_options& what, const fs::path& out_and_err);
  ~background_process();
  background_process(const background_process&) = delete;
  background_process& operator=(const background_process&) = delete;

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  [[nodiscard]] bool running();

private:
  pid_t id_ = -1;
  bool ended_ = false;
};

/// Waits until `holds`, asked every 20 ms; false once `limit` is over.
bool wait_until(std::chrono::seconds limit, const std::function<bool()>& holds);

/// A TCP port of 127.0.0.1 that nobody listens on now.
int free_port();

/// The Node that came with the test servers where there is one: some need 20.15 or newer.
std::string newest_node();

/// Standard output of a shell command that must succeed; a failure is a test failure.
std::string shell(const std::string& command);

// -- actor-shell ---------------------------------------------------------------------------------

/// The environment of a person with no keys, no configuration and a home in `home`.
std::map<std::string, std::string> clean_environment(const fs::path& home);

/// A git repository with one commit on `main`.
void make_repository(const fs::path& at, const std::map<std::string, std::string>& files);

// -- what a process left in its log --------------------------------------------------------------

struct fact_at {
  log::record record; ///< without its payload
  any_fact fact;
};

/// Every fact, in order; an unreadable record is a test failure.
std::vector<fact_at> facts_of(const log::event_log& log);

/// A data directory's log, opened for reading.
class left_log {
public:
  explicit left_log(const fs::path& data_dir);

  /// False where there is no log yet.
  [[nodiscard]] explicit operator bool() const noexcept { return log_ != nullptr; }
  [[nodiscard]] const log::event_log& log() const { return *log_; }
  [[nodiscard]] std::vector<fact_at> facts() const { return facts_of(*log_); }
  [[nodiscard]] std::vector<inspect::run_summary> runs() const;
  /// What `verify` found, one a line; empty for a clean log.
  [[nodiscard]] std::string damages() const;
  /// The text of a document that a fact refers to.
  [[nodiscard]] std::string text_of(const document& doc) const;

private:
  std::unique_ptr<log::event_log> log_;
};

/// The facts of one type, in order.
template <class Fact> std::vector<Fact> only(const std::vector<fact_at>& facts) {
  std::vector<Fact> found;
  for (const auto& each : facts)
    if (const auto* one = std::get_if<Fact>(&each.fact))
      found.push_back(*one);
  return found;
}

// -- money ---------------------------------------------------------------------------------------

/// What the books say, counted from facts alone.
struct books {
  usd spent_by_calls;                  ///< costs of all model calls: completed, failed and lost
  std::map<std::string, usd> spent_in; ///< the same, by the scopes that paid
  std::map<std::string, usd> settled;  ///< by scope
  std::map<std::string, usd> open;     ///< by scope: reserved, neither settled nor released
};

books count_money(const std::vector<fact_at>& facts);

} // namespace ash::e2e
