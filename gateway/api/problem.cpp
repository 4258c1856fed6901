#include "gateway/api/problem.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

namespace ash::gateway {
namespace {

/// What a person can read before the detail: what the class means for the caller.
std::string_view title_of(error_class kind) noexcept {
  switch (kind) {
  case error_class::invalid:
    return "The request is wrong";
  case error_class::not_found:
    return "There is no such thing";
  case error_class::conflict:
    return "The present state forbids it";
  case error_class::human_required:
    return "A person has to decide or mend something";
  case error_class::limit:
    return "A limit was reached";
  case error_class::retryable:
    return "Not now: try again later";
  case error_class::internal:
    return "Something is broken";
  }
  return "Something is broken";
}

int status_of_class(error_class kind) noexcept {
  switch (kind) {
  case error_class::invalid:
    return 422;
  case error_class::not_found:
    return 404;
  case error_class::conflict:
  case error_class::human_required:
    return 409;
  case error_class::limit:
    return 429;
  case error_class::retryable:
    return 503;
  case error_class::internal:
    return 500;
  }
  return 500;
}

} // namespace

int status_of(errc code) noexcept {
  switch (code) {
  case errc::request_malformed:
  case errc::template_not_found:
  case errc::message_not_editable:
  case errc::message_archived:
  case errc::id_prefix_too_short:
    return 400;
  case errc::unauthenticated:
    return 401;
  case errc::budget_exhausted:
  case errc::call_cost_exceeded:
    return 402;
  case errc::permission_denied:
  case errc::origin_denied:
    return 403;
  case errc::method_not_allowed:
    return 405;
  case errc::request_too_large:
    return 413;
  case errc::timed_out:
    return 504;
  default:
    return status_of_class(class_of(code));
  }
}

json::object problem_json(const error& why) {
  const std::string code{to_string(why.code)};
  const auto kind = class_of(why.code);
  json::object out{{"type", "urn:actor-shell:error:" + code},
                   {"title", title_of(kind)},
                   {"status", status_of(why.code)},
                   {"detail", why.message},
                   {"code", code},
                   {"class", to_string(kind)}};
  json::object clashing;
  for (const auto& [name, value] : why.details)
    (out.contains(name) ? clashing : out)[name] = value;
  if (!clashing.empty())
    out["details"] = std::move(clashing);
  return out;
}

response problem(const error& why) {
  return problem(why, status_of(why.code));
}

response problem(const error& why, int status) {
  response out;
  out.status = status;
  out.content_type = "application/problem+json";
  auto body = problem_json(why);
  body["status"] = status;
  out.body = to_json_text(body);
  for (const auto& [name, value] : why.details)
    if (name == "allow")
      out.headers.emplace_back("Allow", value);
  if (out.status == 401)
    out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"actor-shell\"");
  if (out.status == 503 || why.code == errc::queue_full)
    out.headers.emplace_back("Retry-After", "1");
  return out;
}

} // namespace ash::gateway
