#include "gateway/http/connections.hpp"
#include "gateway/http/frame_batch.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

namespace ash::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using std::chrono::steady_clock;

/// Below this, compressing costs more than it saves.
constexpr std::size_t compressed_bytes = 2 * 1024;
constexpr int window_bits = 10;
constexpr int largest_window_bits = 15;
constexpr int memory_level = 2;

/// The writes of a WebSocket, one after the other and each as a whole, so that Beast's control
/// frames and our own batches of frames never mix. What is under way keeps it alive: Beast's own
/// pings may outlive their WebSocket.
class write_line : public std::enable_shared_from_this<write_line> {
public:
  explicit write_line(std::shared_ptr<wire> bytes) : bytes_{std::move(bytes)} {}

  void write(std::vector<std::string_view> pieces, on_io then) {
    waiting_.push_back({std::move(pieces), std::move(then)});
    if (!writing_)
      write_next();
  }
  [[nodiscard]] bool writing() const noexcept { return writing_; }
  wire& bytes() noexcept { return *bytes_; }

private:
  struct job {
    std::vector<std::string_view> pieces;
    on_io then;
  };

  void write_next() {
    writing_ = true;
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_->write(one.pieces,
                  on_io{[self = shared_from_this(),
                         then = std::move(one.then)](error_code failed, std::size_t bytes) mutable {
                    self->writing_ = false;
                    if (!self->waiting_.empty())
                      self->write_next();
                    then(failed, bytes);
                  }});
  }

  std::shared_ptr<wire> bytes_;
  std::deque<job> waiting_;
  bool writing_ = false;
};

/// The bytes beneath a WebSocket as Beast wants to see them.
class shared_wire {
public:
  using executor_type = asio::io_context::executor_type;

  shared_wire(std::shared_ptr<write_line> line, asio::io_context& on, std::string first)
      : line_{std::move(line)}, on_{on}, first_{std::move(first)} {}

  executor_type get_executor() noexcept { return on_.get_executor(); }

  template <class Buffers, class Token> auto async_read_some(const Buffers& into, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, asio::mutable_buffer room) { read(room, on_io{std::move(handler)}); },
        token,
        first_of(into));
  }

  template <class Buffers, class Token> auto async_write_some(const Buffers& from, Token&& token) {
    std::vector<std::string_view> pieces;
    for (auto at = asio::buffer_sequence_begin(from); at != asio::buffer_sequence_end(from); ++at) {
      const asio::const_buffer one{*at};
      pieces.emplace_back(static_cast<const char*>(one.data()), one.size());
    }
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [line = line_](auto handler, std::vector<std::string_view> all) {
          line->write(std::move(all), on_io{std::move(handler)});
        },
        token,
        std::move(pieces));
  }

  wire& bytes() noexcept { return line_->bytes(); }

private:
  template <class Buffers> static asio::mutable_buffer first_of(const Buffers& of) {
    for (auto at = asio::buffer_sequence_begin(of); at != asio::buffer_sequence_end(of); ++at)
      if (asio::mutable_buffer{*at}.size() > 0)
        return *at;
    return {};
  }

  void read(asio::mutable_buffer into, on_io then) {
    if (first_.empty()) {
      bytes().read_some({static_cast<char*>(into.data()), into.size()}, std::move(then));
      return;
    }
    const auto used = asio::buffer_copy(into, asio::buffer(first_));
    first_.erase(0, used);
    asio::post(on_, [used, then = std::move(then)]() mutable { then({}, used); });
  }

  std::shared_ptr<write_line> line_;
  asio::io_context& on_;
  std::string first_; ///< came with the upgrade
};

// What Beast looks for when a WebSocket ends or takes too long.
[[maybe_unused]] void teardown(beast::role_type, shared_wire& of, error_code& failed) {
  of.bytes().close();
  failed = {};
}
template <class Handler> void async_teardown(beast::role_type, shared_wire& of, Handler&& handler) {
  of.bytes().finish(on_io{[handler = std::forward<Handler>(handler)](
                              error_code failed, std::size_t) mutable { handler(failed); }});
}
[[maybe_unused]] void beast_close_socket(shared_wire& of) {
  of.bytes().close();
}

using request_type = beast::http::request<beast::http::empty_body>;

request_type beast_request(const request& asked) {
  request_type out{beast::http::verb::get, asked.path, 11};
  for (const auto& [name, value] : asked.headers)
    out.set(name, value);
  return out;
}

class ws_connection final : public connection, public std::enable_shared_from_this<ws_connection> {
public:
  ws_connection(connection_parts with, upgrade asked)
      : with_{std::move(with)}, asked_{std::move(asked)}, line_{std::make_shared<write_line>(
                                                              with_.bytes)},
        socket_{line_, with_.on->context(), std::move(asked_.leftover)} {
    ++with_.of->counts.websockets;
  }
  ~ws_connection() override {
    with_.count_bytes();
    --with_.of->counts.websockets;
  }

  void begin() {
    set_options();
    request_ = std::make_unique<request_type>(beast_request(asked_.asked.request));
    socket_.async_accept(*request_,
                         [self = shared_from_this()](error_code failed) { self->opened(failed); });
  }

  void woken() override { run(); }

  void tick(steady_clock::time_point now) override {
    if (over_)
      return;
    with_.count_bytes();
    if (from_)
      from_->tick(now);
    if (with_.bytes->bytes_out() != seen_bytes_ || !writes()) {
      seen_bytes_ = with_.bytes->bytes_out();
      seen_at_ = now;
    } else if (now - seen_at_ >= with_.of->options.limits.stall_time) {
      ++with_.of->counts.stalled;
      return close();
    }
    run();
  }

  void stop(std::string_view reason) override {
    if (over_)
      return;
    if (!from_)
      return close();
    from_->shut_down(reason);
    run();
  }

