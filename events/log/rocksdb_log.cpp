#include "events/log/rocksdb_log.hpp"

#include "events/log/backup.hpp"
#include "events/log/log_directory.hpp"
#include "events/log/log_verify.hpp"
#include "events/log/rocksdb_tables.hpp"
#include "events/log/table_log.hpp"

#include <cerrno>
#include <chrono>
#include <sys/statvfs.h>
#include <thread>

namespace ash::log {
namespace {

constexpr std::uint64_t least_room_bytes = std::uint64_t{4} << 20;

// A writer syncs within milliseconds: one that has not by then hangs.
constexpr std::int64_t patience_us = 5 * us_per_s;

struct opened {
  log_state state;
  std::optional<log_life> life; ///< none: a log whose creation was cut short
};

result<opened> read_meta(const table_view& in) {
  opened read;
  std::string value;
  TRY(const auto has_life, in.get(table::meta, life_key, value));
  if (!has_life)
    return read;
  TRY(read.life, decode_life(value));
  TRY(const auto has_state, in.get(table::meta, state_key, value));
  if (!has_state)
    return corrupt(0, "the log's state is missing");
  TRY(read.state, decode_state(value));
  return read;
}

result<void> put_life(tables& store, const log_life& life, const log_state* state) {
  const auto batch = store.new_batch();
  batch->put(table::meta, life_key, encode_life(life));
  if (state != nullptr)
    batch->put(table::meta, state_key, encode_state(*state));
  TRY(store.write(*batch));
  return store.sync();
}

class writer_log final : public table_log {
public:
  writer_log(file_handle lock,
             std::unique_ptr<tables> store,
             const log_life& life,
             const log_state& state,
             committer_options commits,
             std::function<instant()> clock)
      : table_log{std::move(store), life.incarnation, state, std::move(commits)},
        lock_{std::move(lock)}, life_{life}, clock_{std::move(clock)} {}

  ~writer_log() override {
    const auto failed = committer_->failed();
    committer_.reset();
    life_.closed_cleanly = true;
    // Without the mark of a clean end the next opening merely checks more.
    if (!failed && store_->sync() && store_->flush())
      static_cast<void>(put_life(*store_, life_, nullptr));
    store_.reset();
  }

