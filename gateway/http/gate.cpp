#include "gateway/http/gate.hpp"

#include "events/base/ascii.hpp"
#include "events/base/text.hpp"
#include "gateway/api/problem.hpp"
#include "gateway/http/target.hpp"
#include "gateway/http/token.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <boost/json/object.hpp>

namespace ash::gateway {

const std::string_view websocket_protocol = "actor-shell.v1.json";

namespace {

constexpr std::string_view api_prefix = "/api/v1";
constexpr std::string_view feeds_prefix = "/api/v1/feeds/";
constexpr std::string_view events_suffix = "/events";
constexpr std::string_view websocket_path = "/api/v1/ws";
constexpr std::string_view event_stream = "text/event-stream";
constexpr std::string_view header_blanks = " \t";

/// Whether a header that is a list has this word, in any case.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    const auto item = trimmed(list.substr(0, end), header_blanks);
    if (equal_ignoring_case(item.substr(0, std::min(item.find(';'), item.size())), word))
      return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool is_loopback_name(const std::string& name) {
  if (name == "localhost" || name == "::1")
    return true;
  in_addr four{};
  return ::inet_pton(AF_INET, name.c_str(), &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

struct origin_parts {
  std::string scheme;
  std::string authority; ///< lower case, with its port
};

std::optional<origin_parts> split_origin(std::string_view origin) {
  const auto colon = origin.find("://");
  if (colon == std::string_view::npos)
    return std::nullopt;
  return origin_parts{lower(origin.substr(0, colon)), lower(origin.substr(colon + 3))};
}

enum class origin_kind : std::uint8_t { none, same, local, foreign };

origin_kind judge_origin(const std::string* origin, const std::string& host, bool tls) {
  if (origin == nullptr)
    return origin_kind::none;
  const auto parts = split_origin(*origin);
  if (!parts)
    return origin_kind::foreign; // `null` among them
  if (parts->authority == lower(host) && parts->scheme == (tls ? "https" : "http"))
    return origin_kind::same;
  const auto name = host_name(parts->authority);
  if (name && is_loopback_name(*name) && (parts->scheme == "http" || parts->scheme == "https"))
    return origin_kind::local;
  return origin_kind::foreign;
}

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

/// The one-valued headers, by their name in lower case. Lists that came in several lines are
/// joined. Errors: `request_malformed` for a header that may be there once and is there twice.
result<std::map<std::string, std::string>> fold_headers(const request_head& head) {
  constexpr std::array<std::string_view, 8> once{"host",
                                                 "authorization",
                                                 "origin",
                                                 "content-type",
                                                 "content-length",
                                                 "idempotency-key",
                                                 "last-event-id",
                                                 "sec-websocket-key"};
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : head.headers) {
    const auto [at, fresh] = out.emplace(lower(name), std::string{trimmed(value, header_blanks)});
    if (fresh)
      continue;
    if (std::find(once.begin(), once.end(), at->first) != once.end())
      return refuse(errc::request_malformed, "the header " + at->first + " is there twice");
    at->second += ", ";
    at->second += trimmed(value, header_blanks);
  }
  for (const auto& [name, value] : out)
    if (!is_valid_utf8(value))
      return refuse(errc::request_malformed, "the header " + printable(name) + " is not UTF-8");
  return out;
}

const std::string* find(const std::map<std::string, std::string>& in, const std::string& name) {
  const auto at = in.find(name);
  return at == in.end() ? nullptr : &at->second;
}

turned_away away(const error& why) {
  return {problem(why)};
}
turned_away away(int status, const error& why) {
  return {refusal(status, why)};
}

// -- who asks ------------------------------------------------------------------------------------

enum class token_state : std::uint8_t { absent, right, wrong };

token_state judge_token(const gate_rules& rules, const std::string* shown) {
  constexpr std::string_view scheme = "bearer ";
  if (shown == nullptr)
    return token_state::absent;
  if (lower(std::string_view{*shown}.substr(0, scheme.size())) != scheme)
    return token_state::wrong;
  const auto secret = trimmed(std::string_view{*shown}.substr(scheme.size()), header_blanks);
  return same_secret(secret, rules.token) ? token_state::right : token_state::wrong;
}

error no_token(token_state state) {
  return refuse(errc::unauthenticated,
                state == token_state::absent
                    ? "this needs the header Authorization: Bearer TOKEN; the token is in the file "
                      "`token` in the server's data directory"
                    : "the token is not this server's: it is in the file `token` in the server's "
                      "data directory");
}

// -- what is asked for ---------------------------------------------------------------------------

bool is_beneath(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

route_class route_of(const request& asked) {
  const std::string_view path = asked.path;
  if (path == "/healthz" || path == "/readyz" || path == "/version")
    return route_class::health;
  if (path == "/metrics")
    return route_class::metrics;
  if (path == websocket_path)
    return route_class::websocket;
  if (path.starts_with(feeds_prefix) && path.ends_with(events_suffix) &&
      path.size() > feeds_prefix.size() + events_suffix.size() - 1) {
    const auto* accept = find(asked.headers, "accept");
    if (accept != nullptr && has_word(*accept, event_stream))
      return route_class::sse;
  }
  if (is_beneath(path, "/api") || path == "/openapi.json")
    return route_class::api;
  return route_class::page;
}

/// The methods that a route which is not the API's can be asked with.
std::optional<turned_away> check_method(route_class route, const std::string& method) {
  if (route == route_class::api)
    return std::nullopt;
  const bool head_too = route != route_class::websocket && route != route_class::sse;
  if (method == "GET" || (head_too && method == "HEAD"))
    return std::nullopt;
  return away(refuse(errc::method_not_allowed, "this path can only be read: use GET")
                  .with("allow", head_too ? "GET, HEAD" : "GET"));
}

std::optional<turned_away> check_upgrade(const request& asked, int version) {
  const auto* upgrade = find(asked.headers, "upgrade");
  const auto* connection = find(asked.headers, "connection");
  if (version < 11 || upgrade == nullptr || connection == nullptr ||
      !has_word(*upgrade, "websocket") || !has_word(*connection, "upgrade")) {
    auto answer = refusal(426, refuse(errc::request_malformed, "this path speaks WebSocket only"));
    answer.headers.emplace_back("Upgrade", "websocket");
    return turned_away{std::move(answer)};
  }
  const auto* spoken = find(asked.headers, "sec-websocket-version");
  if (spoken == nullptr || *spoken != "13") {
    auto answer =
        refusal(426, refuse(errc::request_malformed, "only version 13 of WebSocket is spoken"));
    answer.headers.emplace_back("Sec-WebSocket-Version", "13");
    return turned_away{std::move(answer)};
  }
  constexpr std::size_t key_chars = 24; // 16 bytes in base64
  const auto* key = find(asked.headers, "sec-websocket-key");
  if (key == nullptr || key->size() != key_chars || !key->ends_with("=="))
    return away(refuse(errc::request_malformed, "Sec-WebSocket-Key is not 16 bytes in base64"));
  const auto* protocols = find(asked.headers, "sec-websocket-protocol");
  if (protocols == nullptr || !has_word(*protocols, websocket_protocol))
    return away(
        refuse(errc::request_malformed,
               "the WebSocket has to offer the subprotocol " + std::string{websocket_protocol}));
  return std::nullopt;
}

// -- where it comes from -------------------------------------------------------------------------

std::optional<turned_away> check_host(const gate_rules& rules, const std::string* host) {
  const auto name = host != nullptr ? host_name(*host) : std::nullopt;
  if (!name)
    return away(refuse(errc::request_malformed, "the request needs one Host header"));
  // Only a name can be rebound to this machine by someone else's DNS: an address is what it is.
  if (is_loopback_name(*name) || is_address(*name) ||
      std::find(rules.hosts.begin(), rules.hosts.end(), *name) != rules.hosts.end())
    return std::nullopt;
  return away(421,
              refuse(errc::origin_denied,
                     "this server is not known as " + printable(*name) +
                         ": start it with --allow-host for every name it has"));
}

std::vector<std::pair<std::string, std::string>> cors_headers(const std::string& origin) {
  return {{"Access-Control-Allow-Origin", origin},
          {"Access-Control-Expose-Headers", "ETag, Location, Retry-After"},
          {"Vary", "Origin"}};
}

turned_away answer_preflight(const std::string& origin) {
  response answer;
  answer.status = 204;
  answer.content_type.clear();
  answer.headers = cors_headers(origin);
  answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
  answer.headers.emplace_back(
      "Access-Control-Allow-Headers",
      "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID");
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
  return {std::move(answer)};
}

/// What the origin says about it, and the headers that a browser is to see.
std::optional<turned_away> check_origin(admitted& asked, const gate_rules& rules) {
  const auto* origin = find(asked.request.headers, "origin");
  const auto kind = judge_origin(origin, *find(asked.request.headers, "host"), rules.tls);
  const bool wanted = kind == origin_kind::local;
  if (wanted)
    asked.cors = cors_headers(*origin);
  const bool changes = !is_safe(asked.request.method) || asked.route == route_class::websocket;
  if (kind == origin_kind::foreign && changes)
    return away(refuse(errc::origin_denied,
                       "a page of " + printable(*origin) + " may not use this server"));
  const bool asks_first = find(asked.request.headers, "access-control-request-method") != nullptr;
  if (asked.request.method == "OPTIONS" && asks_first && (wanted || kind == origin_kind::same))
    return answer_preflight(*origin);
  return std::nullopt;
}

std::optional<turned_away> check_token(admitted& asked, const gate_rules& rules) {
  const auto state = judge_token(rules, find(asked.request.headers, "authorization"));
  asked.authorised = state == token_state::right;
  const bool open = asked.route == route_class::health || asked.route == route_class::page ||
                    (asked.route == route_class::metrics && rules.metrics_public) ||
                    (asked.route == route_class::websocket && state == token_state::absent);
  if (open || asked.authorised)
    return std::nullopt;
  return away(no_token(state));
}

std::variant<admitted, turned_away>
judge(const gate_rules& rules, const request_head& head, admitted asked) {
  if (auto no = check_host(rules, find(asked.request.headers, "host")))
    return std::move(*no);
  asked.route = route_of(asked.request);
  if (auto no = check_origin(asked, rules))
    return std::move(*no);
  auto no = check_method(asked.route, asked.request.method);
  if (!no)
    no = check_token(asked, rules);
  if (!no && asked.route == route_class::websocket)
    no = check_upgrade(asked.request, head.version);
  if (!no)
    return asked;
  // A page that may ask is also told why it was refused.
  for (auto& each : asked.cors)
    no->response.headers.push_back(std::move(each));
  return std::move(*no);
}

} // namespace

response refusal(int status, const error& why) {
  auto answer = problem(why);
  auto shown = problem_json(why);
  shown["status"] = status;
  answer.status = status;
  answer.body = to_json_text(shown);
  return answer;
}

std::optional<std::string> host_name(std::string_view text) {
  std::string_view name = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return std::nullopt;
    name = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    name = text.substr(0, colon);
    port = text.substr(colon);
  }
  const bool port_fits = port.empty() || (port.size() >= 2 && port.size() <= 6 && port[0] == ':' &&
                                          port.find_first_not_of("0123456789", 1) == port.npos);
  const bool name_fits = !name.empty() && name.size() <= 253 &&
                         name.find_first_of(" \t/\\?#@\"'<>") == std::string_view::npos;
  if (!port_fits || !name_fits)
    return std::nullopt;
  auto out = lower(name);
  if (out.size() > 1 && out.ends_with('.'))
    out.pop_back(); // the same name, from the root of DNS
  return out;
}

std::variant<admitted, turned_away>
admit(const gate_rules& rules, const request_head& head, const std::string& client) {
  if (head.target.size() > rules.target_bytes)
    return away(414,
                refuse(errc::request_too_large,
                       "the request's target is longer than " + std::to_string(rules.target_bytes) +
                           " bytes"));
  auto headers = fold_headers(head);
  if (!headers)
    return away(headers.error());
  auto where = parse_target(head.target);
  if (!where)
    return away(where.error());
  admitted asked;
  asked.request.method = head.method;
  asked.request.path = std::move(where.value().path);
  asked.request.query = std::move(where.value().query);
  asked.request.headers = std::move(headers).value();
  asked.request.client = client;
  return judge(rules, head, std::move(asked));
}

} // namespace ash::gateway
