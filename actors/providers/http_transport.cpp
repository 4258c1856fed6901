#include "actors/providers/transport.hpp"

#include "actors/providers/http_rules.hpp"
#include "events/base/check.hpp"
#include "events/base/clock.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <curl/curl.h>
#include <limits>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace ash::provider {
namespace {

constexpr std::size_t max_error_body = std::size_t{64} << 10;
constexpr std::int64_t enough_grace_ms = 1'000;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

} // namespace

// -- one exchange --------------------------------------------------------------------------------

class http_transport::loop : public std::enable_shared_from_this<http_transport::loop> {
public:
  class transfer;

  loop();
  ~loop() { curl_multi_cleanup(multi_); }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  void begin(std::shared_ptr<transfer> what);
  void cancel(std::shared_ptr<transfer> what);
  void run(std::function<void()> task);
  void stop();
  void start() {
    thread_ = std::thread{[self = shared_from_this()] { self->drive(); }};
  }

private:
  void drive();
  bool take_orders();
  void take_finished();
  void end_overdue();
  void admit(std::shared_ptr<transfer> what);
  void end(const std::shared_ptr<transfer>& what, http_outcome outcome);
  void end_all(std::vector<std::shared_ptr<transfer>> waiting);

  std::mutex mutex_; // guards the next four
  std::vector<std::shared_ptr<transfer>> incoming_;
  std::vector<std::shared_ptr<transfer>> cancelled_;
  std::vector<std::function<void()>> tasks_;
  bool stopping_ = false;

  CURLM* multi_ = nullptr;
  std::unordered_map<CURL*, std::shared_ptr<transfer>> active_;
  std::int64_t next_deadline_ = never;
  std::once_flag joined_;
  std::thread thread_;
};

class http_transport::loop::transfer final : public call,
                                             public std::enable_shared_from_this<transfer> {
public:
  transfer(std::weak_ptr<loop> owner, http_request what, http_observer who)
      : owner_(std::move(owner)), what_(std::move(what)), who_(std::move(who)) {}
  ~transfer() override { release(); }
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  void cancel() override {
    if (const auto owner = owner_.lock())
      owner->cancel(shared_from_this());
  }

  bool prepare(loop& driver);
  void release();
  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] bool ended() const { return ended_; }
  /// Of what is active.
  [[nodiscard]] bool was_sent() const {
    curl_off_t sent = 0;
    return curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK &&
           sent >= static_cast<curl_off_t>(what_.body.size());
  }
  void tell_end(http_outcome outcome) {
    ended_ = true;
    // The observer may hold the call: dropped here, so that the two do not keep each other.
    const auto on_end = std::move(who_.on_end);
    who_ = {};
    on_end(std::move(outcome));
  }

  /// The instant (monotonic) at which the exchange has waited too long, and the reason.
  [[nodiscard]] std::int64_t deadline() const;
  [[nodiscard]] http_outcome overdue() const;
  [[nodiscard]] http_outcome finished(CURLcode code) const;

private:
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);
  void header(std::string_view line);
  bool body(std::string_view bytes);
  void touch();
  [[nodiscard]] http_outcome base() const {
    http_outcome outcome;
    outcome.status = status_;
    outcome.retry_after_ms = retry_after_ms_;
    outcome.body = error_body_;
    return outcome;
  }
  [[nodiscard]] bool success() const { return status_ >= 200 && status_ < 300; }

  std::weak_ptr<loop> owner_;
  loop* driver_ = nullptr; ///< set while active: the loop then outlives the exchange
  http_request what_;
  http_observer who_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  std::int64_t begun_us_ = 0;
  std::int64_t last_byte_us_ = 0;
  bool got_byte_ = false;
  bool enough_ = false;
  bool refused_ = false; ///< the receiver refused the bytes
  bool oversized_ = false;
  bool ended_ = false;
  int status_ = 0;
  std::optional<std::int64_t> retry_after_ms_;
  std::size_t received_ = 0;
  std::string error_body_;
};

bool http_transport::loop::transfer::prepare(loop& driver) {
  driver_ = &driver;
  easy_ = curl_easy_init();
  if (!easy_)
    return false;
  for (const auto& header : what_.headers)
    headers_ = curl_slist_append(headers_, header.c_str());
  // No `100 Continue` round: bodies are small and some servers never answer it.
  headers_ = curl_slist_append(headers_, "Expect:");
  begun_us_ = last_byte_us_ = monotonic_us();
  curl_easy_setopt(easy_, CURLOPT_URL, what_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(what_.limits.connect_ms));
  if (is_loopback_url(what_.url))
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, what_.body.data());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what_.body.size()));
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &transfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &transfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  return true;
}

