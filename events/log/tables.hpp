// The sorted tables that a log is kept in, behind a seam of their own: RocksDB column families, or
// maps in memory. Owned by one log. Knows bytes only: what keys and values mean is record_codec's.
#pragma once

#include "events/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ash::log {

enum class table : std::uint8_t {
  meta,
  records,   ///< position -> record, one key a fact
  by_stream, ///< (stream, first version) -> (first position, count), one key an append
  by_root,   ///< (root, first position) -> count, one key an append
  keys,      ///< (stream, idempotency key) -> receipt and content hash
  heads,     ///< stream -> head
  open,      ///< the streams that are open, so that listing them never scans history
  blobs,     ///< SHA-256 -> compressed bytes
  snapshots, ///< stream -> its newest snapshot
};

constexpr std::array<std::string_view, 9> table_names{
    "meta", "records", "by_stream", "by_root", "keys", "heads", "open", "blobs", "snapshots"};

/// A place in one table, in the order of the keys' bytes. Not thread-safe.
class table_cursor {
public:
  virtual ~table_cursor() = default;
  /// To the first key at or after `key`.
  virtual void seek(std::string_view key) = 0;
  /// To the last key at or before `key`.
  virtual void seek_back(std::string_view key) = 0;
  virtual void next() = 0;
  [[nodiscard]] virtual bool valid() const = 0;
  /// Views that hold until the cursor moves.
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  /// Why the cursor is not valid, where that is not the table's end. Errors: `log_corrupt`,
  /// `io_failed`.
  [[nodiscard]] virtual result<void> status() const = 0;
};

/// The tables as they were at one moment. Thread-safe.
class table_view {
public:
  virtual ~table_view() = default;
  /// Puts the value of `key` into `value`; false where there is none.
  virtual result<bool> get(table from, std::string_view key, std::string& value) const = 0;
  [[nodiscard]] virtual std::unique_ptr<table_cursor> cursor(table over) const = 0;
};

/// Changes that are applied together or not at all.
class table_batch {
public:
  virtual ~table_batch() = default;
  virtual void put(table to, std::string_view key, std::string_view value) = 0;
  virtual void erase(table from, std::string_view key) = 0;
  virtual void clear() = 0;
};

/// One writer (the committer), many readers.
class tables {
public:
  virtual ~tables() = default;
  [[nodiscard]] virtual std::unique_ptr<table_batch> new_batch() = 0;
  /// Errors: `storage_full`, `io_failed`, `log_corrupt`. After one nothing more may be written.
  virtual result<void> write(table_batch& batch) = 0;
  /// Makes everything that was written survive a loss of power.
  virtual result<void> sync() = 0;
  /// What was written so far.
  [[nodiscard]] virtual std::shared_ptr<const table_view> newest() = 0;
  /// Moves what was written from the write-ahead log into sorted files.
  virtual result<void> flush() { return success(); }
  /// A consistent copy into the new directory `to`.
  virtual result<void> checkpoint(const std::string& to);
  /// Of a reader: catches up with what another process wrote.
  virtual result<void> catch_up() { return success(); }
  [[nodiscard]] virtual std::uint64_t disk_bytes() const { return 0; }
};

} // namespace ash::log
