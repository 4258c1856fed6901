// A fold as JSON, for readers. Private to actors/shells.
#pragma once

#include "actors/shells/fold.hpp"
#include "events/base/json.hpp"
#include "events/codec/describe_json.hpp"

#include <boost/json/object.hpp>

namespace ash::fold {

/// {"stream", "version", "position", "at", "state"}. Errors: `feed_not_found` where there is no
/// such stream, `argument_invalid` where it is the fold of no fact.
template <aggregate A>
result<json::object>
to_json(const log::event_log& log, const stream_id& stream, const folded<A>& from) {
  if (from.version == 0) {
    TRY(const auto head, log.find_stream(stream));
    if (!head)
      return refuse(errc::feed_not_found, "there is no stream '" + stream.text() + "'");
    TRY(const auto first, log.read_stream(stream, 0));
    return refuse(errc::argument_invalid,
                  "the stream '" + stream.text() + "' has no fact up to there" +
                      (first.empty() ? ""
                                     : ": its first is at position " +
                                           std::to_string(first.front().position)));
  }
  return json::object{{"stream", stream.text()},
                      {"version", from.version},
                      {"position", from.position},
                      {"at", to_iso(from.at)},
                      {"state", codec::describe_json(from.state)}};
}

} // namespace ash::fold