void http_transport::loop::transfer::release() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  easy_ = nullptr;
  headers_ = nullptr;
}

std::int64_t http_transport::loop::transfer::deadline() const {
  const auto& limits = what_.limits;
  const auto whole = begun_us_ + limits.total_ms * us_per_ms;
  if (enough_)
    return std::min(whole, last_byte_us_ + enough_grace_ms * us_per_ms);
  const auto silent = got_byte_ ? last_byte_us_ + limits.idle_ms * us_per_ms
                                : begun_us_ + limits.first_byte_ms * us_per_ms;
  return std::min(whole, silent);
}

http_outcome http_transport::loop::transfer::overdue() const {
  auto outcome = base();
  if (enough_)
    return outcome;
  const auto& limits = what_.limits;
  std::string what = "no byte for " + std::to_string(limits.idle_ms) + " ms";
  if (!got_byte_)
    what = "no answer within " + std::to_string(limits.first_byte_ms) + " ms";
  if (monotonic_us() >= begun_us_ + limits.total_ms * us_per_ms)
    what = "no end within " + std::to_string(limits.total_ms) + " ms";
  outcome.why = refuse(errc::timed_out, what);
  outcome.retryable = true;
  return outcome;
}

http_outcome http_transport::loop::transfer::finished(CURLcode code) const {
  auto outcome = base();
  if (oversized_) {
    outcome.why =
        refuse(errc::provider_response_invalid,
               "the answer is larger than " + std::to_string(what_.limits.max_bytes) + " bytes");
    return outcome;
  }
  // A receiver that refuses says why itself; an error's text was cut at its bound on purpose.
  if (code == CURLE_OK || enough_ || refused_ || (code == CURLE_WRITE_ERROR && !success()))
    return outcome;
  auto found = failure_of(code, error_text_.data(), what_.limits);
  outcome.why = std::move(found.why);
  outcome.retryable = found.retryable;
  return outcome;
}

std::size_t
http_transport::loop::transfer::on_header(char* bytes, std::size_t, std::size_t count, void* self) {
  try {
    static_cast<transfer*>(self)->header({bytes, count});
    return count;
  } catch (const std::exception&) {
    return 0;
  }
}

std::size_t
http_transport::loop::transfer::on_body(char* bytes, std::size_t, std::size_t count, void* self) {
  try {
    return static_cast<transfer*>(self)->body({bytes, count}) ? count : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

void http_transport::loop::transfer::touch() {
  got_byte_ = true;
  last_byte_us_ = monotonic_us();
  // The first byte and the last event each change which bound holds, perhaps to an earlier one.
  driver_->next_deadline_ = std::min(driver_->next_deadline_, deadline());
}

void http_transport::loop::transfer::header(std::string_view line) {
  touch();
  if (line.starts_with("HTTP/")) {
    status_ = 0;
    retry_after_ms_.reset();
    const auto space = line.find(' ');
    if (space != std::string_view::npos)
      std::from_chars(line.data() + space + 1, line.data() + line.size(), status_);
    return;
  }
  if (const auto wait_ms = retry_after_of(line))
    retry_after_ms_ = wait_ms;
}

bool http_transport::loop::transfer::body(std::string_view bytes) {
  touch();
  if (!success()) {
    error_body_.append(bytes.substr(0, max_error_body - error_body_.size()));
    return error_body_.size() < max_error_body;
  }
  received_ += bytes.size();
  oversized_ = received_ > what_.limits.max_bytes;
  if (oversized_)
    return false;
  if (enough_)
    return true;
  const auto wanted = who_.on_bytes(bytes);
  if (wanted == appetite::enough) {
    enough_ = true;
    touch();
  }
  refused_ = wanted == appetite::stop;
  return !refused_;
}

// -- the loop ------------------------------------------------------------------------------------

http_transport::loop::loop() {
  initialise_curl();
  multi_ = curl_multi_init();
  check(multi_ != nullptr, "libcurl gives no multi handle");
}

void http_transport::loop::begin(std::shared_ptr<transfer> what) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_) {
      incoming_.push_back(std::move(what));
      curl_multi_wakeup(multi_);
      return;
    }
  }
  http_outcome outcome;
  outcome.why = refuse(errc::shutting_down, "the process is stopping");
  what->tell_end(std::move(outcome));
}

void http_transport::loop::cancel(std::shared_ptr<transfer> what) {
  const std::lock_guard lock{mutex_};
  if (stopping_)
    return; // the loop ends every exchange by itself
  cancelled_.push_back(std::move(what));
  curl_multi_wakeup(multi_);
}

