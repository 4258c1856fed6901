// Every stream of a kind, a page at a time. Private to actors/shells.
#pragma once

#include "events/log/event_log.hpp"

#include <string>

namespace ash {

/// Calls `visit` with the head of each, in the order of their names. Ends with the first error: of
/// the log, or of `visit`.
template <class Visit>
result<void> each_stream(const log::event_log& log,
                         entity_kind kind,
                         log::event_log::listing which,
                         Visit visit) {
  for (std::string after;;) {
    TRY(const auto heads, log.list_streams(kind, after, log::event_log::streams_a_page, which));
    if (heads.empty())
      return success();
    for (const auto& head : heads) {
      TRY(visit(head));
    }
    after = heads.back().stream.text();
  }
}

} // namespace ash
