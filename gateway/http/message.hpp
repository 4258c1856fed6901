// Requests and responses of the HTTP API as plain values: what the server's connections and the
// socket's commands give to the API, and what it answers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ash::gateway {

struct request {
  std::string method;                         ///< upper case
  std::string path;                           ///< decoded, without the query, no `..` left in it
  std::map<std::string, std::string> query;   ///< decoded; a repeated name was refused
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
  std::string client; ///< who asks, for the record: an address, or a name that was given
};

struct response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {}; ///< further ones
};

/// Answers a request that was authorised. May block: it is called from the server's worker threads,
/// and never throws.
using request_handler = std::function<response(const request&)>;

} // namespace ash::gateway
