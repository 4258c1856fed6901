#include "gateway/live/messages.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace ash::gateway {
namespace {

constexpr std::size_t max_depth = 64;
constexpr std::size_t max_text_bytes = 1'024;
constexpr std::array<std::string_view, 5> methods{"GET", "POST", "PUT", "PATCH", "DELETE"};

/// Takes members of one message by name, and knows at the end whether there were others.
class members {
public:
  members(const json::object& of, std::string_view type) : of_{of}, type_{type} {}

  result<std::string> text(std::string_view name, std::size_t max = max_text_bytes) {
    TRY(auto found, optional_text(name, max));
    if (!found || found->empty())
      return bad(name, "has to be a text that is not empty");
    return std::move(*found);
  }

  result<std::optional<std::string>> optional_text(std::string_view name,
                                                   std::size_t max = max_text_bytes) {
    const auto* found = take(name);
    if (found == nullptr)
      return std::nullopt;
    if (!found->is_string() || found->get_string().size() > max)
      return bad(name, "has to be a text of at most " + std::to_string(max) + " bytes");
    return std::optional{std::string{found->get_string()}};
  }

  result<std::optional<std::uint64_t>> optional_number(std::string_view name) {
    const auto* found = take(name);
    if (found == nullptr)
      return std::nullopt;
    if (!found->is_int64() || found->get_int64() < 0)
      return bad(name, "has to be an integer of 0 or more");
    return std::optional{static_cast<std::uint64_t>(found->get_int64())};
  }

  result<bool> flag(std::string_view name) {
    const auto* found = take(name);
    if (found == nullptr)
      return false;
    if (!found->is_bool())
      return bad(name, "has to be true or false");
    return found->get_bool();
  }

  const json::value* take(std::string_view name) {
    names_.push_back(name);
    return of_.if_contains(name);
  }

  result<void> no_others() const {
    for (const auto& each : of_)
      if (std::find(names_.begin(), names_.end(), std::string_view{each.key()}) == names_.end())
        return refuse(errc::unknown_field,
                      "the message '" + std::string{type_} + "' has no member '" +
                          printable(std::string_view{each.key()}.substr(0, max_id_bytes)) + "'");
    return success();
  }

  [[nodiscard]] error bad(std::string_view name, std::string what) const {
    return refuse(errc::argument_invalid,
                  "'" + std::string{name} + "' of the message '" + std::string{type_} + "' " +
                      std::move(what));
  }

private:
  const json::object& of_;
  std::string_view type_;
  std::vector<std::string_view> names_{"type"};
};

result<std::string> read_after(members& from) {
  const auto* after = from.take("after");
  if (after == nullptr || (after->is_int64() && after->get_int64() == 0))
    return std::string{};
  if (!after->is_string() || after->get_string().size() > max_text_bytes)
    return from.bad("after", "has to be a cursor, \"now\" or 0");
  return std::string{after->get_string()};
}

result<std::vector<std::string>> read_types(members& from) {
  std::vector<std::string> types;
  const auto* found = from.take("types");
  if (found == nullptr)
    return types;
  const auto* list = found->if_array();
  if (list == nullptr || list->size() > feed::type_filter::max_patterns)
    return from.bad("types", "has to be a list of a few patterns of types");
  for (const auto& each : *list) {
    if (!each.is_string())
      return from.bad("types", "has to hold texts");
    types.emplace_back(each.get_string());
  }
  return types;
}

result<message> read_subscribe(members& from) {
  said::subscribe out;
  TRY(out.id, from.text("id", max_id_bytes));
  TRY(out.what.feed, from.text("feed"));
  TRY(out.what.after, read_after(from));
  TRY(out.what.types, read_types(from));
  TRY(out.what.snapshots, from.flag("snapshots"));
  TRY(out.what.credit, from.optional_number("credit"));
  return message{std::move(out)};
}

result<message> read_credit(members& from) {
  said::credit out;
  TRY(out.id, from.text("id", max_id_bytes));
  TRY(const auto add, from.optional_number("add"));
  if (add.value_or(0) == 0)
    return from.bad("add", "has to be an integer above 0");
  out.add = *add;
  return message{std::move(out)};
}

result<std::map<std::string, std::string>> read_query(members& from) {
  std::map<std::string, std::string> out;
  const auto* found = from.take("query");
  if (found == nullptr)
    return out;
  const auto* query = found->if_object();
  if (query == nullptr)
    return from.bad("query", "has to be an object of texts");
  for (const auto& each : *query) {
    if (!each.value().is_string())
      return from.bad("query", "has to be an object of texts");
    out.emplace(each.key(), each.value().get_string());
  }
  return out;
}

result<message> read_command(members& from) {
  said::command out;
  TRY(out.id, from.text("id", max_id_bytes));
  TRY(out.what.method, from.text("method"));
  if (std::find(methods.begin(), methods.end(), out.what.method) == methods.end())
    return from.bad("method", "has to be GET, POST, PUT, PATCH or DELETE");
  TRY(out.what.path, from.text("path"));
  if (!out.what.path.starts_with("/api/v1/") ||
      out.what.path.find_first_of("?#%") != std::string::npos ||
      (out.what.path + '/').find("/../") != std::string::npos)
    return from.bad("path", "has to begin with /api/v1/ and to be plain: the query is a member");
  TRY(out.what.query, read_query(from));
  if (const auto* body = from.take("body"); body != nullptr) {
    out.what.body = to_json_text(*body);
    out.what.headers.emplace("content-type", "application/json");
  }
  TRY(auto key, from.optional_text("idempotency_key", 200));
  if (key)
    out.what.headers.emplace("idempotency-key", std::move(*key));
  return message{std::move(out)};
}

result<message> read_as(std::string_view type, members& from) {
  if (type == "subscribe")
    return read_subscribe(from);
  if (type == "credit")
    return read_credit(from);
  if (type == "command")
    return read_command(from);
  if (type == "auth") {
    TRY(auto token, from.text("token"));
    return message{said::auth{std::move(token)}};
  }
  if (type == "unsubscribe") {
    TRY(auto id, from.text("id", max_id_bytes));
    return message{said::unsubscribe{std::move(id)}};
  }
  if (type == "ping") {
    TRY(auto id, from.optional_text("id", max_id_bytes));
    return message{said::ping{id.value_or(std::string{})}};
  }
  return refuse(errc::argument_invalid,
                "there is no message '" + printable(type.substr(0, max_id_bytes)) +
                    "': say auth, subscribe, unsubscribe, credit, command or ping");
}

result<message> read_object(const json::object& from) {
  const auto* type = from.if_contains("type");
  if (type == nullptr || !type->is_string())
    return refuse(errc::argument_invalid, "a message needs a 'type'");
  const std::string_view named{type->get_string()};
  members all{from, named};
  TRY(auto read, read_as(named, all));
  TRY(all.no_others());
  return read;
}

} // namespace

std::variant<message, unread_message> read_message(std::string_view text, std::size_t max_bytes) {
  const auto parsed = parse_json(text, "the message", {max_bytes, max_depth});
  if (!parsed)
    return unread_message{{}, parsed.error()};
  const auto* object = parsed.value().if_object();
  if (object == nullptr)
    return unread_message{{}, refuse(errc::argument_invalid, "a message is a JSON object")};
  auto read = read_object(*object);
  if (read)
    return std::move(read).value();
  unread_message out{{}, read.error()};
  if (const auto* id = object->if_contains("id");
      id != nullptr && id->is_string() && id->get_string().size() <= max_id_bytes)
    out.id = std::string{id->get_string()};
  return out;
}

} // namespace ash::gateway
