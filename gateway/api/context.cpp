#include "gateway/api/context.hpp"

#include "events/feed/cursor.hpp"

#include <limits>

namespace ash::gateway::api {
namespace {

constexpr std::uint64_t most_rows = 500;
constexpr std::uint64_t usual_rows = 50;
/// How long a command's answer waits for the read models, so that a list asked for next shows it.
constexpr std::chrono::milliseconds catch_up{2'000};

/// The digest of what was asked when these facts were written.
result<std::string> cause_of(const log::event_log& log, const stream_id& stream, std::uint64_t at) {
  log::read_limit limit;
  limit.max_records = 1;
  TRY(const auto found, log.read(at - 1, limit));
  if (found.empty() || found.front().stream != stream)
    return refuse(errc::log_corrupt,
                  "the log has no fact of '" + stream.text() + "' at " + std::to_string(at));
  return found.front().causation;
}

result<std::optional<outcome_of_command>>
earlier(const context& in, const command_key& key, const stream_id& stream) {
  TRY(const auto stored, in.log().find_key(stream, key.source.key));
  if (!stored)
    return std::nullopt;
  TRY(const auto cause, cause_of(in.log(), stream, stored->first_position));
  if (cause != key.source.causation)
    return refuse(errc::idempotency_conflict,
                  "this Idempotency-Key was used for another request: take a new one");
  return outcome_of_command{stored->first_position + stored->count - 1, stored->first_position};
}

} // namespace

result<response> rows(const context& in,
                      const call& asked,
                      std::string_view what,
                      std::map<std::string, std::string> fixed) {
  query_reader query{asked};
  list_request wanted{what, {}, query.number("limit", 1, most_rows).value_or(usual_rows), {}};
  wanted.after = query.text("after").value_or(std::string{});
  const auto least = query.number("min_position", 0, std::numeric_limits<std::uint64_t>::max());
  wanted.filters = query.rest();
  for (auto& [name, value] : fixed) // the path has it
    if (!wanted.filters.emplace(name, std::move(value)).second)
      return refuse(errc::unknown_field, "the parameter '" + name + "' is not known here")
          .with("field", name);
  TRY(query.done());
  if (least && *least > in.log().head())
    return refuse(errc::argument_invalid,
                  "'min_position' is " + std::to_string(*least) + ", and the log ends at " +
                      std::to_string(in.log().head()))
        .with("field", "min_position");
  if (least && !in.reads().wait_for(*least, catch_up))
    return refuse(errc::store_unavailable,
                  "the rows don't stand for position " + std::to_string(*least) +
                      " yet: ask again");
  TRY(auto page, in.reads().list(wanted));
  json::value next;
  if (!page.next.empty())
    next = json::string{page.next};
  return json_answer(json::object{{"items", std::move(page.rows)},
                                  {"next", std::move(next)},
                                  {"total", page.total},
                                  {"position", page.position}});
}

result<response> row(const context& in,
                     const call& asked,
                     std::string_view what,
                     std::string_view id,
                     errc missing) {
  TRY(query_reader{asked}.done());
  TRY(auto found, in.reads().get(what, id));
  if (!found)
    return refuse(missing, "there is nothing named '" + std::string{id} + "'");
  return one(asked, std::move(*found));
}

result<run_id> run_in(const context& in, const call& asked) {
  TRY(const auto stream, inspect::resolve_id(in.log(), entity_kind::run, asked.at("run")));
  TRY(const auto id, parse_uuid(stream.key()));
  return run_id{id};
}

result<session_id> session_in(const context& in, const call& asked) {
  TRY(const auto stream, inspect::resolve_id(in.log(), entity_kind::session, asked.at("session")));
  TRY(const auto id, parse_uuid(stream.key()));
  return session_id{id};
}

result<outcome_of_command> perform(const context& in,
                                   const command_key& key,
                                   const stream_id& stream,
                                   const std::function<result<void>(const command_source&)>& act) {
  const auto held = in.keys.hold(key);
  TRY(const auto before, earlier(in, key, stream));
  if (before)
    return *before;
  TRY(act(key.source));
  TRY(const auto after, earlier(in, key, stream));
  outcome_of_command out;
  if (after) {
    out = *after;
  } else {
    TRY(const auto head, in.log().find_stream(stream));
    out.position = head ? head->position : 0;
  }
  in.reads().wait_for(out.position, catch_up);
  return out;
}

response commanded(const context& in,
                   json::object body,
                   const outcome_of_command& how,
                   int status,
                   std::string location) {
  body["position"] = how.position;
  feed::cursor after;
  after.incarnation = in.log().incarnation();
  after.position = after.last = how.position;
  body["cursor"] = feed::to_text(after);
  auto out = json_answer(body, status);
  if (!location.empty())
    out.headers.emplace_back("Location", std::move(location));
  return out;
}

} // namespace ash::gateway::api
