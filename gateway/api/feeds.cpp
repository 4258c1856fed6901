// Feeds by plain requests: which there are, where one stands, and its events a page at a time.
#include "gateway/api/events_page.hpp"

#include "events/feed/broadcaster.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>

namespace ash::gateway::api {
namespace {

constexpr std::uint64_t most_events = 1'000;
constexpr std::uint64_t usual_events = 100;
/// An answer of this many bytes is a page, however few events it has.
constexpr std::size_t page_bytes = std::size_t{4} << 20;

constexpr std::array<std::array<std::string_view, 2>, 6> forms{
    {{"all", "every event of the log"},
     {"category/KIND", "the streams of one kind: session, run, phase, tool, budget or log"},
     {"run/ID", "a run and all beneath it"},
     {"session/ID", "a session and all beneath it"},
     {"KIND/KEY", "one stream, for example phase/ID, tool/ID or budget/day:2026-11-21"},
     {"OWNER/turn/ID", "one turn of a session or phase, with its tool calls"}}};

/// Where a page begins. A number is a position, as people have it.
result<feed::start_point> begin_at(const context& in, const std::optional<std::string>& after) {
  feed::start_point out;
  if (!after)
    return out;
  const auto* end = after->data() + after->size();
  const auto [stop, failed] = std::from_chars(after->data(), end, out.after);
  if (failed == std::errc{} && stop == end)
    return out;
  TRY(const auto at, feed::parse_cursor(*after));
  if (at.incarnation != in.log().incarnation())
    return refuse(errc::cursor_invalid,
                  "the cursor is of another life of the log, which was restored or made anew "
                  "since: begin again at 0")
        .with("incarnation", to_string(in.log().incarnation()));
  return feed::start_point{at.position, at.last, at.feed};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

result<std::unique_ptr<feed::subscription>> reader_of(const context& in,
                                                      const feed::selector& which,
                                                      feed::type_filter types,
                                                      const feed::start_point& from) {
  return in.parts.feeds.subscribe(which, std::move(types), from, feed::pruned_form::events, [] {});
}

std::string_view kind_name(feed::feed_kind kind) {
  constexpr std::array<std::string_view, 5> names{"all", "category", "root", "stream", "turn"};
  return names[static_cast<std::size_t>(kind)];
}

/// The position of a feed's first event; null where it has none yet.
result<json::value> first_of(const context& in, const feed::selector& which) {
  TRY(const auto reader, reader_of(in, which, {}, {}));
  while (true) {
    TRY(const auto given, reader->next());
    if (const auto* event = std::get_if<feed::an_event>(&given))
      return json::value(event->what->position());
    if (!std::holds_alternative<feed::again>(given))
      return json::value(nullptr);
  }
}

result<response> list(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  json::array items;
  for (const auto& [name, what] : forms)
    items.push_back(json::object{{"feed", name}, {"what", what}});
  return json_answer(json::object{{"items", std::move(items)},
                                  {"incarnation", to_string(in.log().incarnation())},
                                  {"position", in.log().head()}});
}

result<response> describe(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto which, feed::selector::parse(asked.at("feed")));
  const auto head = in.log().head();
  TRY(auto first, first_of(in, which));
  auto closed = false;
  if (which.kind() == feed::feed_kind::root || which.kind() == feed::feed_kind::stream) {
    TRY(const auto stream, in.log().find_stream(which.stream()));
    closed = stream && stream->status == log::stream_status::closed;
  }
  feed::cursor now;
  now.incarnation = in.log().incarnation();
  now.position = head;
  return one(asked,
             json::object{{"feed", which.name()},
                          {"kind", kind_name(which.kind())},
                          {"first", std::move(first)},
                          {"closed", closed},
                          {"position", head},
                          {"cursor", feed::to_text(now)}});
}

} // namespace

result<response> events_page(const context& in, const call& asked, std::string_view name) {
  query_reader query{asked};
  const auto after = query.text("after");
  const auto limit = query.number("limit", 1, most_events).value_or(usual_events);
  const auto types_asked = query.text("types");
  TRY(query.done());
  TRY(const auto which, feed::selector::parse(name));
  TRY(const auto from, begin_at(in, after));
  if (const auto head = in.log().head(); from.after > head) // a page can't wait for it
    return refuse(errc::cursor_invalid,
                  "the log ends at " + std::to_string(head) + ", before " +
                      std::to_string(from.after));
  auto made =
      feed::type_filter::make(types_asked ? split(*types_asked) : std::vector<std::string>{});
  if (!made)
    return std::move(made).error().with("field", "types");
  auto types = std::move(made).value();
  TRY(const auto reader, reader_of(in, which, std::move(types), from));
  std::string items;
  auto all_given = false;
  for (std::uint64_t count = 0; count < limit && items.size() < page_bytes && !all_given;) {
    TRY(const auto given, reader->next());
    if (const auto* event = std::get_if<feed::an_event>(&given)) {
      TRY(const auto text, event->what->text());
      items.append(items.empty() ? "{\"prev\":" : ",{\"prev\":")
          .append(std::to_string(event->prev))
          .append(",")
          .append(text)
          .append("}");
      ++count;
    } else {
      all_given = !std::holds_alternative<feed::again>(given);
    }
  }
  response out;
  out.body = "{\"items\":[" + items + "],\"next\":\"" + feed::to_text(reader->where()) +
             "\",\"caught_up\":" + (all_given ? "true" : "false") +
             ",\"position\":" + std::to_string(reader->position()) + "}";
  return out;
}

void add_feed_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/feeds", [in](const call& c) { return list(*in, c); });
  to.add("GET", "/api/v1/feeds/{feed...}/events", [in](const call& c) {
    return events_page(*in, c, c.at("feed"));
  });
  to.add("GET", "/api/v1/feeds/{feed...}", [in](const call& c) { return describe(*in, c); });
}

} // namespace ash::gateway::api
