// Which handler answers a request: method and path pattern. Immutable once built.
#pragma once

#include "events/base/result.hpp"
#include "gateway/http/message.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ash::gateway::api {

/// A request with what its path's pattern took out of the path.
struct call {
  const request& from;
  std::map<std::string, std::string, std::less<>> parameters = {};

  /// A parameter of the pattern.
  [[nodiscard]] const std::string& at(std::string_view name) const;
  /// A header by its lower-case name; empty where it is absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

using handler = std::function<result<response>(const call&)>;

/// `pattern`: `/runs/{run}/events`; `{name}` takes one segment, `{name...}` (the last but for fixed
/// ones) one or more. A route that was added before another wins.
struct route {
  std::string method;
  std::string pattern;
  handler answer;
};

class router {
public:
  void add(std::string method, std::string_view pattern, handler answer);

  /// The answer of the handler; a refusal as a problem. An unknown path is `route_not_found`, a
  /// known one with another method `method_not_allowed`. HEAD is GET without its body.
  [[nodiscard]] response answer(const request& to) const;
  [[nodiscard]] const std::vector<route>& routes() const noexcept { return routes_; }

private:
  [[nodiscard]] result<response> try_answer(const request& to, std::string_view method) const;

  std::vector<route> routes_;
};

} // namespace ash::gateway::api