  void close() noexcept override {
    if (over_)
      return;
    over_ = true;
    with_.bytes->close();
    with_.on->remove(this);
  }

private:
  [[nodiscard]] const server_limits& limits() const { return with_.of->options.limits; }
  [[nodiscard]] bool writes() { return writing_ || line_->writing(); }

  void set_options() {
    websocket::permessage_deflate compression;
    compression.server_enable = true;
    compression.server_max_window_bits = window_bits;
    // Less can only be asked of a client that offers it.
    const auto& headers = asked_.asked.request.headers;
    const auto offered = headers.find("sec-websocket-extensions");
    compresses_ = offered != headers.end();
    const bool offers_less =
        compresses_ && offered->second.find("client_max_window_bits") != std::string::npos;
    compression.client_max_window_bits = offers_less ? window_bits : largest_window_bits;
    compression.compLevel = 1;
    compression.memLevel = memory_level;
    socket_.set_option(compression);
    websocket::stream_base::timeout times;
    times.handshake_timeout = limits().header_time;
    times.idle_timeout = limits().stall_time;
    times.keep_alive_pings = true;
    socket_.set_option(times);
    socket_.set_option(websocket::stream_base::decorator(
        [more = asked_.headers](websocket::response_type& answer) {
          answer.set(beast::http::field::server, "actor-shell");
          answer.set(beast::http::field::sec_websocket_protocol, websocket_protocol);
          for (const auto& [name, value] : more)
            answer.set(name, value);
        }));
    socket_.read_message_max(limits().message_bytes);
    socket_.text(true);
  }

  void opened(error_code failed) {
    request_.reset();
    if (failed || over_)
      return close();
    from_ = with_.of->with.make_conversation(asked_.asked);
    if (asked_.asked.authorised)
      with_.who.know();
    asked_ = {};
    from_->on_ready([weak = weak_from_this(), on = with_.on] { on->wake(weak); });
    read();
    run();
  }

  // -- from the client ----------------------------------------------------------------------------

  void read() {
    socket_.async_read(said_, [self = shared_from_this()](error_code failed, std::size_t) {
      self->heard(failed);
    });
  }

  void heard(error_code failed) {
    if (over_)
      return;
    if (failed) {
      if (failed == beast::error::timeout && writes())
        ++with_.of->counts.stalled; // it did not even take a ping
      return close(); // Beast has answered what there was to answer, the reason of a fault too
    }
    ++with_.of->counts.frames_in;
    if (!socket_.got_text())
      return end({websocket::close_code::unknown_data, "only text messages are spoken here"});
    const auto text = said_.cdata();
    from_->on_message({static_cast<const char*>(text.data()), text.size()});
    said_.clear();
    if (said_.capacity() > limits().message_bytes / 4)
      said_ = {}; // one large message is not kept for the connection's life
    if (!from_->ending())
      with_.who.know(); // the first message had to bring the token, had it not been shown before
    run();
    if (!ending_ && !over_)
      read();
  }

  // -- to the client ------------------------------------------------------------------------------

  void run() {
    if (writing_ || over_ || ending_ || !from_ || !socket_.is_open())
      return;
    while (!batch_.full() && !large_) {
      auto one = from_->next();
      if (!one)
        break;
      ++with_.of->counts.frames_out;
      if (compresses_ && size_of(*one) >= compressed_bytes)
        join(std::move(*one));
      else
        batch_.add(std::move(*one));
    }
    if (!batch_.empty())
      write_batch();
    else if (large_)
      write_large();
    else if (const auto why = from_->ending())
      end(*why);
  }

  void join(frame one) {
    large_ = std::make_unique<std::string>(std::move(one.head));
    if (one.shared)
      *large_ += *one.shared;
    *large_ += one.tail;
  }

  void write_batch() {
    writing_ = true;
    const auto pieces = batch_.pieces();
    line_->write({pieces.begin(), pieces.end()},
                 on_io{[self = shared_from_this()](error_code failed, std::size_t) {
                   self->batch_.clear();
                   self->written(failed);
                 }});
  }

  void write_large() {
    writing_ = true;
    socket_.async_write(asio::buffer(*large_),
                        [self = shared_from_this()](error_code failed, std::size_t) {
                          self->large_.reset();
                          self->written(failed);
                        });
  }

  void written(error_code failed) {
    writing_ = false;
    if (failed)
      return close();
    if (over_)
      return;
    if (!large_)
      from_->taken(steady_clock::now());
    run();
  }

  void end(const closing& why) {
    if (ending_)
      return;
    ending_ = true;
    websocket::close_reason reason{why.code};
    constexpr std::size_t longest = 123;
    reason.reason.assign(why.reason.data(), std::min(why.reason.size(), longest));
    socket_.async_close(reason, [self = shared_from_this()](error_code) { self->close(); });
  }

  connection_parts with_;
  upgrade asked_;
  std::shared_ptr<write_line> line_;
  websocket::stream<shared_wire> socket_;
  std::unique_ptr<request_type> request_;
  std::unique_ptr<conversation> from_;
  beast::flat_buffer said_;
  frame_batch batch_{framing::websocket};
  std::unique_ptr<std::string> large_; ///< one message on its way through the compressor
  std::uint64_t seen_bytes_ = 0;
  steady_clock::time_point seen_at_ = steady_clock::now();
  bool compresses_ = false;
  bool writing_ = false;
  bool ending_ = false;
  bool over_ = false;
};

} // namespace

void begin_websocket(connection_parts with, upgrade asked) {
  auto on = with.on;
  const auto made = std::make_shared<ws_connection>(std::move(with), std::move(asked));
  on->add(made);
  made->begin();
}

} // namespace ash::gateway
