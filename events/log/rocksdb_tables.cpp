#include "events/log/rocksdb_tables.hpp"

#include "events/log/record_codec.hpp"
#include "events/log/space_freer.hpp"

#include <cstdlib>
#include <filesystem>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <vector>

namespace ash::log {
namespace {

namespace fs = std::filesystem;
using handles = std::vector<rocksdb::ColumnFamilyHandle*>;

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view text(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

result<void> translate(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok())
    return success();
  const auto what = std::string{doing} + ": " + status.ToString();
  if (status.IsNoSpace())
    return refuse(errc::storage_full,
                  what + "; free space on the log's disk, then open the log again");
  if (status.IsCorruption() || status.IsNotSupported() || status.IsInvalidArgument() ||
      status.IsIncomplete() || status.IsPathNotFound() || status.IsNotFound())
    return corrupt(0, what);
  return refuse(errc::io_failed, what + "; check the disk, then open the log again");
}

/// RocksDB tries to go on by itself once a full disk has room again, over a file that it had given
/// up; its assertion against that would end the process. Here a failed log stays failed until it is
/// opened anew.
class no_recovery final : public rocksdb::EventListener {
public:
  void
  OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* automatic) override {
    *automatic = false;
  }
};

bool writes(rocksdb_mode mode) {
  return mode == rocksdb_mode::create || mode == rocksdb_mode::write;
}

/// The machine's files, but for how large ones are deleted.
class gentle_files final : public rocksdb::FileSystemWrapper {
public:
  gentle_files() : FileSystemWrapper{rocksdb::FileSystem::Default()} {}

  [[nodiscard]] const char* Name() const override { return "actor-shell's"; }
  rocksdb::IOStatus DeleteFile(const std::string& name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (freer_.remove(name))
      return rocksdb::IOStatus::OK();
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }

private:
  space_freer freer_;
};

rocksdb::DBOptions database_options(const rocksdb_options& options, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.listeners.push_back(std::make_shared<no_recovery>());
  db.max_bgerror_resume_count = 0;
  db.env = env;
  db.create_if_missing = options.mode == rocksdb_mode::create;
  db.create_missing_column_families = options.mode == rocksdb_mode::create;
  // A torn tail opens to the whole batches before it; what was acknowledged beyond it is missed by
  // the durable mark, with the positions.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Tables that are flushed apart could come back at different moments when the WAL is damaged.
  db.atomic_flush = true;
  db.max_total_wal_size = std::uint64_t{192} << 20;
  // Over all tables: what is not in sorted files yet is held in memory.
  db.db_write_buffer_size = std::size_t{20} << 20;
  db.max_background_jobs = 2;
  // Sorted files go to the disk bit by bit: all at once they would hold up the next sync.
  db.bytes_per_sync = std::uint64_t{512} << 10;
  // Sorting what is durable already must not hold up what is to become durable.
  db.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW, rocksdb::CpuPriority::kIdle);
  db.env->LowerThreadPoolCPUPriority(rocksdb::Env::HIGH, rocksdb::CpuPriority::kLow);
  db.allow_concurrent_memtable_write = false; // one writer: the ordinary insertion is faster
  db.keep_log_file_num = 4;
  db.max_log_file_size = std::size_t{4} << 20;
  db.info_log_level = rocksdb::WARN_LEVEL;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(table of,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  using rocksdb::CompressionType;
  rocksdb::ColumnFamilyOptions family;
  rocksdb::BlockBasedTableOptions block;
  block.block_cache = cache;
  block.block_size = std::size_t{16} << 10;
  if (of == table::keys || of == table::heads || of == table::blobs || of == table::snapshots) {
    block.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    family.memtable_whole_key_filtering = true;
    family.memtable_prefix_bloom_size_ratio = 0.01;
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(block));
  family.write_buffer_size = std::size_t{16} << 20;
  family.max_write_buffer_number = 4;
  // Blobs and snapshots are compressed already; young levels are rewritten soon.
  const bool packed = of == table::blobs || of == table::snapshots;
  family.compression = packed ? CompressionType::kNoCompression : CompressionType::kLZ4Compression;
  // Records come in the order of their keys: their files are moved down as they are, which RocksDB
  // does only where all levels are compressed alike.
  if (!packed && of != table::records)
    family.compression_per_level = {CompressionType::kNoCompression,
                                    CompressionType::kNoCompression,
                                    CompressionType::kLZ4Compression};
  return family;
}

/// The open database and what must be given back before it is closed.
struct database {
  std::unique_ptr<rocksdb::Env> env; ///< where it is not the caller's
  std::unique_ptr<rocksdb::DB> db;
  handles families; ///< in the order of `table`, then RocksDB's default one
  std::string scratch;

