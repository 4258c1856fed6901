#include "gateway/http/connections.hpp"
#include "gateway/http/frame_batch.hpp"
#include "gateway/http/response_text.hpp"

namespace ash::gateway {
namespace {

using boost::system::error_code;
using std::chrono::steady_clock;

class sse_connection final : public connection,
                             public std::enable_shared_from_this<sse_connection> {
public:
  sse_connection(connection_parts with, std::unique_ptr<outlet> from, std::string head)
      : with_{std::move(with)}, from_{std::move(from)}, head_{std::move(head)} {
    ++with_.of->counts.sse;
  }
  ~sse_connection() override {
    with_.count_bytes();
    --with_.of->counts.sse;
  }

  void begin() {
    from_->on_ready([weak = weak_from_this(), on = with_.on] { on->wake(weak); });
    const std::string_view head{head_};
    write({&head, 1});
    watch();
  }

  void woken() override { run(); }

  void tick(steady_clock::time_point now) override {
    if (over_)
      return;
    with_.count_bytes();
    from_->tick(now);
    if (with_.bytes->bytes_out() != seen_bytes_ || !writing_) {
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
  /// Nothing is expected from the client: whatever comes, its end most of all, ends the stream.
  void watch() {
    with_.bytes->read_some(
        room_, on_io{[self = shared_from_this()](error_code, std::size_t) { self->close(); }});
  }

  void run() {
    if (writing_ || over_)
      return;
    while (!batch_.full()) {
      auto one = from_->next();
      if (!one)
        break;
      batch_.add(std::move(*one));
    }
    if (!batch_.empty()) {
      with_.of->counts.frames_out += batch_.count();
      write(batch_.pieces());
    } else if (from_->ending()) {
      end();
    }
  }

  void write(std::span<const std::string_view> pieces) {
    writing_ = true;
    with_.bytes->write(pieces, on_io{[self = shared_from_this()](error_code failed, std::size_t) {
                         self->written(failed);
                       }});
  }

  void written(error_code failed) {
    writing_ = false;
    head_ = {};
    batch_.clear();
    if (failed)
      return close();
    if (over_)
      return;
    if (ended_) {
      with_.bytes->finish(
          on_io{[self = shared_from_this()](error_code, std::size_t) { self->close(); }});
      return;
    }
    from_->taken(steady_clock::now());
    run();
  }

  void end() {
    static constexpr std::string_view last_chunk = "0\r\n\r\n";
    ended_ = true;
    write({&last_chunk, 1});
  }

  connection_parts with_;
  std::unique_ptr<outlet> from_;
  std::string head_;
  frame_batch batch_{framing::chunked};
  std::array<char, 64> room_{};
  std::uint64_t seen_bytes_ = 0;
  steady_clock::time_point seen_at_ = steady_clock::now();
  bool writing_ = false;
  bool ended_ = false;
  bool over_ = false;
};

} // namespace

void begin_sse(connection_parts with,
               std::unique_ptr<outlet> from,
               std::vector<std::pair<std::string, std::string>> headers) {
  auto on = with.on;
  const auto made = std::make_shared<sse_connection>(
      std::move(with), std::move(from), event_stream_head(headers));
  on->add(made);
  made->begin();
}

} // namespace ash::gateway
