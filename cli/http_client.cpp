#include "cli/http_client.hpp"

#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <curl/curl.h>
#include <memory>
#include <mutex>

namespace ash::cli {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr long connect_ms = 5'000;
constexpr long answer_ms = 120'000;
/// A live stream says something every 15 s: with nothing for this long the server is gone.
constexpr long silence_s = 60;

struct easy_deleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using easy_handle = std::unique_ptr<CURL, easy_deleter>;

struct list_deleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using header_list = std::unique_ptr<curl_slist, list_deleter>;

bool is_safe(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

/// One exchange: the bytes go to `on_bytes`, which says whether to go on.
class exchange {
public:
  exchange(const server_address& whom, const http_question& what) : whom_{whom}, what_{what} {}

  std::function<bool(std::string_view)> on_bytes;
  std::stop_token stop;
  enum class credentials : std::uint8_t { token, none } secret = credentials::token;
  long time_limit_ms = answer_ms; ///< 0: none

  result<int> perform();
  [[nodiscard]] int status() const {
    long code = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }

  [[nodiscard]] std::optional<std::int64_t> date_s() const {
    curl_header* found = nullptr;
    if (curl_easy_header(easy_.get(), "date", 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
      return std::nullopt;
    const auto at = curl_getdate(found->value, nullptr);
    return at < 0 ? std::nullopt : std::optional<std::int64_t>{at};
  }

private:
  result<void> prepare();
  void add_header(const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  }
  static std::size_t take(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& in = *static_cast<exchange*>(self);
    return in.on_bytes({bytes, size * count}) ? size * count : 0;
  }
  static int tick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<exchange*>(self)->stop.stop_requested() ? 1 : 0;
  }

  const server_address& whom_;
  const http_question& what_;
  easy_handle easy_;
  header_list headers_;
};

result<void> exchange::prepare() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  easy_.reset(curl_easy_init());
  const auto url = whom_.url + what_.path;
  if (!easy_ || !is_safe(url) || !is_safe(whom_.token))
    return refuse(errc::argument_invalid, "'" + printable(url) + "' is no address of a server");
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  if (secret == credentials::token) {
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // a proxy would see the token
    add_header("Authorization: Bearer " + whom_.token);
  }
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  if (!whom_.ca_file.empty())
    curl_easy_setopt(easy, CURLOPT_CAINFO, whom_.ca_file.c_str());
  add_header("User-Agent: actor-shell");
  for (const auto& line : what_.headers)
    add_header(line);
  if (what_.method == "POST") {
    add_header("Content-Type: application/json");
    add_header("Expect:");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, what_.body.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &exchange::take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &exchange::tick);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
  if (time_limit_ms > 0) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, time_limit_ms);
  } else {
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, silence_s);
  }
  return success();
}

/// The status; 0 where `on_bytes` or the stop ended it.
result<int> exchange::perform() {
  TRY(prepare());
  const auto ended = curl_easy_perform(easy_.get());
  if (ended == CURLE_OK)
    return status();
  if (ended == CURLE_WRITE_ERROR || ended == CURLE_ABORTED_BY_CALLBACK)
    return 0;
  if (ended == CURLE_PEER_FAILED_VERIFICATION && secret == credentials::token)
    return refuse(errc::argument_invalid,
                  "the certificate of the server at " + printable(whom_.url) +
                      " is not trusted: give the PEM file of who signed it with --server-ca, and "
                      "with --server a name that the certificate is for");
  if (ended == CURLE_SSL_CACERT_BADFILE && !whom_.ca_file.empty())
    return refuse(errc::argument_invalid,
                  "--server-ca " + printable(whom_.ca_file) + " can't be read as a PEM file");
  const auto code = ended == CURLE_OPERATION_TIMEDOUT ? errc::timed_out : errc::entity_unavailable;
  return refuse(code,
                "the server at " + printable(whom_.url) +
                    " does not answer: " + curl_easy_strerror(ended));
}

/// The lines of an event stream, as they come.
class event_lines {
public:
  explicit event_lines(const std::function<after_event(const server_event&)>& to) : to_{to} {}

  /// False once there is enough.
  bool take(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      line_ += bytes.substr(0, end);
      if (line_.size() + now_.data.size() > most_bytes)
        return false;
      if (end == std::string_view::npos)
        return true;
      bytes.remove_prefix(end + 1);
      const auto line = std::exchange(line_, {});
      if (!take_line(line))
        return false;
    }
    return true;
  }

private:
  bool take_line(std::string_view line) {
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.empty()) {
      const auto event = std::exchange(now_, {});
      return event.data.empty() || to_(event) == after_event::go_on;
    }
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' '))
      value.remove_prefix(1);
    if (name == "event")
      now_.name = value;
    else if (name == "data")
      now_.data.append(now_.data.empty() ? "" : "\n").append(value);
    return true;
  }

  const std::function<after_event(const server_event&)>& to_;
  std::string line_;
  server_event now_;
};

result<http_answer> take_whole(exchange& one) {
  http_answer out;
  auto too_large = false;
  one.on_bytes = [&](std::string_view bytes) {
    too_large = out.body.size() + bytes.size() > most_bytes;
    out.body += bytes;
    return !too_large;
  };
  TRY(out.status, one.perform());
  if (too_large)
    return refuse(errc::limit_exceeded, "the server's answer is larger than 64 MiB");
  return out;
}

} // namespace

result<http_answer> ask(const server_address& whom, const http_question& what) {
  exchange one{whom, what};
  return take_whole(one);
}

result<http_answer> fetch_openly(const std::string& url, long limit_ms) {
  const server_address whom{url, {}, {}};
  const http_question what;
  exchange one{whom, what};
  one.secret = exchange::credentials::none;
  one.time_limit_ms = limit_ms;
  return take_whole(one);
}

result<look> look_at(const std::string& url, long limit_ms) {
  const server_address whom{url, {}, {}};
  const http_question what;
  exchange one{whom, what};
  one.secret = exchange::credentials::none;
  one.time_limit_ms = limit_ms;
  std::size_t taken = 0;
  one.on_bytes = [&](std::string_view bytes) {
    taken += bytes.size();
    return taken < most_bytes;
  };
  const auto began_us = monotonic_us();
  TRY(one.perform());
  return look{one.status(), (monotonic_us() - began_us) / us_per_ms, one.date_s()};
}

result<http_answer> follow(const server_address& whom,
                           const http_question& what,
                           const std::function<after_event(const server_event&)>& on_event,
                           const std::stop_token& stop) {
  http_answer out;
  event_lines lines{on_event};
  exchange one{whom, what};
  one.stop = stop;
  one.time_limit_ms = 0;
  constexpr int fine = 200;
  one.on_bytes = [&](std::string_view bytes) {
    if (one.status() == fine)
      return lines.take(bytes);
    out.body += bytes.substr(0, most_bytes - std::min(most_bytes, out.body.size()));
    return true;
  };
  TRY(const auto status, one.perform());
  out.status = status == 0 ? fine : status;
  return out;
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      out.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
  }
  return out;
}

std::string segments_encoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('/', at), text.size());
    out.append(at == 0 ? "" : "/").append(url_encoded(text.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

} // namespace ash::cli
