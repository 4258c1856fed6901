// Tables in RocksDB: one column family a table. Translates RocksDB's statuses to errors of ours;
// takes no lock of its own and knows nothing of what the tables hold. Private to events/log and its
// tests.
#pragma once

#include "events/log/tables.hpp"

namespace rocksdb {
class Env;
}

namespace ash::log {

enum class rocksdb_mode : std::uint8_t {
  create,    ///< for writing; made where it does not exist
  write,     ///< for writing; must exist
  read_only, ///< as it is now; changes no file
  secondary, ///< beside a writer in another process; `catch_up` sees what that wrote since
};

struct rocksdb_options {
  std::string directory;
  rocksdb_mode mode = rocksdb_mode::write;
  rocksdb::Env* env = nullptr; ///< null: the system's
};

/// Errors: `log_corrupt`, `storage_full`, `io_failed`.
result<std::unique_ptr<tables>> open_rocksdb_tables(const rocksdb_options& options);

} // namespace ash::log
