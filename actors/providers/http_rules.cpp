#include "actors/providers/http_rules.hpp"

#include "events/base/ascii.hpp"
#include "events/base/check.hpp"
#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <curl/curl.h>
#include <mutex>
#include <string>

namespace ash::provider {
namespace {

constexpr std::int64_t max_retry_after_ms = 24LL * 3600 * 1000;

std::optional<std::int64_t> parse_wait(std::string_view value, double unit_ms) {
  double amount = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), amount);
  if (ec == std::errc{} && end == value.data() + value.size() && amount >= 0 && amount < 1e9)
    return std::min(static_cast<std::int64_t>(amount * unit_ms), max_retry_after_ms);
  const auto date = curl_getdate(std::string{value}.c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  const auto wait_ms = (static_cast<std::int64_t>(date) * us_per_s - system_now().us) / us_per_ms;
  return std::clamp<std::int64_t>(wait_ms, 0, max_retry_after_ms);
}

/// One part of a URL, or an empty text.
std::string url_part(const std::string& url, CURLUPart part) {
  initialise_curl();
  std::string text;
  if (auto* parsed = curl_url()) {
    char* found = nullptr;
    if (curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
        curl_url_get(parsed, part, &found, 0) == CURLUE_OK)
      text = found;
    curl_free(found);
    curl_url_cleanup(parsed);
  }
  return text;
}

} // namespace

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl cannot be initialised");
  });
}

std::optional<std::int64_t> retry_after_of(std::string_view header_line) {
  const auto colon = header_line.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  const auto name = header_line.substr(0, colon);
  const auto value = trimmed(header_line.substr(colon + 1));
  if (equal_ignoring_case(name, "retry-after-ms"))
    return parse_wait(value, 1);
  if (equal_ignoring_case(name, "retry-after"))
    return parse_wait(value, 1000);
  return std::nullopt;
}

failure failure_of(int code, std::string_view detail, const transport_limits& limits) {
  const auto* generic = curl_easy_strerror(static_cast<CURLcode>(code));
  const auto text = printable(to_valid_utf8(detail.empty() ? generic : detail));
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
    return {refuse(errc::timed_out,
                   "no connection within " + std::to_string(limits.connect_ms) + " ms")};
  case CURLE_UNSUPPORTED_PROTOCOL: // also an answer that is not HTTP/1 or later
  case CURLE_WEIRD_SERVER_REPLY:
    return {refuse(errc::provider_response_invalid, "the answer is not HTTP: " + text)};
  case CURLE_URL_MALFORMAT:
    return {refuse(errc::config_invalid, "the base URL cannot be used: " + text), false};
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
    return {refuse(errc::provider_rejected, "the server's certificate is not trusted: " + text),
            false};
  case CURLE_OUT_OF_MEMORY:
  case CURLE_FAILED_INIT:
  case CURLE_BAD_FUNCTION_ARGUMENT:
    return {refuse(errc::internal_error, "libcurl: " + text), false};
  default:
    return {refuse(errc::provider_unavailable, "the connection failed: " + text)};
  }
}

bool is_http_url(const std::string& url) {
  const auto scheme = url_part(url, CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !url_part(url, CURLUPART_HOST).empty();
}

bool is_loopback_url(const std::string& url) {
  const auto host = url_part(url, CURLUPART_HOST);
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

} // namespace ash::provider
