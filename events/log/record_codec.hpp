// The log's binary format, version 1: what the keys and values of its tables mean. Numbers in keys
// are big-endian (so that they sort), numbers in values little-endian. Everything read back is
// untrusted: each decoder checks bounds and the format, and refuses with `log_corrupt`. Pure
// functions.
//
// A record's value is: header | hash (32) | payload, with this header:
//   0 format (1)   1 flags   2 schema version (u16)   4 position   12 version   20 time (us)
//   28 hash of the record before (32)   60 payload hash (32)   92 payload size (u32)
//   96 sizes (u16 each) of stream, root, type, correlation, causation, idempotency key   108 those
//   texts
// The hash is SHA-256 of the header with the `pruned` flag cleared, so the chain can be verified
// after a transient payload is gone. The payload is absent where a flag says that it is pruned or a
// blob.
#pragma once

#include "events/base/hash.hpp"
#include "events/log/event_log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ash::log {

constexpr std::uint32_t format_version = 1;

// -- keys -----------------------------------------------------------------------------------------

std::string position_key(std::uint64_t position);
/// The position of a record's key; 0 for a key that is none.
std::uint64_t position_of_key(std::string_view key);
/// A name of up to 200 bytes and a number: the key of both indexes.
std::string index_key(const stream_id& name, std::uint64_t number);
struct index_place {
  std::string_view name;
  std::uint64_t number = 0;
};
result<index_place> parse_index_key(std::string_view key);
/// Whether `key` is an index key of `name`; its number then is in `number`.
bool is_index_key_of(std::string_view key, const stream_id& name, std::uint64_t& number);
std::string idempotency_table_key(const stream_id& stream, std::string_view key);
struct idempotency_place {
  std::string_view stream;
  std::string_view key;
};
result<idempotency_place> parse_idempotency_key(std::string_view key);

// -- records --------------------------------------------------------------------------------------

struct record_labels {
  std::string_view stream;
  std::string_view root;
  std::string_view type;
  std::string_view correlation;
  std::string_view causation;
  std::string_view key;
  std::uint16_t schema_version = 1;
  instant at;
  durability keep = durability::synced;
};

/// Appends a record's value to `out`, all but what the committer gives (`seal_record`). The payload
/// is kept inline up to `inline_payload_bytes`.
void encode_record(std::string& out,
                   const record_labels& labels,
                   std::string_view payload,
                   const sha256_digest& payload_hash);
/// Fills in position, version and the hash of the record before; returns the record's own hash.
sha256_digest seal_record(std::string& values,
                          std::size_t offset,
                          std::uint64_t position,
                          std::uint64_t version,
                          const sha256_digest& previous);

struct stored_record {
  record what; ///< its payload is empty where `in_blob`
  bool in_blob = false;
  std::size_t payload_size = 0;
};
/// Checks format, bounds, position and hash; an inline payload is checked against its hash.
result<stored_record> decode_record(std::string_view value, std::uint64_t position);
/// The value without its payload, marked as pruned. `value` must have been decoded.
std::string prune_record(std::string_view value);

// -- everything else ------------------------------------------------------------------------------

struct index_entry {
  std::uint64_t first_position = 0;
  std::uint64_t count = 0;
};
std::string encode_index(const index_entry& entry);
result<index_entry> decode_index(std::string_view value);

/// What is kept under an idempotency key.
struct stored_key {
  receipt what; ///< the entry's own facts
  sha256_digest content;
  /// The whole append, where it had several entries.
  struct whole {
    receipt what;
    sha256_digest content;
  };
  std::optional<whole> append;
};
std::string encode_key(const stored_key& stored);
result<stored_key> decode_key(std::string_view value);

/// A stream's head, and up to which version its transient facts are pruned.
struct stored_head {
  stream_head head;
  std::uint64_t pruned_to = 0;
};
std::string encode_head(const stored_head& stored);
result<stored_head> decode_head(std::string_view value, const stream_id& stream);

/// Where the log is: the meta table's `state`, rewritten with each batch.
struct log_state {
  std::uint64_t head = 0;
  sha256_digest head_hash;
  std::uint64_t streams = 0;
  std::uint64_t open_streams = 0;
  std::uint64_t blobs = 0;
  std::uint64_t snapshots = 0;
};
constexpr std::string_view state_key = "state";
std::string encode_state(const log_state& state);
result<log_state> decode_state(std::string_view value);

/// Whose the log is: the meta table's `life`, rewritten when the log is opened and closed.
struct log_life {
  incarnation_id incarnation;
  uuid boot;
  bool closed_cleanly = false;
};
constexpr std::string_view life_key = "life";
std::string encode_life(const log_life& life);
result<log_life> decode_life(std::string_view value);

/// Bytes with their SHA-256 in front, compressed with zstd where that makes them smaller.
std::string pack(std::string_view bytes, const sha256_digest& hash);
struct packed {
  std::string bytes;
  sha256_digest hash;
};
/// Checks size and hash. `what` names the thing in the message.
result<packed> unpack(std::string_view value, std::string_view what);

std::string encode_snapshot(const snapshot& state);
result<snapshot> decode_snapshot(std::string_view value, const stream_id& stream);

/// `log_corrupt`: what is wrong, at which position (0: none can be named), and what to do.
error corrupt(std::uint64_t position, std::string what);
/// What such an error found, for who has verified the log already: without what to do.
damage damage_of(const error& why);

} // namespace ash::log
