// The committer under load and when the disk fails.
#include "tests/events/log/log_fixture.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace ash::log {
namespace {

const auto one = a_stream("one");

/// Files that can be told to fail, or to hold back each sync.
class faulty_files final : public rocksdb::FileSystemWrapper {
public:
  faulty_files() : FileSystemWrapper{rocksdb::FileSystem::Default()} {}
  [[nodiscard]] const char* Name() const override { return "faulty_files"; }

  std::atomic<bool> full{false};
  std::atomic<bool> sync_fails{false};

  void hold_syncs() {
    const std::lock_guard guard{lock};
    held = true;
  }
  void release_syncs() {
    const std::lock_guard guard{lock};
    held = false;
    changed.notify_all();
  }
  /// Until a sync waits to be released.
  void await_a_held_sync() {
    std::unique_lock guard{lock};
    changed.wait(guard, [&] { return waiting > 0; });
  }
  void pass_sync() {
    std::unique_lock guard{lock};
    ++waiting;
    changed.notify_all();
    changed.wait(guard, [&] { return !held; });
    --waiting;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name,
                                    const rocksdb::FileOptions& how,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    rocksdb::IODebugContext* context) override;

private:
  std::mutex lock;
  std::condition_variable changed;
  bool held = false;
  int waiting = 0;
};

class faulty_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  faulty_file(std::unique_ptr<rocksdb::FSWritableFile> file, faulty_files& files)
      : FSWritableFileOwnerWrapper{std::move(file)}, files_{files} {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& bytes,
                           const rocksdb::IOOptions& how,
                           rocksdb::IODebugContext* context) override {
    if (!files_.full)
      return FSWritableFileOwnerWrapper::Append(bytes, how, context);
    // Half of it still finds room, as on a real disk.
    static_cast<void>(
        FSWritableFileOwnerWrapper::Append({bytes.data(), bytes.size() / 2}, how, context));
    return rocksdb::IOStatus::NoSpace("no space left on device");
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& how, rocksdb::IODebugContext* context) override {
    files_.pass_sync();
    if (files_.sync_fails)
      return rocksdb::IOStatus::IOError("sync failed");
    return FSWritableFileOwnerWrapper::Sync(how, context);
  }

private:
  faulty_files& files_;
};

rocksdb::IOStatus faulty_files::NewWritableFile(const std::string& name,
                                                const rocksdb::FileOptions& how,
                                                std::unique_ptr<rocksdb::FSWritableFile>* made,
                                                rocksdb::IODebugContext* context) {
  const auto status = FileSystemWrapper::NewWritableFile(name, how, made, context);
  if (status.ok())
    *made = std::make_unique<faulty_file>(std::move(*made), *this);
  return status;
}

class log_queue : public testing::Test {
protected:
  log_queue() {
    options.directory = scratch.path();
    options.env = env.get();
  }

  scratch_directory scratch;
  std::shared_ptr<faulty_files> files = std::make_shared<faulty_files>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  open_options options;
};

TEST_F(log_queue, commits_what_waited_during_a_sync_together) {
  const auto log = open_or_throw(options);
  files->hold_syncs();
  std::atomic<int> answered{0};
  const auto count = [&](result<receipt> at) { answered += at ? 1 : 100; };
  log->append(an_append(a_stream("first"), 0, "x"), count);
  files->await_a_held_sync();
  const auto before = log->stats().value().sync_count;
  for (int i = 0; i < 50; ++i)
    log->append(an_append(a_stream(std::to_string(i)), 0, "x"), count);
  // One stream, one append after another, some of them again: within one batch.
  for (std::uint64_t i = 0; i < 5; ++i)
    log->append(an_append(one, i, std::to_string(i), "key " + std::to_string(i)), count);
  std::atomic<bool> duplicate{false};
  log->append(an_append(one, 5, "3", "key 3"), [&](result<receipt> at) {
    duplicate = at.value().duplicate && at.value().first_version == 4;
    ++answered;
  });
  std::atomic<int> refused{0};
  log->append(an_append(one, 5, "other", "key 3"), [&](result<receipt> at) {
    refused = at.error().code == errc::idempotency_conflict ? 1 : 2;
  });
  EXPECT_EQ(log->head(), 0U); // nothing is seen before it is durable
  EXPECT_TRUE(log->read(0).value().empty());
  EXPECT_FALSE(log->find_stream(a_stream("first")).value().has_value());
  files->release_syncs();
  ASSERT_TRUE(log->append_now(an_append(a_stream("last"), 0, "x")));
  EXPECT_EQ(answered, 57);
  EXPECT_TRUE(duplicate);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(log->head(), 57U);
  EXPECT_LE(log->stats().value().sync_count - before, 3U);
  expect_sound(*log);
}