  database() = default;
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database() {
    for (auto* each : families)
      db->DestroyColumnFamilyHandle(each);
    if (db)
      static_cast<void>(db->Close());
    db.reset();
    std::error_code ignored;
    if (!scratch.empty())
      fs::remove_all(scratch, ignored);
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(table of) const {
    return families[static_cast<std::size_t>(of)];
  }
};

class rocksdb_cursor final : public table_cursor {
public:
  explicit rocksdb_cursor(std::unique_ptr<rocksdb::Iterator> at) : at_{std::move(at)} {}

  void seek(std::string_view key) override { at_->Seek(slice(key)); }
  void seek_back(std::string_view key) override { at_->SeekForPrev(slice(key)); }
  void next() override { at_->Next(); }
  [[nodiscard]] bool valid() const override { return at_->Valid(); }
  [[nodiscard]] std::string_view key() const override { return text(at_->key()); }
  [[nodiscard]] std::string_view value() const override { return text(at_->value()); }
  [[nodiscard]] result<void> status() const override {
    return translate(at_->status(), "reading the log");
  }

private:
  std::unique_ptr<rocksdb::Iterator> at_;
};

/// With `snapshot` null: whatever is there at each call.
class rocksdb_view final : public table_view {
public:
  rocksdb_view(std::shared_ptr<database> of, const rocksdb::Snapshot* at, rocksdb_mode mode)
      : of_{std::move(of)}, snapshot_{at}, mode_{mode} {}
  rocksdb_view(const rocksdb_view&) = delete;
  rocksdb_view& operator=(const rocksdb_view&) = delete;
  ~rocksdb_view() override {
    if (snapshot_ != nullptr)
      of_->db->ReleaseSnapshot(snapshot_);
  }

  result<bool> get(table from, std::string_view key, std::string& value) const override {
    // Of a secondary, `Get` may give what was there before the writer's last flush, for good: what
    // it has replayed of the write-ahead log goes before the sorted files.
    if (mode_ == rocksdb_mode::secondary) {
      const auto at = cursor(from);
      at->seek(key);
      TRY(at->status());
      if (!at->valid() || at->key() != key)
        return false;
      value = at->value();
      return true;
    }
    rocksdb::PinnableSlice found;
    const auto status = of_->db->Get(options(), of_->family(from), slice(key), &found);
    if (status.IsNotFound())
      return false;
    TRY(translate(status, "reading the log"));
    value.assign(found.data(), found.size());
    return true;
  }
  [[nodiscard]] std::unique_ptr<table_cursor> cursor(table over) const override {
    return std::make_unique<rocksdb_cursor>(
        std::unique_ptr<rocksdb::Iterator>{of_->db->NewIterator(options(), of_->family(over))});
  }

private:
  [[nodiscard]] rocksdb::ReadOptions options() const {
    rocksdb::ReadOptions read;
    read.snapshot = snapshot_;
    return read;
  }

  std::shared_ptr<database> of_;
  const rocksdb::Snapshot* snapshot_;
  const rocksdb_mode mode_;
};

class rocksdb_batch final : public table_batch {
public:
  explicit rocksdb_batch(const database& of) : of_{of} {}

  void put(table to, std::string_view key, std::string_view value) override {
    keep(batch.Put(of_.family(to), slice(key), slice(value)));
  }
  void erase(table from, std::string_view key) override {
    keep(batch.Delete(of_.family(from), slice(key)));
  }
  void clear() override {
    batch.Clear();
    problem = rocksdb::Status::OK();
  }

  rocksdb::WriteBatch batch;
  rocksdb::Status problem;

private:
  void keep(rocksdb::Status status) {
    if (!status.ok())
      problem = std::move(status);
  }
  const database& of_;
};

class rocksdb_tables final : public tables {
public:
  rocksdb_tables(std::shared_ptr<database> of, rocksdb_options how)
      : of_{std::move(of)}, how_{std::move(how)} {}

