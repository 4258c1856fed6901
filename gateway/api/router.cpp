#include "gateway/api/router.hpp"

#include "events/base/check.hpp"
#include "events/base/text.hpp"
#include "gateway/api/problem.hpp"

#include <algorithm>
#include <exception>
#include <optional>

namespace ash::gateway::api {
namespace {

using parameters = std::map<std::string, std::string, std::less<>>;

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.starts_with('/'))
    path.remove_prefix(1);
  while (true) {
    const auto end = path.find('/');
    out.push_back(path.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    path.remove_prefix(end + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::string joined(const std::vector<std::string_view>& all, std::size_t from, std::size_t count) {
  std::string out;
  for (std::size_t i = from; i < from + count; ++i)
    out.append(i == from ? "" : "/").append(all[i]);
  return out;
}

/// What the pattern takes out of a path that it fits.
std::optional<parameters> fit(std::string_view pattern, const std::vector<std::string_view>& path) {
  const auto parts = segments_of(pattern);
  if (path.size() < parts.size())
    return std::nullopt;
  parameters out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto name = parts[i];
    std::size_t takes = 1;
    if (is_parameter(name)) {
      name = name.substr(1, name.size() - 2);
      if (name.ends_with("...")) {
        name.remove_suffix(3);
        takes = path.size() - (parts.size() - 1);
      }
      for (std::size_t k = at; k < at + takes; ++k)
        if (path[k].empty())
          return std::nullopt;
      out.emplace(name, joined(path, at, takes));
    } else if (path[at] != name) {
      return std::nullopt;
    }
    at += takes;
  }
  return at == path.size() ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace

const std::string& call::at(std::string_view name) const {
  const auto found = parameters.find(name);
  check(found != parameters.end(), "a handler asks for a parameter that its pattern does not have");
  return found->second;
}

std::string_view call::header(std::string_view name) const {
  const auto found = from.headers.find(std::string{name});
  return found == from.headers.end() ? std::string_view{} : std::string_view{found->second};
}

void router::add(std::string method, std::string_view pattern, handler answer) {
  routes_.push_back({std::move(method), std::string{pattern}, std::move(answer)});
}

result<response> router::try_answer(const request& to, std::string_view method) const {
  const auto path = segments_of(to.path);
  std::string allowed;
  for (const auto& each : routes_) {
    auto found = fit(each.pattern, path);
    if (!found)
      continue;
    if (each.method == method)
      return each.answer({to, std::move(*found)});
    if (allowed.find(each.method) == std::string::npos)
      allowed += (allowed.empty() ? "" : ", ") + each.method;
  }
  if (allowed.empty())
    return refuse(errc::route_not_found,
                  "there is nothing at " + printable(to.path) + ": see /openapi.json");
  return refuse(errc::method_not_allowed,
                printable(to.path) + " takes " + allowed + ", not " + printable(to.method))
      .with("allow", allowed);
}

response router::answer(const request& to) const {
  const auto head = to.method == "HEAD";
  try {
    auto answered = try_answer(to, head ? "GET" : to.method);
    auto out = answered ? std::move(answered).value() : problem(answered.error());
    if (head)
      out.body.clear();
    return out;
  } catch (const std::exception& thrown) { // a broken invariant: this request fails, not the server
    return problem(refuse(errc::internal_error, thrown.what()));
  }
}

} // namespace ash::gateway::api
