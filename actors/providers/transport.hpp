// The HTTP side of the model providers: one thread that drives all streaming POSTs over libcurl.
// The registry owns it and the providers share it. It verifies TLS, honours the proxy variables,
// bounds every wait and every answer, follows no redirect, and never retries or logs.
#pragma once

#include "actors/providers/provider.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ash::provider {

/// Bounds of one exchange; times in milliseconds.
struct transport_limits {
  std::int64_t connect_ms = 10'000;
  std::int64_t first_byte_ms = 300'000; ///< from the start to the first byte of the answer
  std::int64_t idle_ms = 120'000;       ///< between two bytes of the answer
  std::int64_t total_ms = 3'600'000;
  std::size_t max_bytes = std::size_t{24} << 20;
};

struct http_request {
  std::string url;
  std::vector<std::string> headers; ///< `Name: value`, without control characters
  std::string body;
  transport_limits limits;
};

/// How an exchange ended. `why` is set where no whole answer came; `status` may be known even then.
struct http_outcome {
  int status = 0; ///< 0: there was no answer
  std::optional<std::int64_t> retry_after_ms;
  std::string body; ///< of a status other than 2xx: at most 64 KiB
  std::optional<error> why;
  bool retryable = false; ///< of `why`
  bool was_sent = false;  ///< the whole request left
};

/// What the receiver of bytes wants next.
enum class appetite : std::uint8_t {
  more,
  enough, ///< the answer is whole: what follows does not matter, the end is awaited shortly
  stop,   ///< the bytes make no sense: end the exchange now
};

/// Who is told, on the transport's thread: the bytes of a 2xx answer as they come, then the end,
/// once.
struct http_observer {
  std::function<appetite(std::string_view)> on_bytes;
  std::function<void(http_outcome)> on_end;
};

/// Thread-safe.
class http_transport {
public:
  http_transport();
  /// Stops: see `stop`.
  ~http_transport();
  http_transport(const http_transport&) = delete;
  http_transport& operator=(const http_transport&) = delete;

  /// Begins a POST and returns at once. After `stop`, `on_end` comes at once with
  /// errc::shutting_down, on the calling thread.
  std::shared_ptr<call> post(http_request what, http_observer who);

  /// Runs `task` on the transport's thread; after `stop`, on the calling one.
  void run(std::function<void()> task);

  /// Ends every exchange with errc::cancelled and joins the thread. Further calls do nothing.
  void stop();

private:
  class loop;
  std::shared_ptr<loop> loop_;
};

/// Whether `url` is `http` or `https` with a host.
bool is_http_url(const std::string& url);
/// Whether the host of `url` is this machine's loopback.
bool is_loopback_url(const std::string& url);

} // namespace ash::provider
