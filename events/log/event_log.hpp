// The seam to the log: the only way to write history, and the ways to read it. Positions are dense
// over the whole log, versions dense within a stream, both from 1. Payloads are opaque bytes here.
#pragma once

#include "events/base/clock.hpp"
#include "events/base/hash.hpp"
#include "events/base/ids.hpp"
#include "events/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ash::log {

enum class durability : std::uint8_t {
  synced,    ///< acknowledged only after the WAL is on the disk
  transient, ///< written without forcing a sync, and pruned later
};

/// One fact on its way into the log.
struct draft {
  std::string type; ///< for example `run.started`
  std::uint16_t schema_version = 1;
  durability keep = durability::synced;
  std::string payload;
};

/// The facts that one command led to: all or none, under one idempotency key (1–200 bytes, unique
/// within its stream; may be empty for facts that can never be sent twice).
struct entry {
  std::string idempotency_key;
  std::string correlation; ///< the root cause: what a person or client asked for
  std::string causation;   ///< the command or record that led here
  std::vector<draft> facts;
};

/// Bytes that facts refer to by content. Written in the same batch as the facts.
struct blob {
  sha256_digest hash;
  std::string bytes;
};

enum class stream_status : std::uint8_t { open, closed };

struct append_request {
  stream_id stream;
  stream_id root; ///< the run or session at the top of the tree (the stream itself for those)
  std::uint64_t expected_version = 0; ///< of the stream's last fact; 0 for a new stream
  instant at;
  std::vector<entry> entries; ///< at least one, each with at least one fact
  std::vector<blob> blobs;
  stream_status status = stream_status::open; ///< of the stream after this append
  /// The stream's one writer has looked: up to `expected_version` no key of these entries is in it.
  /// They are looked up again only where the stream turns out to be at another version.
  bool keys_are_new = false;
};

/// Where the facts of an append are. With `duplicate` nothing was written: they were there already.
struct receipt {
  std::uint64_t first_position = 0;
  std::uint64_t first_version = 0;
  std::uint64_t count = 0;
  bool duplicate = false;

  friend bool operator==(const receipt&, const receipt&) = default;
};

using on_appended = std::function<void(result<receipt>)>;

/// One fact as it was stored.
struct record {
  std::uint64_t position = 0;
  stream_id stream;
  std::uint64_t version = 0;
  stream_id root;
  std::string type;
  std::uint16_t schema_version = 1;
  instant at;
  std::string correlation;
  std::string causation;
  std::string idempotency_key;
  durability keep = durability::synced;
  bool pruned = false; ///< a transient fact whose payload is gone; its place in the chain remains
  std::string payload; ///< whole, also where it is kept as a blob
  sha256_digest payload_hash;
  sha256_digest previous; ///< hash of the record before it in the log
  sha256_digest hash;
};

struct stream_head {
  stream_id stream;
  stream_id root;
  std::uint64_t version = 0;
  std::uint64_t position = 0; ///< of its last fact
  stream_status status = stream_status::open;
  std::optional<stream_id> parent; ///< of a fork
  std::uint64_t parent_version = 0;
};

struct snapshot {
  std::uint64_t version = 0; ///< the state is the fold of facts 1 … version
  std::string bytes;
};

struct read_limit {
  std::size_t max_records = 1'000;
  std::size_t max_bytes = std::size_t{8} << 20; ///< of payload; at least one record is returned
};

/// One thing that `verify` found.
struct damage {
  std::uint64_t position = 0; ///< 0 where no position can be named
  std::string what;
};

struct verify_report {
  std::uint64_t records = 0;
  std::uint64_t head = 0;
  std::uint64_t streams = 0;
  std::uint64_t blobs = 0;
  std::vector<damage> damages; ///< at most 100; `damage_count` counts all
  std::uint64_t damage_count = 0;
};

/// How often a value came, by powers of two: [i] is for those at most 2^i and above 2^(i-1), the
/// last for all above too.
using counts_by_power = std::array<std::uint64_t, 24>;

struct log_stats {
  incarnation_id incarnation;
  std::uint64_t head = 0;
  std::uint64_t streams = 0;
  std::uint64_t open_streams = 0;
  std::uint64_t blobs = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t appends = 0;      ///< since this process opened it
  std::uint64_t sync_count = 0;   ///< likewise
  std::uint64_t queued_bytes = 0; ///< waiting for the committer now
  counts_by_power sync_times{};   ///< in µs, since this process opened it
  std::uint64_t sync_us = 0;      ///< their sum
  counts_by_power batch_sizes{};  ///< in facts, likewise
  std::uint64_t batch_facts = 0;  ///< their sum
};

