// The HTTP server: one listener, plain or TLS, with HTTP/1.1, WebSocket and SSE on it. It checks
// who asks and bounds what is sent; what is answered comes from `services`. It knows no log, no
// actor and no read model.
#pragma once

#include "events/base/result.hpp"
#include "gateway/http/message.hpp"
#include "gateway/live/outlet.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ash::gateway {

/// What one client, and all of them together, may take. Times are kept to the second.
struct server_limits {
  std::size_t connections = 16'384; ///< less where the process may not have so many open files
  std::size_t unknown_connections = 1'024; ///< of one address, before it has shown the token
  std::size_t header_bytes = 16 * 1024;
  std::size_t target_bytes = 8 * 1024;
  std::size_t body_bytes = std::size_t{1} << 20;
  std::size_t message_bytes = 64 * 1024; ///< of a WebSocket, from the client, inflated
  std::chrono::seconds header_time{10};  ///< from the connection or a request's first byte
  std::chrono::seconds body_time{30};
  std::chrono::seconds idle_time{60}; ///< between two requests
  /// Without the client taking any byte of what it is sent; a WebSocket that says nothing is
  /// pinged after half of it.
  std::chrono::seconds stall_time{60};
  std::size_t waiting_requests = 256; ///< for a worker; beyond it 503
};

struct server_options {
  std::string address = "127.0.0.1"; ///< an IP address
  std::uint16_t port = 7777;         ///< 0: any free one
  std::string certificate_file;      ///< PEM, with its chain; empty: no TLS
  std::string key_file;              ///< PEM
  std::string token;                 ///< never empty
  std::vector<std::string> hosts;    ///< names it may be called by, besides localhost and addresses
  bool metrics_public = false;
  std::string version;
  std::size_t io_threads = 2;
  std::size_t worker_threads = 8;
  server_limits limits = {};
};

/// A file of the page. `path` begins with `/`; `/index.html` stands for `/` too.
struct static_file {
  std::string_view path;
  std::string_view bytes;
};

enum class route_class : std::uint8_t { health, metrics, api, websocket, sse, page, refused };
constexpr std::size_t route_classes = 7;
std::string_view to_string(route_class which) noexcept;

/// One request that was answered, for the metrics. Of a WebSocket or SSE only its start.
struct answered {
  route_class route = route_class::refused;
  std::string_view method;
  int status = 0;
  std::chrono::microseconds took{0};
  std::size_t request_bytes = 0;
  std::size_t response_bytes = 0;
};

/// Who opens a live connection, and how.
struct live_request {
  gateway::request request;
  bool authorised = false; ///< false: the first frame has to bring the token
};

struct readiness {
  bool ready = true;
  std::string body = R"({"status":"ready"})"; ///< JSON
};

/// What the server hands requests to. All but `api` are called from the connections' own threads
/// and must not block; an empty function means that there is no such thing here (404).
struct services {
  request_handler api; ///< on a worker thread
  std::function<std::unique_ptr<conversation>(const live_request&)> make_conversation;
  std::function<result<std::unique_ptr<outlet>>(const live_request&)> make_sse;
  std::function<std::string()> metrics; ///< on a worker thread
  std::function<readiness()> ready;
  std::function<void(const answered&)> on_answered;
  std::function<void(std::string_view)> complain; ///< one line for the operator
  std::span<const static_file> files;
};

/// How it is now, and since its start.
struct server_counters {
  std::uint64_t connections = 0; ///< open, WebSockets and SSE among them
  std::uint64_t websockets = 0;
  std::uint64_t sse = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused_connections = 0; ///< over a limit
  std::uint64_t timed_out = 0;           ///< closed for a request that did not come whole in time
  std::uint64_t stalled = 0;             ///< closed for a client that took nothing
  std::uint64_t tls_failures = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_in = 0;  ///< WebSocket messages from clients
  std::uint64_t frames_out = 0; ///< frames given to clients, WebSocket and SSE
  std::uint64_t waiting_requests = 0;
  /// By route class, then by the status' first digit (index 0 is 1xx).
  std::array<std::array<std::uint64_t, 5>, route_classes> requests{};
};

/// Thread-safe, but for `stop`.
class server {
public:
  /// Binds the address; `start` begins to serve. Errors: `argument_invalid` (an address that is
  /// none, a bind beyond this machine without TLS, a certificate without a key), `config_invalid`
  /// (a certificate that can't be used), `io_failed` (the address is in use).
  static result<std::unique_ptr<server>> make(server_options options, services with);
  /// Stops without grace.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Takes connections, and serves them from threads of its own. Once.
  void start();
  /// Takes no more connections, tells live clients the reason (at most 100 bytes), lets what is
  /// being answered end for `grace`, then closes the rest. Idempotent.
  void stop(std::string_view reason, std::chrono::milliseconds grace);

  /// `http://127.0.0.1:7777`, without a slash at its end.
  [[nodiscard]] const std::string& url() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] server_counters counters() const;
  /// Runs something that may block on a worker thread. False where too much waits there already.
  bool run_on_worker(std::function<void()> job);

private:
  class parts;
  explicit server(std::unique_ptr<parts> with);

  std::unique_ptr<parts> parts_;
};

/// Whether a server may start with these, before anything of it exists. Errors: those of `make`
/// that are `argument_invalid`.
result<void> check_options(const server_options& options);

/// Whether an IP address is of this machine alone. Errors: `argument_invalid`.
result<bool> is_loopback(const std::string& address);

} // namespace ash::gateway
