#include "events/feed/selector.hpp"

#include <algorithm>
#include <array>

namespace ash::feed {
namespace {

constexpr std::array kinds{entity_kind::session,
                           entity_kind::run,
                           entity_kind::phase,
                           entity_kind::tool_call,
                           entity_kind::budget,
                           entity_kind::log};
constexpr std::string_view category_prefix = "category/";
constexpr std::string_view turn_part = "/turn/";

error no_such_feed(std::string_view name) {
  return refuse(errc::feed_not_found,
                "there is no feed '" + printable(name.substr(0, 200)) +
                    "': give all, category/KIND, run/ID, session/ID, another stream's name, or "
                    "OWNER/turn/ID");
}

/// The stream as the log names it: ids in lower case. Empty where it can't be one.
stream_id parse_stream(std::string_view name) {
  const auto stream = stream_id::parse(name);
  if (!stream || !is_valid_utf8(name))
    return {};
  const auto kind = stream.value().kind();
  if (kind == entity_kind::budget || kind == entity_kind::log)
    return stream.value();
  const auto id = parse_uuid(stream.value().key());
  return id ? stream_id{kind, to_string(id.value())} : stream_id{};
}

bool is_of_types(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '*';
}

} // namespace

result<selector> selector::parse(std::string_view name) {
  selector out;
  out.name_ = name;
  if (name == "all")
    return out;
  if (name.starts_with(category_prefix)) {
    const auto wanted = name.substr(category_prefix.size());
    const auto* found = std::find_if(
        kinds.begin(), kinds.end(), [&](entity_kind kind) { return to_string(kind) == wanted; });
    if (found == kinds.end())
      return no_such_feed(name);
    out.kind_ = feed_kind::category;
    out.category_ = *found;
    return out;
  }
  auto owner = name;
  if (const auto at = name.find(turn_part); at != std::string_view::npos) {
    const auto turn = parse_uuid(name.substr(at + turn_part.size()));
    if (!turn)
      return no_such_feed(name);
    out.turn_ = {turn.value()};
    owner = name.substr(0, at);
    out.kind_ = feed_kind::turn;
  }
  out.stream_ = parse_stream(owner);
  if (out.stream_.empty())
    return no_such_feed(name);
  const auto of = out.stream_.kind();
  if (out.kind_ == feed_kind::turn)
    return of == entity_kind::session || of == entity_kind::phase ? result<selector>{std::move(out)}
                                                                  : no_such_feed(name);
  out.kind_ =
      of == entity_kind::run || of == entity_kind::session ? feed_kind::root : feed_kind::stream;
  return out;
}

result<type_filter> type_filter::make(std::vector<std::string> patterns) {
  if (patterns.size() > max_patterns)
    return refuse(errc::argument_invalid,
                  "a feed takes at most " + std::to_string(max_patterns) + " patterns of types");
  for (const auto& each : patterns)
    if (each.empty() || each.size() > max_pattern_bytes ||
        !std::all_of(each.begin(), each.end(), is_of_types))
      return refuse(errc::argument_invalid,
                    "'" + printable(each.substr(0, max_pattern_bytes)) +
                        "' is no pattern of types: give one such as run.* or llm.call.completed");
  type_filter out;
  out.patterns_ = std::move(patterns);
  return out;
}

bool type_filter::passes(std::string_view type) const noexcept {
  return patterns_.empty() ||
         std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
           return glob_match(pattern, type);
         });
}

} // namespace ash::feed
