// A real server, `actor-shell serve`, with runs on a scripted model that streams its answers: what
// the tests and benches of live feeds follow. It can be killed and started again on its port; it
// goes on with the runs by itself then.
#pragma once

#include "tests/e2e/harness.hpp"

namespace ash::e2e {

struct live_runs_options {
  std::string directory; ///< an empty one
  int runs = 5;          ///< at once
  int answers = 8;       ///< of the model to each run, streamed for about a second
  std::vector<std::string> serve_options = {};
};

class live_runs {
public:
  explicit live_runs(live_runs_options how);

  /// False where the server does not answer; kills one that runs.
  bool start_server();
  bool is_serving() { return server_ != nullptr && server_->running(); }
  void kill_server() { server_.reset(); }
  /// Starts the runs; false where one is refused.
  bool start_runs();
  /// How many have completed, as the server says.
  int completed() const;
  /// The log's last position, once nothing has come for a second, or at `until`.
  std::uint64_t end_of_log(std::chrono::steady_clock::time_point until) const;

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] pid_t process() const { return server_->id(); }
  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  /// `run/ID` of each run.
  [[nodiscard]] const std::vector<std::string>& feeds() const noexcept { return feeds_; }
  [[nodiscard]] std::string data() const { return file("data"); }
  [[nodiscard]] std::string output() const { return read_text(file("server.out")); }

private:
  [[nodiscard]] std::string file(const std::string& name) const {
    return how_.directory + "/" + name;
  }
  bool start_run(int number);

  const live_runs_options how_;
  const int port_ = free_port();
  std::string token_;
  std::vector<std::string> feeds_;
  std::unique_ptr<background_process> server_; ///< killed with SIGKILL when it goes
};

/// Facts of a feed by position: whether they were pruned.
using feed_facts = std::map<std::uint64_t, bool>;

/// What a data directory's log holds, by root, and as `all`.
std::map<std::string, feed_facts> feeds_of_log(const fs::path& data_dir);

} // namespace ash::e2e
