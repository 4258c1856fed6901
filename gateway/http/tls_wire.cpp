#include "gateway/http/wire.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace ash::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using socket_type = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// More than one TLS record at a time is of no use: each is encrypted by itself.
constexpr std::size_t record_bytes = 16 * 1024;

class tls_wire final : public wire {
public:
  tls_wire(asio::io_context& on, accepted_socket socket, asio::ssl::context& with)
      : stream_{socket_type{
                    on, socket.ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket.descriptor},
                with} {}

  void start(on_io then) override {
    stream_.async_handshake(
        asio::ssl::stream_base::server,
        [then = std::move(then)](error_code failed) mutable { then(failed, 0); });
  }

  void read_some(std::span<char> into, on_io then) override {
    stream_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [this, then = std::move(then)](error_code failed, std::size_t bytes) mutable {
          bytes_in_ += bytes;
          then(failed, bytes);
        });
  }

  void write(std::span<const std::string_view> pieces, on_io then) override {
    // Joined, since each buffer would become a record of its own.
    joined_.clear();
    for (const auto& each : pieces)
      joined_ += each;
    taken_ = 0;
    write_on(std::move(then));
  }

  void finish(on_io then) override {
    stream_.async_shutdown(
        [then = std::move(then)](error_code failed) mutable { then(failed, 0); });
  }

  void close() noexcept override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

private:
  void write_on(on_io then) {
    const auto rest = std::string_view{joined_}.substr(taken_, record_bytes);
    stream_.async_write_some(
        asio::buffer(rest.data(), rest.size()),
        [this, then = std::move(then)](error_code failed, std::size_t bytes) mutable {
          bytes_out_ += bytes;
          taken_ += bytes;
          if (failed || taken_ == joined_.size())
            end_write(failed, std::move(then));
          else
            write_on(std::move(then));
        });
  }

  void end_write(error_code failed, on_io then) {
    if (joined_.capacity() > 2 * record_bytes)
      std::string{}.swap(joined_); // one large answer is not kept for the connection's life
    then(failed, taken_);
  }

  asio::ssl::stream<socket_type> stream_;
  std::string joined_;
  std::size_t taken_ = 0;
};

} // namespace

std::unique_ptr<wire>
make_tls_wire(asio::io_context& on, accepted_socket socket, asio::ssl::context& with) {
  return std::make_unique<tls_wire>(on, socket, with);
}

} // namespace ash::gateway
