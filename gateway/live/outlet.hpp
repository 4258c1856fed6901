// What one live client is sent, as its transport sees it: WebSocket and SSE connections pull frames
// from an outlet as fast as their client takes them, so nothing is queued for a client that does
// not read. Not thread-safe: a connection calls it from one strand.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ash::gateway {

/// One message, as three pieces to be written one after the other: the middle one is shared by all
/// who are sent the same event.
struct frame {
  std::string head;
  std::shared_ptr<const std::string> shared; ///< null: nothing
  std::string_view tail;                     ///< of static storage
};

/// Why the server ends a connection. For SSE only the frames before it are seen.
struct closing {
  std::uint16_t code = 1000; ///< WebSocket close code
  std::string reason;        ///< at most 123 bytes
};

class outlet {
public:
  virtual ~outlet() = default;
  /// The next frame; none where nothing can be sent now. Reads at most from the log, never waits.
  virtual std::optional<frame> next() = 0;
  /// Set once the connection is to be closed, after `next` has given its last frame.
  [[nodiscard]] virtual std::optional<closing> ending() const = 0;
  /// `wake` is called, from any thread, when `next` may give something again.
  virtual void on_ready(std::function<void()> wake) = 0;
  /// The client took everything that it was sent so far. (It is stalled when this does not come.)
  virtual void taken(std::chrono::steady_clock::time_point now) = 0;
  /// Called about once a second: heartbeats and time limits.
  virtual void tick(std::chrono::steady_clock::time_point now) = 0;
  /// The server stops: says so in a last frame, and ends.
  virtual void shut_down(std::string_view reason) = 0;
};

/// The outlet of a WebSocket, which is also told what its client says.
class conversation : public outlet {
public:
  /// One whole text message. Anything wrong with it is answered in a frame or by `ending`.
  virtual void on_message(std::string_view text) = 0;
};

} // namespace ash::gateway
