#include "gateway/api/input.hpp"

#include "events/base/text.hpp"

#include <charconv>

namespace ash::gateway::api {
namespace {

constexpr usd highest_usd{1'000'000'000'000'000'000};

bool is_json(std::string_view content_type) {
  const auto kind = content_type.substr(0, content_type.find(';'));
  return kind.empty() || kind == "application/json";
}

error unknown(std::string_view what, std::string_view name, std::string field) {
  return refuse(errc::unknown_field,
                std::string{what} + " '" + printable(name) + "' is not known here")
      .with("field", std::move(field));
}

} // namespace

// -- body -----------------------------------------------------------------------------------------

result<body_reader> body_reader::of(const call& from) {
  body_reader out;
  if (!is_json(from.header("content-type")))
    return refuse(errc::request_malformed, "the body has to be application/json");
  if (!from.from.body.empty()) {
    auto parsed = parse_json(from.from.body, "the body");
    if (!parsed)
      return refuse(errc::request_malformed, parsed.error().message);
    auto* object = parsed.value().if_object();
    if (object == nullptr)
      return refuse(errc::argument_invalid, "the body has to be an object").with("field", "");
    out.body_ = std::move(*object);
  }
  out.canonical_ = canonical_json(out.body_);
  return out;
}

void body_reader::wrong(std::string_view field, std::string what) {
  if (!first_)
    first_ = refuse(errc::argument_invalid, "'" + printable(field) + "' " + what)
                 .with("field", at_ + "/" + std::string{field});
}

const json::value* body_reader::take(std::string_view name) {
  known_.emplace(name);
  return body_.if_contains(json::string_view{name.data(), name.size()});
}

std::string body_reader::text(std::string_view name) {
  auto found = optional_text(name);
  if (!found || found->empty())
    wrong(name, found ? "is empty" : "is missing");
  return found.value_or(std::string{});
}

std::optional<std::string> body_reader::optional_text(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  if (const auto* text = value->if_string())
    return std::string{text->data(), text->size()};
  wrong(name, "has to be a text");
  return std::nullopt;
}

std::optional<std::vector<body_reader>> body_reader::optional_objects(std::string_view name,
                                                                      std::size_t most) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  const auto* all = value->if_array();
  if (all == nullptr || all->size() > most) {
    wrong(name, "has to be a list of at most " + std::to_string(most) + " objects");
    return std::nullopt;
  }
  std::vector<body_reader> out;
  for (const auto& item : *all) {
    const auto place = std::string{name} + "/" + std::to_string(out.size());
    const auto* object = item.if_object();
    if (object == nullptr) {
      wrong(place, "has to be an object");
      return std::nullopt;
    }
    auto& one = out.emplace_back();
    one.at_ = at_ + "/" + place;
    one.body_ = *object;
  }
  return out;
}

std::map<std::string, std::string> body_reader::optional_texts(std::string_view name) {
  std::map<std::string, std::string> out;
  const auto* value = take(name);
  if (value == nullptr)
    return out;
  const auto* object = value->if_object();
  if (object == nullptr) {
    wrong(name, "has to be an object of texts");
    return out;
  }
  for (const auto& [key, item] : *object) {
    const std::string member{key.data(), key.size()};
    if (const auto* text = item.if_string())
      out.emplace(member, std::string{text->data(), text->size()});
    else
      wrong(std::string{name} + "/" + member, "has to be a text");
  }
  return out;
}

std::optional<usd> body_reader::optional_usd(std::string_view name) {
  const auto text = optional_text(name);
  if (!text)
    return std::nullopt;
  const auto amount = parse_usd(*text);
  if (!amount)
    wrong(name, "has to be an amount of dollars as a text: " + amount.error().message);
  else if (amount.value() <= usd{} || amount.value() > highest_usd)
    wrong(name, "has to be above 0 and up to " + to_string(highest_usd));
  else
    return amount.value();
  return std::nullopt;
}

result<void> body_reader::done() const {
  for (const auto& [key, item] : body_)
    if (const std::string name{key.data(), key.size()}; !known_.contains(name))
      return unknown("the field", name, at_ + "/" + name);
  if (first_)
    return *first_;
  return success();
}

result<void> check_absolute(std::string_view field, const std::string& path) {
  if (path.starts_with('/'))
    return success();
  return refuse(errc::argument_invalid,
                "'" + printable(path) + "' has to be an absolute path on the server's machine")
      .with("field", "/" + std::string{field});
}

// -- query ----------------------------------------------------------------------------------------

void query_reader::wrong(std::string_view field, std::string what) {
  if (!first_)
    first_ = refuse(errc::argument_invalid, "the parameter '" + printable(field) + "' " + what)
                 .with("field", std::string{field});
}

std::optional<std::string> query_reader::text(std::string_view name) {
  known_.emplace(name);
  const auto found = query_.find(std::string{name});
  return found == query_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::uint64_t>
query_reader::number(std::string_view name, std::uint64_t low, std::uint64_t high) {
  const auto given = text(name);
  if (!given)
    return std::nullopt;
  std::uint64_t value = 0;
  const auto* end = given->data() + given->size();
  const auto [stop, failed] = std::from_chars(given->data(), end, value);
  if (failed == std::errc{} && stop == end && value >= low && value <= high)
    return value;
  wrong(name,
        "has to be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return std::nullopt;
}

std::map<std::string, std::string> query_reader::rest() {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : query_)
    if (known_.emplace(name).second)
      out.emplace(name, value);
  return out;
}

result<void> query_reader::done() const {
  for (const auto& [name, value] : query_)
    if (!known_.contains(name))
      return unknown("the parameter", name, name);
  if (first_)
    return *first_;
  return success();
}

} // namespace ash::gateway::api
