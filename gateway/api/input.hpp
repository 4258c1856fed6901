// Reading what a client sends: the members of a JSON body and the parameters of a query, strictly.
// A reader keeps the first thing that is wrong; `done` tells of it, or of a name that nobody read.
#pragma once

#include "events/base/json.hpp"
#include "events/base/money.hpp"
#include "gateway/api/router.hpp"

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ash::gateway::api {

/// Refusals have the detail `field`: a JSON pointer into the body.
class body_reader {
public:
  /// An absent body is an empty object. Errors: `request_malformed` for another content type than
  /// JSON or a text that is none, `argument_invalid` for one that is no object.
  static result<body_reader> of(const call& from);

  /// A text that must be there and not be empty.
  std::string text(std::string_view name);
  std::optional<std::string> optional_text(std::string_view name);
  /// A list of at most `most` objects, each with a reader of its own, which is to be asked for
  /// `done` too.
  std::optional<std::vector<body_reader>> optional_objects(std::string_view name, std::size_t most);
  /// An object of texts.
  std::map<std::string, std::string> optional_texts(std::string_view name);
  /// Dollars as a decimal text (`"0.25"`), above 0.
  std::optional<usd> optional_usd(std::string_view name);

  /// Keeps that a field's value can't be; `what` follows the field's name.
  void wrong(std::string_view field, std::string what);
  /// Errors: the first that was found; `unknown_field`.
  [[nodiscard]] result<void> done() const;
  /// Equal for bodies that say the same.
  [[nodiscard]] const std::string& canonical() const noexcept { return canonical_; }

private:
  const json::value* take(std::string_view name);

  std::string at_; ///< of this object in the body: a JSON pointer
  json::object body_;
  std::string canonical_;
  std::set<std::string, std::less<>> known_;
  std::optional<error> first_;
};

/// A relative path would mean the server's own directory, which nobody who asks knows. `field` is
/// the body's member. Errors: `argument_invalid`.
result<void> check_absolute(std::string_view field, const std::string& path);

/// Refusals have the detail `field`: the parameter's name.
class query_reader {
public:
  explicit query_reader(const call& from) : query_{from.from.query} {}

  std::optional<std::string> text(std::string_view name);
  /// A whole number from `low` to `high`.
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t low, std::uint64_t high);
  /// What nobody has read yet: filters, for whoever knows their names.
  std::map<std::string, std::string> rest();

  [[nodiscard]] result<void> done() const;

private:
  void wrong(std::string_view field, std::string what);

  const std::map<std::string, std::string>& query_;
  std::set<std::string, std::less<>> known_;
  std::optional<error> first_;
};

} // namespace ash::gateway::api
