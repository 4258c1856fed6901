// A page of a feed's events as JSON, by cursor: for scripts that ask now and then. (Live feeds are
// `gateway/live`'s.)
#pragma once

#include "gateway/api/context.hpp"

namespace ash::gateway::api {

/// {"items": [an event with its `cursor`, …], "next": a cursor, "caught_up": whether the log has
/// no more of the feed now, "position"}, by the query's `after` (a cursor or a position), `limit`
/// (1–1000, else 100) and `types` (patterns, separated by commas). Errors: `feed_not_found`,
/// `cursor_invalid`, `argument_invalid`.
result<response> events_page(const context& in, const call& asked, std::string_view feed);

} // namespace ash::gateway::api