void http_transport::loop::run(std::function<void()> task) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_) {
      tasks_.push_back(std::move(task));
      curl_multi_wakeup(multi_);
      return;
    }
  }
  task();
}

void http_transport::loop::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    curl_multi_wakeup(multi_);
  }
  std::call_once(joined_, [this] {
    // The last owner may let go inside a callback: the thread then outlives it by one turn.
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();
    else
      thread_.join();
  });
}

void http_transport::loop::drive() {
  while (take_orders()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    take_finished();
    end_overdue();
    // libcurl shortens the wait by its own timers; a minute bounds a wait without a deadline.
    const auto wait_us = next_deadline_ == never
                             ? 60 * us_per_s
                             : std::max<std::int64_t>(0, next_deadline_ - monotonic_us());
    const auto wait_ms = std::min<std::int64_t>(wait_us / us_per_ms + 1, 60'000);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait_ms), nullptr);
  }
}

/// Takes what other threads asked for; false once the loop has to end.
bool http_transport::loop::take_orders() {
  std::vector<std::shared_ptr<transfer>> incoming;
  std::vector<std::shared_ptr<transfer>> cancelled;
  std::vector<std::function<void()>> tasks;
  bool stopping = false;
  {
    const std::lock_guard lock{mutex_};
    incoming.swap(incoming_);
    cancelled.swap(cancelled_);
    tasks.swap(tasks_);
    stopping = stopping_;
  }
  for (const auto& task : tasks)
    task();
  if (stopping) {
    end_all(std::move(incoming));
    return false;
  }
  for (auto& each : incoming)
    admit(std::move(each));
  for (const auto& each : cancelled) {
    http_outcome outcome;
    outcome.why = refuse(errc::cancelled, "the call was cancelled");
    end(each, std::move(outcome));
  }
  return true;
}

void http_transport::loop::admit(std::shared_ptr<transfer> what) {
  if (!what->prepare(*this) || curl_multi_add_handle(multi_, what->easy()) != CURLM_OK) {
    http_outcome outcome;
    outcome.why = refuse(errc::internal_error, "libcurl takes no further exchange");
    what->tell_end(std::move(outcome));
    return;
  }
  next_deadline_ = std::min(next_deadline_, what->deadline());
  active_.emplace(what->easy(), std::move(what));
}

void http_transport::loop::end(const std::shared_ptr<transfer>& what, http_outcome outcome) {
  if (what->ended())
    return;
  outcome.was_sent = what->was_sent();
  active_.erase(what->easy());
  curl_multi_remove_handle(multi_, what->easy());
  what->release();
  what->tell_end(std::move(outcome));
}

void http_transport::loop::end_all(std::vector<std::shared_ptr<transfer>> waiting) {
  const auto cancelled = [] {
    http_outcome outcome;
    outcome.why = refuse(errc::cancelled, "the process is stopping");
    return outcome;
  };
  for (const auto& each : waiting)
    each->tell_end(cancelled());
  while (!active_.empty()) {
    const auto each = active_.begin()->second;
    end(each, cancelled());
  }
}

void http_transport::loop::take_finished() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    const auto code = message->data.result;
    const auto found = active_.find(message->easy_handle);
    check(found != active_.end(), "libcurl finished an exchange that nobody began");
    const auto what = found->second;
    end(what, what->finished(code));
  }
}

void http_transport::loop::end_overdue() {
  const auto now = monotonic_us();
  // Every earlier deadline has been noted when it arose, so this is a safe time to look again.
  if (now < next_deadline_)
    return;
  std::vector<std::shared_ptr<transfer>> late;
  next_deadline_ = never;
  for (const auto& [easy, what] : active_) {
    const auto deadline = what->deadline();
    if (deadline <= now)
      late.push_back(what);
    else
      next_deadline_ = std::min(next_deadline_, deadline);
  }
  for (const auto& what : late)
    end(what, what->overdue());
}

// -- http_transport ------------------------------------------------------------------------------

http_transport::http_transport() : loop_(std::make_shared<loop>()) {
  loop_->start();
}
http_transport::~http_transport() {
  loop_->stop();
}

std::shared_ptr<call> http_transport::post(http_request what, http_observer who) {
  auto made = std::make_shared<loop::transfer>(loop_, std::move(what), std::move(who));
  loop_->begin(made);
  return made;
}

void http_transport::run(std::function<void()> task) {
  loop_->run(std::move(task));
}
void http_transport::stop() {
  loop_->stop();
}

} // namespace ash::provider
