// The bytes of one connection, over TCP or TLS, for the protocols above: HTTP, WebSocket and SSE
// are compiled once and not once a kind of stream. Everything happens on the connection's own
// thread.
#pragma once

#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
} // namespace boost::asio

namespace ash::gateway {

/// What is called once when an operation is over; may hold what can't be copied.
class on_io {
public:
  on_io() = default;
  template <class Handler>
  explicit on_io(Handler handler) : held_{std::make_unique<holder<Handler>>(std::move(handler))} {}

  void operator()(boost::system::error_code failed, std::size_t bytes) {
    const auto held = std::move(held_);
    held->call(failed, bytes);
  }

private:
  struct base {
    virtual ~base() = default;
    virtual void call(boost::system::error_code failed, std::size_t bytes) = 0;
  };
  template <class Handler> struct holder final : base {
    explicit holder(Handler h) : handler{std::move(h)} {}
    void call(boost::system::error_code failed, std::size_t bytes) override {
      // The operation's memory goes before what follows it begins.
      auto next = std::move(handler);
      std::move(next)(failed, bytes);
    }
    Handler handler;
  };

  std::unique_ptr<base> held_;
};

class wire {
public:
  virtual ~wire() = default;
  /// The TLS handshake, where there is one.
  virtual void start(on_io then) = 0;
  /// Some bytes, at least one. One read at a time.
  virtual void read_some(std::span<char> into, on_io then) = 0;
  /// All of the pieces, in order; they stay alive until `then`, the span need not. One write at a
  /// time.
  virtual void write(std::span<const std::string_view> pieces, on_io then) = 0;
  /// Says that nothing more will be sent, where the protocol has a way to.
  virtual void finish(on_io then) = 0;
  /// Closes at once: what is under way fails.
  virtual void close() noexcept = 0;

  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return bytes_in_; }
  /// Grows as the client takes what it is sent, also in the middle of a write.
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }

protected:
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

/// A socket that was accepted, which it now owns.
struct accepted_socket {
  int descriptor = -1;
  bool ipv6 = false;
};

std::unique_ptr<wire> make_plain_wire(boost::asio::io_context& on, accepted_socket socket);
std::unique_ptr<wire>
make_tls_wire(boost::asio::io_context& on, accepted_socket socket, boost::asio::ssl::context& with);

} // namespace ash::gateway
