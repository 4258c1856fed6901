#include "gateway/http/static_files.hpp"

#include "events/base/hash.hpp"
#include "events/base/text.hpp"
#include "gateway/api/problem.hpp"

#include <algorithm>
#include <array>

namespace ash::gateway {
namespace {

struct type_of_suffix {
  std::string_view suffix;
  std::string_view type;
};

constexpr std::array<type_of_suffix, 10> types{{{".html", "text/html; charset=utf-8"},
                                                {".js", "text/javascript; charset=utf-8"},
                                                {".mjs", "text/javascript; charset=utf-8"},
                                                {".css", "text/css; charset=utf-8"},
                                                {".json", "application/json"},
                                                {".webmanifest", "application/manifest+json"},
                                                {".svg", "image/svg+xml"},
                                                {".png", "image/png"},
                                                {".ico", "image/x-icon"},
                                                {".txt", "text/plain; charset=utf-8"}}};

std::string_view type_of(std::string_view path) {
  for (const auto& each : types)
    if (path.ends_with(each.suffix))
      return each.type;
  return "application/octet-stream";
}

const static_file* find(std::span<const static_file> files, std::string_view path) {
  const auto at = std::find_if(
      files.begin(), files.end(), [&](const static_file& each) { return each.path == path; });
  return at == files.end() ? nullptr : &*at;
}

} // namespace

response serve_file(std::span<const static_file> files, const request& asked) {
  const auto* file = find(files, asked.path == "/" ? "/index.html" : std::string_view{asked.path});
  if (file == nullptr)
    return problem(refuse(errc::route_not_found, "there is nothing at " + printable(asked.path)));
  const auto tag = '"' + sha256_hex(file->bytes).substr(0, 32) + '"';
  response answer;
  answer.content_type = type_of(file->path);
  answer.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
       "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
      {"Cache-Control", "no-cache"},
      {"ETag", tag}};
  const auto shown = asked.headers.find("if-none-match");
  if (shown != asked.headers.end() && shown->second.find(tag) != std::string::npos)
    answer.status = 304;
  else
    answer.body = file->bytes;
  return answer;
}

} // namespace ash::gateway
