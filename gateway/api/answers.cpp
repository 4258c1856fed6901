#include "gateway/api/answers.hpp"

#include "events/base/hash.hpp"

namespace ash::gateway::api {
namespace {

/// Whether one of the tags in `If-None-Match` is this one, by the weak comparison.
bool names(std::string_view header, std::string_view tag) {
  if (header == "*")
    return true;
  tag.remove_prefix(2); // W/
  for (auto at = header.find(tag); at != std::string_view::npos; at = header.find(tag, at + 1)) {
    const auto after = at + tag.size();
    if (after == header.size() || header[after] == ',' || header[after] == ' ')
      return true;
  }
  return false;
}

} // namespace

response json_answer(const json::value& body, int status) {
  response out;
  out.status = status;
  out.body = to_json_text(body);
  return out;
}

response one(const call& asked, const json::value& body) {
  return one_text(asked, "application/json", to_json_text(body));
}

response one_text(const call& asked, std::string content_type, std::string body) {
  response out;
  out.content_type = std::move(content_type);
  const auto tag = "W/\"" + sha256_hex(body).substr(0, 32) + "\"";
  out.headers.emplace_back("ETag", tag);
  if (names(asked.header("if-none-match"), tag))
    out.status = 304;
  else
    out.body = std::move(body);
  return out;
}

} // namespace ash::gateway::api
