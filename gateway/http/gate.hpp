// What is decided about a request before its body is read: what it asks for, and whether it may.
// Pure: it knows no socket, so that every rule is tested without one.
#pragma once

#include "gateway/http/server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ash::gateway {

/// What is known when a request's head has come.
struct request_head {
  std::string_view method;
  std::string_view target;
  int version = 11; ///< 10 or 11
  /// As they came: names in any case, in order, repeated ones too.
  std::vector<std::pair<std::string_view, std::string_view>> headers;
};

/// A request that may go on.
struct admitted {
  route_class route = route_class::api;
  gateway::request request; ///< without its body yet
  bool authorised = false;  ///< always for `api`; a WebSocket may authorise itself later
  std::vector<std::pair<std::string, std::string>> cors; ///< headers for whatever is answered
};

/// A request that is answered without going on. Its body is not read.
struct turned_away {
  gateway::response response;
};

struct gate_rules {
  std::string token;
  std::vector<std::string> hosts; ///< further names, lower case
  bool metrics_public = false;
  bool tls = false;
  std::size_t target_bytes = 8 * 1024;
};

/// `client`: the address of who asks.
std::variant<admitted, turned_away>
admit(const gate_rules& rules, const request_head& head, const std::string& client);

/// `actor-shell.v1.json`, the only one that is spoken over a WebSocket.
extern const std::string_view websocket_protocol;

/// A refusal with a status of its own where the error's code has a more general one.
response refusal(int status, const error& why);

/// The IP address or name in a `Host` header, without port and brackets, in lower case; none where
/// the text is none.
std::optional<std::string> host_name(std::string_view text);

} // namespace ash::gateway