  result<backup_report> backup(const std::string& to) override {
    return write_backup(*committer_, *store_, incarnation(), clock_(), to);
  }

private:
  file_handle lock_;
  log_life life_;
  std::function<instant()> clock_;
};

/// The durable moment that a reader may show: what the writer has written but not yet published is
/// waited for.
result<opened> catch_up(tables& store, const std::string& directory) {
  for (const auto since = monotonic_us();;) {
    TRY(store.catch_up());
    TRY(auto read, read_meta(*store.newest()));
    const auto durable = read_mark(directory);
    const bool same = durable && read.life && durable->incarnation == read.life->incarnation;
    if ((same && read.state.head <= durable->head) || !is_locked(directory))
      return read;
    if (monotonic_us() - since > patience_us)
      return refuse(errc::store_unavailable,
                    "the process that writes the log in " + directory +
                        " does not get on with writing; try again");
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

class reader_log final : public table_log {
public:
  reader_log(std::string directory,
             std::unique_ptr<tables> store,
             const log_life& life,
             const log_state& state)
      : table_log{std::move(store), life.incarnation, state}, directory_{std::move(directory)} {}

  result<void> refresh() override {
    const std::unique_lock alone{reading_};
    TRY(const auto read, catch_up(*store_, directory_));
    if (!read.life)
      return corrupt(0, "the log's incarnation is missing");
    show(read.life->incarnation, read.state);
    return success();
  }

private:
  std::string directory_;
};

/// Whether everything is there that was acknowledged.
result<void> check_mark(const std::optional<mark>& durable, const opened& read) {
  if (!durable || durable->synced <= read.state.head)
    return success();
  if (read.life && read.life->incarnation != durable->incarnation)
    return success();
  return corrupt(read.state.head + 1,
                 "records " + std::to_string(read.state.head + 1) + " to " +
                     std::to_string(durable->synced) +
                     " were acknowledged, but are cut off or unreadable");
}

/// Looks at a log without changing a byte of it. `lost` says whether acknowledged records are gone.
result<opened> look_at(const open_options& options, bool& lost) {
  TRY(const auto store,
      open_rocksdb_tables({options.directory, rocksdb_mode::read_only, options.env}));
  const std::shared_ptr view = store->newest();
  TRY(auto read, read_meta(*view));
  if (const auto whole = check_mark(read_mark(options.directory), read); !whole) {
    lost = true;
    if (options.lost == lost_tail::refuse)
      return whole.error();
  }
  TRY(check_tail({view, read.state}));
  return read;
}

/// RocksDB stops the process by an assertion where a disk fills up while it opens a database, so
/// that there must be room for what opening writes.
result<void> require_room(const std::string& directory) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0)
    return system_error("can't tell the free space at " + directory, errno);
  const auto free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_bytes >= least_room_bytes)
    return success();
  return refuse(errc::storage_full,
                "no space for the log in " + directory + ": " + std::to_string(free_bytes) +
                    " bytes are free, and opening it needs " + std::to_string(least_room_bytes) +
                    "; free space on the disk")
      .with("directory", directory);
}

result<std::unique_ptr<event_log>> open_writer(const open_options& options) {
  TRY(inspect(options.directory));
  TRY(make_directory(options.directory));
  if (options.env == nullptr) {
    TRY(require_room(options.directory));
  }
  TRY(auto lock, take_lock(options.directory, options.now()));
  // Again under the lock: another process may have made the log meanwhile.
  TRY(const auto content, inspect(options.directory));
  opened read;
  bool lost = false;
  if (content == directory_content::nothing) {
    TRY(write_format(options.directory));
  } else {
    TRY(read, look_at(options, lost));
  }
  const bool fresh = !read.life;
  TRY(auto store,
      open_rocksdb_tables(
          {options.directory, fresh ? rocksdb_mode::create : rocksdb_mode::write, options.env}));
  auto life = read.life.value_or(log_life{});
  const auto boot = options.boot.is_nil() ? boot_id() : options.boot;
  const bool power_lost = !life.closed_cleanly && (life.boot != boot || boot.is_nil());
  if (fresh || lost || power_lost || options.incarnation == incarnation_rule::renew)
    life.incarnation.value = random_uuid();
  life.boot = boot;
  life.closed_cleanly = false;
  TRY(put_life(*store, life, fresh ? &read.state : nullptr));
  // The beginning must not be lost with a damaged write-ahead log.
  if (fresh) {
    TRY(store->flush());
  }
  TRY(auto opened_mark, mark_file::open(options.directory));
  const auto marks = std::make_shared<mark_file>(std::move(opened_mark));
  // Twice: neither of its two places may keep an older one.
  TRY(marks->write({life.incarnation, read.state.head, read.state.head}));
  TRY(marks->write({life.incarnation, read.state.head, read.state.head}));
  TRY(sync_directory(options.directory));
  committer_options commits;
  commits.queue_bytes = options.queue_bytes;
  commits.on_durable = [marks, id = life.incarnation](std::uint64_t head, std::uint64_t synced) {
    return marks->write({id, head, synced});
  };
  return std::make_unique<writer_log>(
      std::move(lock), std::move(store), life, read.state, std::move(commits), options.now);
}

result<std::unique_ptr<event_log>> open_reader(const open_options& options) {
  TRY(const auto content, inspect(options.directory));
  if (content == directory_content::nothing)
    return refuse(errc::file_not_found, "there is no log in " + options.directory)
        .with("directory", options.directory);
  auto tables = open_rocksdb_tables({options.directory, rocksdb_mode::secondary, options.env});
  // A writer that is just making it has made some of its tables only.
  if (!tables && is_locked(options.directory))
    return refuse(errc::store_unavailable,
                  "another process is opening the log in " + options.directory +
                      "; try again in a moment: " + tables.error().message);
  TRY(auto store, std::move(tables));
  TRY(const auto read, catch_up(*store, options.directory));
  if (!read.life)
    return refuse(errc::file_not_found, "the log in " + options.directory + " is not begun yet");
  if (options.lost == lost_tail::refuse && !is_locked(options.directory)) {
    TRY(check_mark(read_mark(options.directory), read));
  }
  TRY(check_tail({store->newest(), read.state}));
  return std::make_unique<reader_log>(options.directory, std::move(store), *read.life, read.state);
}

} // namespace

result<std::unique_ptr<event_log>> open_rocksdb_log(open_options options) {
  return options.mode == open_mode::writer ? open_writer(options) : open_reader(options);
}

} // namespace ash::log
