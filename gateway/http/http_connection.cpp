#include "events/base/text.hpp"
#include "gateway/api/problem.hpp"
#include "gateway/http/connections.hpp"
#include "gateway/http/response_text.hpp"
#include "gateway/http/static_files.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace ash::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;
using executor = asio::io_context::executor_type;
template <class T> using task = asio::awaitable<T, executor>;
using parser_type = http::request_parser<http::string_body>;

constexpr asio::as_tuple_t<asio::use_awaitable_t<executor>> and_wait{};
constexpr std::size_t read_bytes = 4'096;
/// What a client may still send after it was refused, so that it reads the answer before it hears
/// that nobody listens.
constexpr std::size_t linger_bytes = std::size_t{2} << 20;
constexpr std::chrono::seconds linger_time{2};

struct io_result {
  error_code failed;
  std::size_t bytes = 0;
};

task<io_result> read_some(wire& from, std::span<char> into) {
  const auto [failed, bytes] =
      co_await asio::async_initiate<decltype(and_wait), void(error_code, std::size_t)>(
          [&from, into](auto handler) { from.read_some(into, on_io{std::move(handler)}); },
          and_wait);
  co_return io_result{failed, bytes};
}

task<io_result> write_all(wire& to, std::span<const std::string_view> pieces) {
  const auto [failed, bytes] =
      co_await asio::async_initiate<decltype(and_wait), void(error_code, std::size_t)>(
          [&to, pieces](auto handler) { to.write(pieces, on_io{std::move(handler)}); }, and_wait);
  co_return io_result{failed, bytes};
}

task<io_result> start(wire& one) {
  const auto [failed, bytes] =
      co_await asio::async_initiate<decltype(and_wait), void(error_code, std::size_t)>(
          [&one](auto handler) { one.start(on_io{std::move(handler)}); }, and_wait);
  co_return io_result{failed, bytes};
}

task<io_result> finish(wire& one) {
  const auto [failed, bytes] =
      co_await asio::async_initiate<decltype(and_wait), void(error_code, std::size_t)>(
          [&one](auto handler) { one.finish(on_io{std::move(handler)}); }, and_wait);
  co_return io_result{failed, bytes};
}

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// What a request that is none is answered with.
response refusal_of(error_code why, const server_limits& limits) {
  if (why == http::error::header_limit)
    return refusal(431,
                   refuse(errc::request_too_large,
                          "the request's head is larger than " +
                              std::to_string(limits.header_bytes) + " bytes"));
  if (why == http::error::body_limit)
    return refusal(413,
                   refuse(errc::request_too_large,
                          "the request's body is larger than " + std::to_string(limits.body_bytes) +
                              " bytes"));
  if (why == http::error::bad_version)
    return refusal(505, refuse(errc::request_malformed, "only HTTP/1.1 and HTTP/1.0 are spoken"));
  return problem(refuse(errc::request_malformed, "this is no HTTP request: " + why.message()));
}

