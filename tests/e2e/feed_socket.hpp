// WebSocket clients of the live feeds that cost next to nothing, so that one process has thousands:
// a handshake, subscriptions, and frames that are looked at as they come. Only what our server
// sends is understood, unfragmented and uncompressed. On 127.0.0.1.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <vector>

namespace ash::e2e {

class feed_socket {
public:
  /// How much the system may keep for a client that does not read.
  enum class room : std::uint8_t { usual, little };

  /// Connects. Throws `std::runtime_error` where that fails.
  feed_socket(int port, const std::string& token, room kept = room::usual);
  /// The same, and subscribes as `a` to a feed after `after` (JSON).
  feed_socket(int port, const std::string& token, std::string_view feed, std::string_view after);
  ~feed_socket();
  feed_socket(feed_socket&& from) noexcept;
  feed_socket& operator=(feed_socket&&) = delete;

  /// `after`: JSON.
  void subscribe(std::string_view id, std::string_view feed, std::string_view after) const;
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

/// Many clients on one thread.
class feed_crowd {
public:
  explicit feed_crowd(std::size_t size) { sockets_.reserve(size); }
  feed_crowd(const feed_crowd&) = delete;
  feed_crowd& operator=(const feed_crowd&) = delete;
  ~feed_crowd();

  void add(feed_socket one);
  /// For so long calls `take` with the number of a client and the text of a frame that came. Throws
  /// `std::runtime_error` where the server has closed a client's connection.
  void read_for(std::int64_t time_us,
                const std::function<void(std::size_t, std::string_view)>& take);

private:
  int all_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<feed_socket> sockets_;
  std::vector<epoll_event> ready_{1'024};
};

} // namespace ash::e2e
