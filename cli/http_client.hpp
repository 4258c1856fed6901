// Requests to an actor-shell server, one after another, and its event streams. It verifies TLS,
// never sends its token anywhere but to that server, and follows no redirect.
#pragma once

#include "events/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ash::cli {

struct server_address {
  std::string url; ///< `http://127.0.0.1:7777`, without a path
  std::string token;
  std::string ca_file; ///< PEM, instead of the system's authorities; empty: those
};

struct http_question {
  std::string method = "GET";
  std::string path; ///< and query, encoded
  std::string body = {};
  std::vector<std::string> headers = {}; ///< `Name: value`
};

struct http_answer {
  int status = 0;
  std::string body; ///< at most 64 MiB
};

/// Errors: `entity_unavailable` where the server does not answer, `timed_out`,
/// `argument_invalid` for an address that is none or a certificate that is not trusted,
/// `limit_exceeded`.
result<http_answer> ask(const server_address& whom, const http_question& what);

/// What a look at a server, without any secret, tells.
struct look {
  int status = 0;
  std::int64_t ms = 0;
  std::optional<std::int64_t> date_s; ///< its clock, seconds since 1970
};
/// GETs `url` through the proxy of the environment. Errors: as above.
result<look> look_at(const std::string& url, long limit_ms);

/// GETs `url` through the proxy of the environment, without any secret. Errors: as above.
result<http_answer> fetch_openly(const std::string& url, long limit_ms);

/// One event of a stream.
struct server_event {
  std::string name;
  std::string data;
};

enum class after_event : unsigned char { go_on, enough };

/// Follows an event stream until `on_event` has enough, the server ends it, or `stop` is requested
/// (within a second). Gives the status and body of an answer other than 200. Errors: as above.
result<http_answer> follow(const server_address& whom,
                           const http_question& what,
                           const std::function<after_event(const server_event&)>& on_event,
                           const std::stop_token& stop);

/// `text` as one segment or value of a URL.
std::string url_encoded(std::string_view text);
/// The same for several segments: slashes stay.
std::string segments_encoded(std::string_view text);

} // namespace ash::cli
