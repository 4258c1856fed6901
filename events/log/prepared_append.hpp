// An append as the committer wants it: checked, hashed and encoded on the caller's thread, so that
// the committer only gives positions, chains hashes and writes. Owned by the queue. Private to
// events/log.
#pragma once

#include "events/log/record_codec.hpp"
#include "events/log/tables.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ash::log {

constexpr std::size_t max_facts_per_append = 65'536;
constexpr std::size_t max_label_bytes = 1'000; ///< of type, correlation and causation
constexpr std::size_t max_key_bytes = 200;

struct prepared_append {
  /// One entry that has an idempotency key.
  struct keyed_entry {
    std::string table_key;
    sha256_digest content;
    std::uint64_t first_fact = 0; ///< from 0, within the append
    std::uint64_t facts = 0;
    std::optional<stored_key> found; ///< by the look-up on the caller's thread
  };
  struct packed_blob {
    sha256_digest hash;
    std::string value;
  };

  stream_id stream;
  stream_id root;
  std::uint64_t expected_version = 0;
  stream_status status = stream_status::open;
  std::string records;               ///< the values of all facts, one after another
  std::vector<std::uint32_t> begins; ///< where each fact's value begins
  std::vector<keyed_entry> keys;
  std::size_t entries = 0;
  sha256_digest content;
  std::vector<packed_blob> blobs;
  bool forces_sync = false;
  bool keys_are_new = false; ///< see append_request
  /// The keys were looked up in what was durable after this batch.
  std::optional<std::uint64_t> looked_up_after;

  [[nodiscard]] std::size_t bytes() const;
};

/// Errors: `argument_invalid` (empty, unnamed, too long, a blob that is not what its hash says),
/// `limit_exceeded` (over `max_append_bytes` or `max_facts_per_append`).
result<prepared_append> prepare(const append_request& what);

/// Looks the idempotency keys up, so that the committer need not. `batch` is the batch after which
/// `durable` was taken.
result<void> look_up_keys(prepared_append& what, const table_view& durable, std::uint64_t batch);

/// What is stored under one key. Errors: `log_corrupt`.
result<std::optional<stored_key>> find_stored_key(const table_view& in, std::string_view table_key);

} // namespace ash::log
