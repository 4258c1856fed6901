// WebSocket clients that cost a bench next to nothing: a handshake, one subscription, and frames
// that are counted or looked at as they come. Only what servers send is understood, unfragmented
// and uncompressed. On 127.0.0.1.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ash::bench {

class feed_socket {
public:
  /// Connects and subscribes to a feed after `after` (JSON). Ends the bench where that fails.
  feed_socket(std::uint16_t port,
              const std::string& token,
              std::string_view feed,
              std::string_view after);
  ~feed_socket();
  feed_socket(feed_socket&& from) noexcept;
  feed_socket& operator=(feed_socket&&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return socket_; }
  /// Reads what is there (waiting for something where `descriptor` is blocking), and calls `take`
  /// with each frame's text. False once the server has closed.
  bool read(const std::function<void(std::string_view)>& take);
  void make_non_blocking() const;

private:
  void send(char kind, std::string_view text) const;

  int socket_ = -1;
  std::string pending_; ///< the beginning of a frame whose rest has not come
};

} // namespace ash::bench
