#include "gateway/http/response_text.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace ash::gateway {
namespace {

std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> rest{};
  std::string out = days[static_cast<std::size_t>(parts.tm_wday)];
  std::strftime(rest.data(), rest.size(), ", %d ", &parts);
  out += rest.data();
  out += months[static_cast<std::size_t>(parts.tm_mon)];
  std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &parts);
  return out + rest.data();
}

void add(std::string& to, std::string_view name, std::string_view value) {
  to += name;
  to += ": ";
  std::copy_if(value.begin(), value.end(), std::back_inserter(to), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  to += "\r\n";
}

std::string start_of(int status) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
  out += reason_of(status);
  out += "\r\n";
  add(out, "Date", http_date());
  add(out, "X-Content-Type-Options", "nosniff");
  return out;
}

} // namespace

std::string_view reason_of(int status) noexcept {
  struct row {
    int status;
    std::string_view reason;
  };
  constexpr std::array<row, 32> rows{{{100, "Continue"},
                                      {101, "Switching Protocols"},
                                      {200, "OK"},
                                      {201, "Created"},
                                      {202, "Accepted"},
                                      {204, "No Content"},
                                      {301, "Moved Permanently"},
                                      {303, "See Other"},
                                      {304, "Not Modified"},
                                      {400, "Bad Request"},
                                      {401, "Unauthorized"},
                                      {403, "Forbidden"},
                                      {404, "Not Found"},
                                      {405, "Method Not Allowed"},
                                      {406, "Not Acceptable"},
                                      {408, "Request Timeout"},
                                      {409, "Conflict"},
                                      {410, "Gone"},
                                      {412, "Precondition Failed"},
                                      {413, "Content Too Large"},
                                      {414, "URI Too Long"},
                                      {415, "Unsupported Media Type"},
                                      {421, "Misdirected Request"},
                                      {422, "Unprocessable Content"},
                                      {426, "Upgrade Required"},
                                      {428, "Precondition Required"},
                                      {429, "Too Many Requests"},
                                      {431, "Request Header Fields Too Large"},
                                      {500, "Internal Server Error"},
                                      {501, "Not Implemented"},
                                      {503, "Service Unavailable"},
                                      {505, "HTTP Version Not Supported"}}};
  for (const auto& each : rows)
    if (each.status == status)
      return each.reason;
  return "Status";
}

bool may_have_body(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

std::string head_of(const response& answer, after_answer then) {
  auto out = start_of(answer.status);
  if (may_have_body(answer.status)) {
    add(out, "Content-Length", std::to_string(answer.body.size()));
    if (!answer.content_type.empty())
      add(out, "Content-Type", answer.content_type);
  }
  bool caching_is_said = false;
  for (const auto& [name, value] : answer.headers) {
    caching_is_said = caching_is_said || name == "Cache-Control";
    add(out, name, value);
  }
  if (!caching_is_said)
    add(out, "Cache-Control", "no-store");
  add(out, "Connection", then == after_answer::keep ? "keep-alive" : "close");
  out += "\r\n";
  return out;
}

std::string event_stream_head(const std::vector<std::pair<std::string, std::string>>& more) {
  auto out = start_of(200);
  add(out, "Content-Type", "text/event-stream; charset=utf-8");
  add(out, "Cache-Control", "no-store");
  add(out, "X-Accel-Buffering", "no"); // proxies would hold events back
  add(out, "Transfer-Encoding", "chunked");
  add(out, "Connection", "close");
  for (const auto& [name, value] : more)
    add(out, name, value);
  out += "\r\n";
  return out;
}

} // namespace ash::gateway