/// What a backup holds; its manifest says the same.
struct backup_report {
  incarnation_id incarnation; ///< of the log that was backed up
  std::uint64_t head = 0;
  sha256_digest head_hash;
  instant at;
};

/// Thread-safe. Everything that a read returns is durable.
class event_log {
public:
  virtual ~event_log() = default;

  // -- writing ----------------------------------------------------------------------------------

  /// Appends all entries or none, and calls `then` once, from another thread, when they are
  /// durable. A known idempotency key with the same facts answers with what was stored. Errors:
  /// `version_conflict`, `idempotency_conflict`, `queue_full` (try again later), `storage_full`,
  /// `log_failed` (nothing more can be appended before the log is opened again).
  virtual void append(append_request what, on_appended then) = 0;

  /// `append`, waiting for it.
  result<receipt> append_now(append_request what);

  /// Keeps `state` as the stream's newest snapshot, unless it has a newer one.
  virtual result<void> save_snapshot(const stream_id& stream, snapshot state) = 0;

  /// Drops the payloads of the stream's transient facts up to `version`; the records stay as stubs.
  virtual result<void> prune_transient(const stream_id& stream, std::uint64_t up_to_version) = 0;

  /// Makes `child` a stream whose facts 1 … `version` are the parent's. Its own begin after that.
  /// O(1) in the parent's length. Errors: `feed_not_found`, `version_conflict` where the child
  /// exists or the parent is shorter.
  virtual result<void> fork(const stream_id& child,
                            const stream_id& root,
                            const stream_id& parent,
                            std::uint64_t version) = 0;

  // -- reading ----------------------------------------------------------------------------------

  [[nodiscard]] virtual incarnation_id incarnation() const = 0;
  /// The last durable position; 0 for an empty log.
  [[nodiscard]] virtual std::uint64_t head() const = 0;
  virtual result<std::vector<record>> read(std::uint64_t after, read_limit limit = {}) const = 0;
  /// Facts of one stream, a fork's shared prefix included.
  virtual result<std::vector<record>> read_stream(const stream_id& stream,
                                                  std::uint64_t after_version,
                                                  read_limit limit = {}) const = 0;
  /// Facts of a root and of everything beneath it, in order of position.
  virtual result<std::vector<record>>
  read_root(const stream_id& root, std::uint64_t after, read_limit limit = {}) const = 0;
  virtual result<std::optional<stream_head>> find_stream(const stream_id& stream) const = 0;
  enum class listing : std::uint8_t { all, open };
  /// What those who list all of them ask for at a time.
  static constexpr std::size_t streams_a_page = 1'000;
  /// Streams of one kind in order of their names, after the name `after` (empty: from the first).
  virtual result<std::vector<stream_head>>
  list_streams(entity_kind kind, std::string_view after, std::size_t max, listing which) const = 0;
  /// What was stored under a stream's idempotency key.
  virtual result<std::optional<receipt>> find_key(const stream_id& stream,
                                                  std::string_view key) const = 0;
  virtual result<std::optional<snapshot>> load_snapshot(const stream_id& stream) const = 0;
  /// Errors: `blob_not_found`, `log_corrupt` where the bytes do not match the hash.
  virtual result<std::string> read_blob(const sha256_digest& hash) const = 0;

  /// Calls `listener(head)` after every commit, from the committer's thread, until the returned
  /// handle is destroyed. It must not block.
  using commit_listener = std::function<void(std::uint64_t head)>;
  [[nodiscard]] virtual std::shared_ptr<void> on_commit(commit_listener listener) = 0;

  // -- care -------------------------------------------------------------------------------------

  /// Reads everything and checks hashes, chain, dense positions and versions, indexes and blobs.
  /// `progress(done, total)` is called now and then.
  virtual result<verify_report>
  verify(std::function<void(std::uint64_t, std::uint64_t)> progress = {}) const = 0;
  virtual result<log_stats> stats() const = 0;
  /// Of a log opened for reading beside a live writer: sees what was written since. Otherwise
  /// nothing.
  virtual result<void> refresh() { return success(); }
  /// Copies the log, as it is now and while it is in use, to the new directory `to`.
  /// Errors: `argument_invalid` (`to` exists, or this log can't be copied), `storage_full`,
  /// `io_failed`.
  virtual result<backup_report> backup(const std::string& to);
};

/// Where an append or a blob is too large to be taken.
constexpr std::size_t max_append_bytes = std::size_t{64} << 20;
/// Payloads above this are kept as blobs, transparently.
constexpr std::size_t inline_payload_bytes = std::size_t{16} << 10;

} // namespace ash::log