  [[nodiscard]] std::unique_ptr<table_batch> new_batch() override {
    return std::make_unique<rocksdb_batch>(*of_);
  }
  result<void> write(table_batch& batch) override {
    auto& mine = static_cast<rocksdb_batch&>(batch);
    TRY(translate(mine.problem, "building a batch"));
    // Counting each comparison of keys costs a tenth of a write, and nobody reads the counts.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return translate(of_->db->Write({}, &mine.batch), "writing to the log");
  }
  result<void> sync() override { return translate(of_->db->SyncWAL(), "syncing the log"); }
  [[nodiscard]] std::shared_ptr<const table_view> newest() override {
    return std::make_shared<rocksdb_view>(
        of_, writes(how_.mode) ? of_->db->GetSnapshot() : nullptr, how_.mode);
  }
  result<void> flush() override {
    return translate(of_->db->Flush({}, of_->families), "flushing the log");
  }
  result<void> checkpoint(const std::string& to) override {
    rocksdb::Checkpoint* made = nullptr;
    TRY(translate(rocksdb::Checkpoint::Create(of_->db.get(), &made), "starting a backup"));
    const std::unique_ptr<rocksdb::Checkpoint> owned{made};
    const auto copied = owned->CreateCheckpoint(to);
    if (copied.ok() || copied.IsCorruption())
      return translate(copied, "copying the log to " + to);
    // The log itself is whole: it is the other place that can't be written.
    return refuse(copied.IsNoSpace() ? errc::storage_full : errc::io_failed,
                  "the backup can't be written to " + to + ": " + copied.ToString() +
                      "; free space there, or name another directory");
  }
  result<void> catch_up() override {
    if (how_.mode != rocksdb_mode::secondary)
      return success();
    return translate(of_->db->TryCatchUpWithPrimary(), "catching up with the log's writer");
  }
  [[nodiscard]] std::uint64_t disk_bytes() const override {
    std::uint64_t sum = 0;
    std::error_code failed;
    for (fs::directory_iterator at{how_.directory, failed}, end; !failed && at != end;
         at.increment(failed)) {
      std::error_code gone; // a file that is deleted meanwhile counts nothing
      const auto size = at->file_size(gone);
      sum += gone ? 0 : size;
    }
    return sum;
  }

private:
  std::shared_ptr<database> of_;
  rocksdb_options how_;
};

result<std::string> make_scratch() {
  auto name = (fs::temp_directory_path() / "actor-shell-reader-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    return system_error("can't make a directory for reading the log in " + name, errno);
  return name;
}

rocksdb::Status open_database(const rocksdb_options& options, database& into) {
  const auto cache = rocksdb::NewLRUCache(std::size_t{16} << 20);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < table_names.size(); ++i)
    families.emplace_back(std::string{table_names[i]},
                          family_options(static_cast<table>(i), cache));
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions{});
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  if (options.env == nullptr && writes(options.mode))
    into.env = rocksdb::NewCompositeEnv(std::make_shared<gentle_files>());
  auto* const own = into.env ? into.env.get() : rocksdb::Env::Default();
  const auto how = database_options(options, options.env == nullptr ? own : options.env);
  const auto& at = options.directory;
  switch (options.mode) {
  case rocksdb_mode::create:
  case rocksdb_mode::write:
    status = rocksdb::DB::Open(how, at, families, &into.families, &db);
    break;
  case rocksdb_mode::read_only:
    status = rocksdb::DB::OpenForReadOnly(how, at, families, &into.families, &db);
    break;
  case rocksdb_mode::secondary:
    status = rocksdb::DB::OpenAsSecondary(how, at, into.scratch, families, &into.families, &db);
    break;
  }
  into.db.reset(db);
  return status;
}

} // namespace

result<std::unique_ptr<tables>> open_rocksdb_tables(const rocksdb_options& options) try {
  auto opened = std::make_shared<database>();
  if (options.mode == rocksdb_mode::secondary) {
    TRY(auto scratch, make_scratch());
    opened->scratch = std::move(scratch);
  }
  TRY(translate(open_database(options, *opened), "opening the log in " + options.directory));
  return std::make_unique<rocksdb_tables>(std::move(opened), options);
} catch (const std::exception& thrown) {
  return corrupt(0, "opening the log in " + options.directory + ": " + thrown.what());
}

} // namespace ash::log
