// Where a reader of a feed is, as the opaque text that clients keep and resume by. It names the
// log's incarnation, so that a restored or recreated log is never mistaken for the old one, and
// leaves room for shards. Pure functions.
#pragma once

#include "events/base/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ash::feed {

struct cursor {
  incarnation_id incarnation;
  std::uint16_t shard = 0;    ///< of the log; there is one yet
  std::uint64_t position = 0; ///< everything up to here was seen
  std::uint64_t last = 0;     ///< of the feed's last event up to there; 0 where it has none
  std::uint32_t feed = 0;     ///< which feed `last` is of (24 bits); 0: the event itself is there

  friend bool operator==(const cursor&, const cursor&) = default;
};

/// 56 characters of base64url.
std::string to_text(const cursor& of);

/// Errors: `cursor_invalid` for a text that `to_text` did not make, or not for this version.
result<cursor> parse_cursor(std::string_view text);

} // namespace ash::feed
