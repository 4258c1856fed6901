// Reading a log's tables: records with their hashes checked, streams with the prefixes that forks
// share, roots, heads and lists. Pure functions over a view and the durable head: nothing beyond
// `head` is returned. Private to events/log.
#pragma once

#include "events/log/record_codec.hpp"
#include "events/log/tables.hpp"

#include <utility>
#include <vector>

namespace ash::log {

/// A durable moment of the log.
struct moment {
  std::shared_ptr<const table_view> view;
  log_state state;
  std::uint64_t batch = 0; ///< the last batch in it
};

using records = std::vector<record>;

// See `event_log` for what each returns. Errors: `log_corrupt` with the position, `io_failed`.
result<records> read_log(const moment& now, std::uint64_t after, read_limit limit);
result<records> read_stream(const moment& now,
                            const stream_id& stream,
                            std::uint64_t after_version,
                            read_limit limit);
result<records>
read_root(const moment& now, const stream_id& root, std::uint64_t after, read_limit limit);
result<std::optional<stream_head>> find_head(const table_view& in, const stream_id& stream);
result<std::vector<stream_head>> list_heads(const table_view& in,
                                            entity_kind kind,
                                            std::string_view after,
                                            std::size_t max,
                                            event_log::listing which);
result<std::optional<snapshot>> load_snapshot(const table_view& in, const stream_id& stream);
result<std::string> read_blob(const table_view& in, const sha256_digest& hash);

/// The position of a stream's fact, which may be in a fork's shared prefix.
result<std::uint64_t>
find_position(const table_view& in, const stream_id& stream, std::uint64_t version);
/// Up to `max` of the stream's own facts after a version, as stored: positions and values.
result<std::vector<std::pair<std::uint64_t, std::string>>> raw_records(const table_view& in,
                                                                       const stream_id& stream,
                                                                       std::uint64_t after_version,
                                                                       std::size_t max);
/// The payload of a record, from its blob where it is kept there.
result<void> complete_payload(const table_view& in, stored_record& read);

} // namespace ash::log