class http_connection final : public connection,
                              public std::enable_shared_from_this<http_connection> {
public:
  explicit http_connection(connection_parts with) : with_{std::move(with)} {}
  ~http_connection() override {
    if (with_.bytes) // else it was handed on
      with_.count_bytes();
  }

  void begin() {
    limit(limits().header_time);
    asio::co_spawn(
        with_.on->context().get_executor(),
        [self = shared_from_this()] { return self->live(); },
        asio::detached);
  }

  void woken() override {}

  void tick(steady_clock::time_point now) override {
    if (!with_.bytes)
      return;
    with_.count_bytes();
    if (!deadline_)
      return;
    if (stage_ == stage::answering && with_.bytes->bytes_out() != seen_bytes_) {
      seen_bytes_ = with_.bytes->bytes_out();
      limit(limits().stall_time);
    } else if (now >= *deadline_) {
      give_up();
    }
  }

  /// Whoever has not sent the head of a request by now is owed no answer, and nobody waits for it.
  void stop(std::string_view) override {
    stopping_ = true;
    const bool no_request =
        stage_ == stage::reading && !(parser_.has_value() && parser_->is_header_done());
    if (stage_ == stage::waiting || no_request)
      close();
  }

  void close() noexcept override {
    if (with_.bytes)
      with_.bytes->close();
  }

private:
  /// What the connection does now, and so what a time limit that is over means.
  enum class stage : std::uint8_t { waiting, reading, working, answering, lingering };

  [[nodiscard]] const server_limits& limits() const { return with_.of->options.limits; }

  void limit(std::chrono::seconds from_now) { deadline_ = steady_clock::now() + from_now; }

  void give_up() {
    if (stage_ == stage::answering)
      ++with_.of->counts.stalled;
    else if (stage_ == stage::reading)
      ++with_.of->counts.timed_out;
    if (stage_ == stage::reading) {
      // It began and did not end: it is told so, as far as it listens.
      constexpr std::string_view late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                                        "Connection: close\r\n\r\n";
      deadline_ = steady_clock::now() + linger_time;
      stage_ = stage::lingering;
      with_.bytes->write({&late, 1}, on_io{[self = shared_from_this()](error_code, std::size_t) {
                           self->close();
                         }});
      return;
    }
    close();
  }

  task<void> live() {
    const auto self = shared_from_this();
    const auto on = with_.on;
    const auto begun = co_await start(*with_.bytes);
    if (begun.failed)
      ++with_.of->counts.tls_failures;
    else
      co_await serve();
    close();
    on->remove(this);
  }

  /// Until the connection is over, or has become another kind of connection.
  task<void> serve() {
    bool first = true;
    for (;;) {
      stage_ = in_.empty() && !first ? stage::waiting : stage::reading;
      limit(stage_ == stage::waiting ? limits().idle_time : limits().header_time);
      first = false;
      if (stopping_ && in_.empty())
        co_return;
      parser_.emplace();
      parser_->header_limit(static_cast<std::uint32_t>(limits().header_bytes));
      parser_->body_limit(limits().body_bytes);
      const auto failed = co_await read_until(part::head);
      if (failed) {
        co_await refuse_what_came(failed);
        co_return;
      }
      const auto then = co_await answer_one();
      if (then == after_answer::close)
        co_return;
    }
  }

  // -- reading ------------------------------------------------------------------------------------

  enum class part : std::uint8_t { head, all };

  [[nodiscard]] bool has(part which) const {
    return which == part::head ? parser_->is_header_done() : parser_->is_done();
  }

  /// Feeds the parser until it has that part.
  task<error_code> read_until(part which) {
    while (!has(which)) {
      error_code failed;
      const auto used = parser_->put(asio::buffer(in_), failed);
      if (which == part::head)
        head_bytes_ += used;
      in_.erase(0, used);
      if (failed && failed != http::error::need_more)
        co_return failed;
      if (has(which) || (!failed && used > 0))
        continue;
      // The longest thing that has to be whole before it is understood is the head.
      if (in_.size() > limits().header_bytes)
        co_return make_error_code(http::error::header_limit);
      const auto got = co_await read_more();
      if (got)
        co_return got;
    }
    co_return error_code{};
  }

  task<error_code> read_more() {
    const auto before = in_.size();
    in_.resize(before + read_bytes);
    const auto got = co_await read_some(*with_.bytes, {in_.data() + before, read_bytes});
    in_.resize(before + got.bytes);
    if (got.failed)
      co_return got.failed;
    if (stage_ == stage::waiting) {
      stage_ = stage::reading;
      limit(limits().header_time);
    }
    co_return error_code{};
  }

  task<void> refuse_what_came(error_code why) {
    const bool is_ours = why.category() == make_error_code(http::error::need_more).category();
    if (!is_ours || stage_ == stage::lingering)
      co_return; // the connection ended
    answered note;
    auto no = refusal_of(why, limits());
    co_await answer(std::move(no), note, after_answer::close);
    co_await linger();
  }

  /// Closing with bytes unread would reset the connection, and take the answer with it.
  task<void> linger() {
    stage_ = stage::lingering;
    limit(linger_time);
    in_ = {};
    std::array<char, read_bytes> rest{};
    if ((co_await finish(*with_.bytes)).failed)
      co_return;
    for (std::size_t seen = 0; seen < linger_bytes;) {
      const auto got = co_await read_some(*with_.bytes, rest);
      if (got.failed)
        co_return;
      seen += got.bytes;
    }
  }

  // -- answering ----------------------------------------------------------------------------------

  [[nodiscard]] request_head head() const {
    const auto& message = parser_->get();
    request_head out;
    out.method = view_of(message.method_string());
    out.target = view_of(message.target());
    out.version = static_cast<int>(message.version());
    for (const auto& field : message)
      out.headers.emplace_back(view_of(field.name_string()), view_of(field.value()));
    return out;
  }

  /// One request of which the head has come.
  task<after_answer> answer_one() {
    const auto began = steady_clock::now();
    answered note;
    const std::string method{view_of(parser_->get().method_string())};
    note.method = method;
    note.request_bytes = std::exchange(head_bytes_, 0);
    auto decided = admit(with_.of->rules, head(), with_.who.client());
    if (auto* no = std::get_if<turned_away>(&decided))
      co_return co_await turn_away(std::move(no->response), note);
    auto& asked = std::get<admitted>(decided);
    note.route = asked.route;
    if (asked.authorised)
      with_.who.know();
    if (const auto failed = co_await read_body(asked)) {
      co_await refuse_what_came(failed);
      co_return after_answer::close;
    }
    note.request_bytes += parser_->get().body().size();
    asked.request.body = std::move(parser_->get().body());
    if (asked.route == route_class::websocket || asked.route == route_class::sse)
      co_return co_await go_live(std::move(asked), note);
    stage_ = stage::working;
    deadline_.reset();
    auto given = co_await answer_of(asked);
    for (auto& each : asked.cors)
      given.headers.push_back(std::move(each));
    note.took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
    const auto then =
        parser_->get().keep_alive() && !stopping_ ? after_answer::keep : after_answer::close;
    co_return co_await answer(std::move(given), note, then);
  }

  /// The connection goes on after a refusal unless there is a body, which nobody will read.
  task<after_answer> turn_away(response no, answered note) {
    const bool has_body =
        !parser_->is_done() || parser_->get().count(http::field::transfer_encoding) > 0;
    const auto then = has_body || stopping_ || !parser_->get().keep_alive() ? after_answer::close
                                                                            : after_answer::keep;
    const auto done = co_await answer(std::move(no), note, then);
    if (done == after_answer::close && has_body)
      co_await linger();
    co_return done;
  }

  task<error_code> read_body(const admitted& asked) {
    // Beast takes what has another coding than `chunked` for a request without a body; what follows
    // would then be read as the next request.
    const auto& headers = asked.request.headers;
    const auto coding = headers.find("transfer-encoding");
    if (coding != headers.end() && (coding->second != "chunked" || parser_->get().version() < 11))
      co_return make_error_code(http::error::bad_transfer_encoding);
    if (parser_->is_done())
      co_return error_code{};
    limit(limits().body_time);
    const auto expects = headers.find("expect");
    if (expects != headers.end() && expects->second == "100-continue" && in_.empty()) {
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      stage_ = stage::answering; // so that no other write begins meanwhile
      const auto told = co_await write_all(*with_.bytes, {&go_on, 1});
      if (told.failed)
        co_return told.failed;
      stage_ = stage::reading;
      limit(limits().body_time);
    }
    co_return co_await read_until(part::all);
  }

  task<response> answer_of(const admitted& asked) {
    // Named, and not made where it is awaited: GCC 12 destroys such temporaries twice.
    auto job = job_of(asked);
    if (job)
      co_return co_await on_worker(std::move(job));
    if (asked.route == route_class::health)
      co_return answer_health(asked.request);
    if (asked.route == route_class::page)
      co_return serve_file(with_.of->with.files, asked.request);
    co_return problem(
        refuse(errc::route_not_found, "there is nothing at " + printable(asked.request.path)));
  }

  /// What a worker does for it; empty where no worker is needed.
  [[nodiscard]] std::function<response()> job_of(const admitted& asked) const {
    const auto& of = with_.of;
    if (asked.route == route_class::metrics && of->with.metrics)
      return [of] {
        response out;
        out.content_type = "text/plain; version=0.0.4; charset=utf-8";
        out.body = of->with.metrics();
        return out;
      };
    if (asked.route == route_class::api && of->with.api)
      return [of, what = to_api(asked.request)] { return of->with.api(what); };
    return {};
  }

  /// A HEAD is a GET of which the body is left out on the way.
  static request to_api(request asked) {
    if (asked.method == "HEAD")
      asked.method = "GET";
    return asked;
  }

  [[nodiscard]] response answer_health(const request& asked) const {
    response out;
    if (asked.path == "/readyz") {
      auto is = with_.of->with.ready ? with_.of->with.ready() : readiness{};
      out.status = is.ready && !stopping_ ? 200 : 503;
      out.body = std::move(is.body);
    } else if (asked.path == "/version") {
      out.body = R"({"name":"actor-shell","version":")" + with_.of->options.version + "\"}";
    } else {
      out.body = R"({"status":"ok"})";
    }
    return out;
  }

  /// Runs a job on a worker, and goes on here with what it gave.
  task<response> on_worker(std::function<response()> job) {
    const auto given = std::make_shared<response>();
    const auto taken = std::make_shared<bool>(false);
    auto begin = [this, given, taken, &job](auto handler) {
      const auto then = std::make_shared<on_io>(std::move(handler));
      const auto back = [then](io_thread& on) { on.post([then] { (*then)({}, 0); }); };
      *taken = with_.of->workers.run([given, back, on = with_.on, job = std::move(job)] {
        *given = job();
        back(*on);
      });
      if (!*taken)
        back(*with_.on);
    };
    co_await asio::async_initiate<decltype(and_wait), void(error_code, std::size_t)>(
        std::move(begin), and_wait);
    if (*taken)
      co_return std::move(*given);
    auto full = refusal(503, refuse(errc::queue_full, "too many requests wait: try again"));
    full.headers.emplace_back("Retry-After", "1");
    co_return full;
  }

  task<after_answer> answer(response given, answered note, after_answer then) {
    stage_ = stage::answering;
    limit(limits().stall_time);
    seen_bytes_ = with_.bytes->bytes_out();
    const auto head = head_of(given, then);
    const bool without_body = note.method == "HEAD" || !may_have_body(given.status);
    const std::array<std::string_view, 2> pieces{
        head, without_body ? std::string_view{} : std::string_view{given.body}};
    note.status = given.status;
    note.response_bytes = head.size() + pieces[1].size();
    with_.of->note(note);
    const auto written = co_await write_all(*with_.bytes, pieces);
    if (written.failed)
      co_return after_answer::close;
    if (then == after_answer::close)
      co_await finish(*with_.bytes);
    co_return then;
  }

  // -- becoming another kind of connection
  // ---------------------------------------------------------

  task<after_answer> go_live(admitted asked, answered note) {
    const auto& services = with_.of->with;
    const bool is_socket = asked.route == route_class::websocket;
    live_request live{std::move(asked.request), asked.authorised};
    response no = problem(refuse(errc::route_not_found, "there are no live feeds here"));
    if (stopping_) {
      no = problem(refuse(errc::shutting_down, "the server stops: try again"));
    } else if (is_socket && services.make_conversation) {
      note.status = 101;
      with_.of->note(note);
      begin_websocket(std::move(with_), {std::move(live), std::move(in_), std::move(asked.cors)});
      co_return after_answer::close;
    } else if (!is_socket && services.make_sse) {
      auto made = services.make_sse(live);
      if (made) {
        note.status = 200;
        with_.of->note(note);
        begin_sse(std::move(with_), std::move(made).value(), std::move(asked.cors));
        co_return after_answer::close;
      }
      no = problem(made.error());
    }
    for (auto& each : asked.cors)
      no.headers.push_back(std::move(each));
    co_return co_await answer(std::move(no), note, after_answer::close);
  }

  connection_parts with_;
  std::string in_; ///< what has come and is not understood yet
  std::size_t head_bytes_ = 0;
  std::optional<parser_type> parser_;
  std::optional<steady_clock::time_point> deadline_;
  std::uint64_t seen_bytes_ = 0;
  stage stage_ = stage::waiting;
  bool stopping_ = false;
};

} // namespace

void begin_http(connection_parts with) {
  auto on = with.on;
  const auto made = std::make_shared<http_connection>(std::move(with));
  on->add(made);
  made->begin();
}

} // namespace ash::gateway