TEST_F(log_queue, pushes_back_when_it_is_full) {
  options.queue_bytes = 10'000;
  const auto log = open_or_throw(options);
  files->hold_syncs();
  std::atomic<int> stored{0};
  std::atomic<int> full{0};
  const auto count = [&](result<receipt> at) {
    stored += at ? 1 : 0;
    full += !at && at.error().code == errc::queue_full ? 1 : 0;
  };
  log->append(an_append(a_stream("first"), 0, "x"), count);
  files->await_a_held_sync();
  for (int i = 0; i < 100; ++i)
    log->append(an_append(a_stream(std::to_string(i)), 0, std::string(500, 'x')), count);
  EXPECT_GT(full, 50); // answered at once
  EXPECT_LE(log->stats().value().queued_bytes, 10'000U);
  EXPECT_GT(log->stats().value().queued_bytes, 5'000U);
  files->release_syncs();
  ASSERT_TRUE(log->append_now(an_append(a_stream("last"), 0, "x")));
  EXPECT_EQ(stored + full, 101);
  EXPECT_EQ(log->head(), static_cast<std::uint64_t>(stored) + 1);
}

TEST_F(log_queue, forces_no_sync_for_transient_facts) {
  const auto log = open_or_throw(options);
  const auto before = log->stats().value().sync_count;
  for (std::uint64_t i = 0; i < 5; ++i)
    ASSERT_TRUE(log->append_now(an_append(one, i, "delta", {}, durability::transient)));
  EXPECT_EQ(log->stats().value().sync_count, before);
  EXPECT_EQ(log->head(), 5U);
  ASSERT_TRUE(log->append_now(an_append(one, 5, "final")));
  EXPECT_EQ(log->stats().value().sync_count, before + 1);
}

TEST_F(log_queue, stops_when_the_disk_is_full_and_is_whole_when_opened_again) {
  auto log = open_or_throw(options);
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a", "k")));
  files->full = true;
  EXPECT_EQ(log->append_now(an_append(one, 1, "b", "l")).error().code, errc::storage_full);
  files->full = false;
  // What the failed write left is not known before the log is opened again: no second try.
  EXPECT_EQ(log->append_now(an_append(one, 1, "c", "m")).error().code, errc::log_failed);
  EXPECT_EQ(log->save_snapshot(one, {1, "s"}).error().code, errc::log_failed);
  EXPECT_EQ(log->head(), 1U);
  EXPECT_EQ(all_of(*log).size(), 1U);
  log.reset();
  log = open_or_throw(options);
  expect_sound(*log);
  ASSERT_TRUE(log->append_now(an_append(one, 1, "b", "l")));
  EXPECT_EQ(all_of(*log).size(), 2U);
}

TEST_F(log_queue, never_tries_a_failed_sync_again) {
  auto log = open_or_throw(options);
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a", "k")));
  files->sync_fails = true;
  EXPECT_EQ(log->append_now(an_append(one, 1, "b", "l")).error().code, errc::log_failed);
  files->sync_fails = false;
  EXPECT_EQ(log->append_now(an_append(one, 1, "b", "l")).error().code, errc::log_failed);
  EXPECT_EQ(log->head(), 1U); // written, but not known to be durable
  EXPECT_EQ(log->find_stream(one).value()->version, 1U);
  log.reset();
  log = open_or_throw(options);
  expect_sound(*log);
  ASSERT_TRUE(log->append_now(an_append(one, 1, "b", "l"))); // there already, or now
  EXPECT_EQ(log->head(), 2U);
}

} // namespace
} // namespace ash::log
