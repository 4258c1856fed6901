// A server over an API, conversations and event streams that do as a test says, on a free port of
// 127.0.0.1.
#pragma once

#include "gateway/http/server.hpp"
#include "tests/gateway/http/raw_client.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace ash::gateway::testing {

inline const std::string secret(64, 'a');
inline const std::string with_token = "Authorization: Bearer " + secret + "\r\n";

/// Holds requests to `/api/v1/held` until it is opened.
class barrier {
public:
  void pass();
  void open();
  void wait_for(std::size_t held);

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t held_ = 0;
  bool open_ = false;
};

/// The API answers {METHOD} {PATH} {size of the body}. A WebSocket answers each message with
/// itself, but for `flood` (frames without end), `large` (one frame of 100 kB), `leave` (it ends
/// with code 4000). The event stream of the feed `three` has three events and ends, that of
/// `flood` never ends, that of `none` does not exist, others only stay open. All of them say `bye`
/// when the server stops.
class a_server {
public:
  explicit a_server(const std::function<void(server_options&)>& change = {});
  ~a_server();
  a_server(const a_server&) = delete;
  a_server& operator=(const a_server&) = delete;

  [[nodiscard]] int port() const { return server_->port(); }
  [[nodiscard]] raw_client connect() const { return raw_client{port()}; }
  /// One request on a connection of its own.
  [[nodiscard]] raw_client::answer ask(const std::string& start_line,
                                       const std::string& headers = {},
                                       const std::string& body = {}) const;
  [[nodiscard]] server_counters counters() const { return server_->counters(); }
  /// Waits until it is so, for `patience` at most.
  [[nodiscard]] bool comes_to(const std::function<bool(const server_counters&)>& state,
                              std::chrono::seconds patience = std::chrono::seconds{20}) const;
  void stop() { server_->stop("bye", std::chrono::seconds{10}); }

  barrier held;
  std::atomic<std::uint64_t> frames_given = 0; ///< by outlets that flood
  std::atomic<int> outlets = 0;                ///< that live

private:
  std::unique_ptr<server> server_;
};

} // namespace ash::gateway::testing
