#include "gateway/http/wire.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <vector>

namespace ash::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using socket_type = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class plain_wire final : public wire {
public:
  plain_wire(asio::io_context& on, accepted_socket socket)
      : socket_{on, socket.ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket.descriptor} {}

  void start(on_io then) override { later({}, std::move(then)); }

  void read_some(std::span<char> into, on_io then) override {
    socket_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [this, then = std::move(then)](error_code failed, std::size_t bytes) mutable {
          bytes_in_ += bytes;
          then(failed, bytes);
        });
  }

  void write(std::span<const std::string_view> pieces, on_io then) override {
    left_.clear();
    written_ = 0;
    for (const auto& each : pieces)
      if (!each.empty())
        left_.emplace_back(each.data(), each.size());
    first_ = 0;
    write_on(std::move(then));
  }

  void finish(on_io then) override {
    error_code failed;
    socket_.shutdown(asio::socket_base::shutdown_send, failed);
    later(failed, std::move(then));
  }

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

private:
  /// Nobody is called back from within the call that asked for it.
  void later(error_code failed, on_io then) {
    asio::post(socket_.get_executor(),
               [failed, then = std::move(then)]() mutable { then(failed, 0); });
  }

  /// What is called in the end belongs to the operation under way, and not to the wire, which it
  /// keeps alive.
  void write_on(on_io then) {
    socket_.async_write_some(
        std::span<const asio::const_buffer>{left_}.subspan(first_),
        [this, then = std::move(then)](error_code failed, std::size_t bytes) mutable {
          bytes_out_ += bytes;
          written_ += bytes;
          take(bytes);
          if (failed || first_ == left_.size())
            then(failed, written_);
          else
            write_on(std::move(then));
        });
  }

  void take(std::size_t bytes) {
    while (first_ < left_.size() && bytes >= left_[first_].size())
      bytes -= left_[first_++].size();
    if (bytes > 0)
      left_[first_] += bytes;
  }

  socket_type socket_;
  std::vector<asio::const_buffer> left_;
  std::size_t first_ = 0;
  std::size_t written_ = 0;
};

} // namespace

std::unique_ptr<wire> make_plain_wire(asio::io_context& on, accepted_socket socket) {
  return std::make_unique<plain_wire>(on, socket);
}

} // namespace ash::gateway
