// The log on disk: the whole contract of `event_log` over RocksDB. One process writes (it holds the
// directory's lock), any number read beside it. Opening checks the newest records and changes
// nothing where it finds damage.
#pragma once

#include "events/log/event_log.hpp"

#include <functional>

namespace rocksdb {
class Env;
}

namespace ash::log {

enum class open_mode : std::uint8_t {
  writer, ///< makes the directory where it is missing
  reader, ///< sees what was durable at the last `refresh`; refuses every change
};

/// What to do where records that were acknowledged are not there any more.
enum class lost_tail : std::uint8_t {
  refuse, ///< `log_corrupt`, naming them
  accept, ///< go on with what is left, as a new incarnation: their loss is final
};

enum class incarnation_rule : std::uint8_t {
  keep,  ///< unless power was lost: then positions may be given a second time
  renew, ///< for a log that was restored or copied
};

struct open_options {
  std::string directory;
  open_mode mode = open_mode::writer;
  lost_tail lost = lost_tail::refuse;
  incarnation_rule incarnation = incarnation_rule::keep;
  std::size_t queue_bytes = std::size_t{64} << 20; ///< waiting to be written, at most
  std::function<instant()> now = system_now;
  /// For tests: this start of the machine (nil: the real one), and the files' environment.
  uuid boot = {};
  rocksdb::Env* env = nullptr;
};

/// Errors: `log_locked` (names the holder), `log_corrupt` (names the position),
/// `schema_unsupported` (a newer format), `argument_invalid` (the directory holds something else),
/// `file_not_found` (a reader, no log), `storage_full`, `io_failed`.
result<std::unique_ptr<event_log>> open_rocksdb_log(open_options options);

struct restore_report {
  backup_report backup;       ///< what was restored
  incarnation_id incarnation; ///< the restored log's own
  verify_report verified;
};

/// Copies a backup to `to`, which must be missing or empty, verifies all of it and gives it a new
/// incarnation. Leaves nothing behind where it fails. Errors: `file_not_found` (no backup),
/// `argument_invalid` (`to` holds something), `log_corrupt` (the backup is damaged),
/// `storage_full`, `io_failed`.
result<restore_report> restore_backup(const std::string& from, const std::string& to);

} // namespace ash::log
