// What only a log on disk has: locks, readers beside a writer, incarnations, backups, foreign
// files.
#include "tests/events/log/log_child.hpp"
#include "tests/events/log/log_fixture.hpp"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ash::log {
namespace {

namespace fs = std::filesystem;
const auto stream_one = a_stream("one");

errc code_of_opening(open_options options) {
  const auto opened = open_rocksdb_log(std::move(options));
  return opened ? errc::internal_error : opened.error().code;
}

open_options options_for(const std::string& directory, open_mode mode = open_mode::writer) {
  open_options options;
  options.directory = directory;
  options.mode = mode;
  return options;
}

void fill(event_log& log, std::uint64_t count) {
  for (std::uint64_t i = log.find_stream(stream_one).value().value_or(stream_head{}).version;
       count > 0;
       --count, ++i)
    ASSERT_TRUE(log.append_now(
        an_append(stream_one, i, "payload " + std::to_string(i), "key " + std::to_string(i))));
}

TEST(log_on_disk, is_the_same_after_it_was_opened_again) {
  const scratch_directory scratch;
  std::vector<record> before;
  incarnation_id life;
  {
    const auto log = open_log_in(scratch.path());
    fill(*log, 20);
    ASSERT_TRUE(log->append_now(an_append(a_stream("two"), 0, std::string(20'000, 'b'))));
    ASSERT_TRUE(log->save_snapshot(stream_one, {5, "snapshot"}));
    ASSERT_TRUE(log->fork(a_stream("child"), stream_one, stream_one, 7));
    before = all_of(*log);
    life = log->incarnation();
  }
  const auto log = open_log_in(scratch.path());
  const auto after = all_of(*log);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    EXPECT_TRUE(same(before[i], after[i]));
  EXPECT_EQ(log->incarnation(), life);
  EXPECT_EQ(log->load_snapshot(stream_one).value()->bytes, "snapshot");
  EXPECT_EQ(log->find_stream(a_stream("child")).value()->version, 7U);
  EXPECT_TRUE(log->append_now(an_append(stream_one, 3, "payload 3", "key 3")).value().duplicate);
  fill(*log, 3);
  expect_sound(*log);
}

TEST(log_on_disk, is_made_for_its_owner_alone) {
  const scratch_directory scratch;
  const auto log = open_log_in(scratch.path("deep/er/log"));
  struct stat about {};
  ASSERT_EQ(stat(scratch.path("deep/er/log").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
}

TEST(log_on_disk, names_the_process_that_holds_it) {
  const scratch_directory scratch;
  const auto directory = scratch.path();
  auto holder = start_child({"hold", directory, "--url=postgresql://me:hush@host/rows", "last"});
  char byte = 'n';
  ASSERT_EQ(read(holder.out, &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto second = open_rocksdb_log(options_for(directory));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::log_locked);
  EXPECT_THAT(second.error().message, testing::HasSubstr("pid " + std::to_string(holder.pid)));
  EXPECT_THAT(second.error().message, testing::HasSubstr("test_log"));
  EXPECT_THAT(second.error().message, testing::HasSubstr("--url=postgresql://... last'"));
  EXPECT_THAT(second.error().message, testing::Not(testing::HasSubstr("hush")));
  EXPECT_THAT(second.error().message, testing::HasSubstr("since 1970-01-01T00:00:00"));
  close(std::exchange(holder.in, -1));
  EXPECT_EQ(holder.wait(), 0);
  EXPECT_TRUE(open_rocksdb_log(options_for(directory)));
}

TEST(log_on_disk, can_be_read_beside_its_writer) {
  const scratch_directory scratch;
  EXPECT_EQ(code_of_opening(options_for(scratch.path(), open_mode::reader)), errc::file_not_found);
  const auto writer = open_log_in(scratch.path());
  fill(*writer, 3);
  const auto reader = open_or_throw(options_for(scratch.path(), open_mode::reader));
  EXPECT_EQ(reader->head(), 3U);
  EXPECT_EQ(reader->incarnation(), writer->incarnation());
  fill(*writer, 2);
  EXPECT_EQ(reader->head(), 3U);
  EXPECT_EQ(all_of(*reader).size(), 3U);
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(reader->head(), 5U);
  const auto seen = all_of(*reader);
  const auto written = all_of(*writer);
  ASSERT_EQ(seen.size(), written.size());
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_TRUE(same(seen[i], written[i]));
  EXPECT_EQ(reader->append_now(an_append(stream_one, 5, "x")).error().code,
            errc::invalid_transition);
  EXPECT_EQ(reader->save_snapshot(stream_one, {1, "s"}).error().code, errc::invalid_transition);
  EXPECT_EQ(reader->prune_transient(stream_one, 1).error().code, errc::invalid_transition);
  EXPECT_EQ(reader->fork(a_stream("c"), stream_one, stream_one, 1).error().code,
            errc::invalid_transition);
  EXPECT_EQ(reader->backup(scratch.path("b")).error().code, errc::argument_invalid);
  expect_sound(*reader);
}

TEST(log_on_disk, shows_a_reader_the_newest_head_of_a_stream_after_its_writer_has_ended) {
  const scratch_directory scratch;
  auto writer = open_log_in(scratch.path());
  fill(*writer, 3);
  const auto reader = open_or_throw(options_for(scratch.path(), open_mode::reader));
  for (int round = 0; round < 3; ++round) {
    fill(*writer, 2);
    ASSERT_TRUE(reader->refresh());
    EXPECT_EQ(reader->find_stream(stream_one).value()->version, reader->head());
  }
  fill(*writer, 2);
  writer.reset(); // it flushes
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(reader->head(), 11U);
  EXPECT_EQ(reader->find_stream(stream_one).value()->version, 11U);
  EXPECT_EQ(reader->read_stream(stream_one, 0).value().size(), 11U);
}

TEST(log_on_disk, can_be_read_while_nobody_writes) {
  const scratch_directory scratch;
  fill(*open_log_in(scratch.path()), 3);
  const auto reader = open_or_throw(options_for(scratch.path(), open_mode::reader));
  EXPECT_EQ(all_of(*reader).size(), 3U);
  EXPECT_TRUE(open_rocksdb_log(options_for(scratch.path())));
}

TEST(log_on_disk, refuses_directories_that_are_no_log_of_this_version) {
  const scratch_directory scratch;
  fs::create_directory(scratch.path());
  std::ofstream{scratch.path() + "/letter.txt"} << "hello";
  EXPECT_EQ(code_of_opening(options_for(scratch.path())), errc::argument_invalid);
  EXPECT_EQ(std::distance(fs::directory_iterator{scratch.path()}, {}), 1); // it left nothing
  EXPECT_EQ(code_of_opening(options_for(scratch.path() + "/letter.txt")), errc::argument_invalid);

  fill(*open_log_in(scratch.path("newer")), 1);
  std::ofstream{scratch.path("newer") + "/FORMAT"} << "actor-shell log 2\n";
  EXPECT_EQ(code_of_opening(options_for(scratch.path("newer"))), errc::schema_unsupported);
  std::ofstream{scratch.path("newer") + "/FORMAT"} << "something\n";
  EXPECT_EQ(code_of_opening(options_for(scratch.path("newer"))), errc::log_corrupt);

  fill(*open_log_in(scratch.path("headless")), 1);
  fs::remove(scratch.path("headless") + "/CURRENT");
  EXPECT_EQ(code_of_opening(options_for(scratch.path("headless"))), errc::log_corrupt);
}

TEST(log_on_disk, says_that_it_can_not_write_to_its_directory) {
  const scratch_directory scratch;
  fs::create_directory(scratch.path());
  fs::permissions(scratch.path(), fs::perms{0555});
  fs::permissions(fs::path{scratch.path()}.parent_path(), fs::perms{0755});
  EXPECT_EQ(start_child({"open_as_nobody", scratch.path()}).wait(), 0);
}

TEST(log_on_disk, keeps_its_incarnation_unless_power_was_lost) {
  const scratch_directory scratch;
  auto options = options_for(scratch.path());
  options.boot = {1, 1};
  auto log = open_or_throw(options);
  const auto first = log->incarnation();
  log.reset();
  options.boot = {2, 2}; // started anew after a clean end
  log = open_or_throw(options);
  EXPECT_EQ(log->incarnation(), first);
  log.reset();
  EXPECT_EQ(start_child({"open_and_die", scratch.path(), "2"}).wait(), -1);
  log = open_or_throw(options); // killed, but the machine went on
  EXPECT_EQ(log->incarnation(), first);
  log.reset();
  EXPECT_EQ(start_child({"open_and_die", scratch.path(), "2"}).wait(), -1);
  options.boot = {3, 3};
  log = open_or_throw(options);
  EXPECT_NE(log->incarnation(), first);
}

TEST(log_backup, can_be_restored_as_a_log_of_its_own) {
  const scratch_directory scratch;
  const auto log = open_log_in(scratch.path());
  fill(*log, 5);
  ASSERT_TRUE(log->append_now(an_append(a_stream("two"), 0, std::string(30'000, 'b'))));
  ASSERT_TRUE(log->append_now(an_append(a_stream("two"), 1, "d", {}, durability::transient)));
  const auto report = log->backup(scratch.path("backup/")).value();
  EXPECT_EQ(report.head, 7U);
  EXPECT_EQ(report.head_hash, all_of(*log).back().hash);
  EXPECT_EQ(log->backup(scratch.path("backup")).error().code, errc::argument_invalid);
  fill(*log, 2);
  EXPECT_EQ(restore_backup(scratch.path("backup"), scratch.path()).error().code,
            errc::argument_invalid);
  EXPECT_EQ(restore_backup(scratch.path("none"), scratch.path("new")).error().code,
            errc::file_not_found);

  const auto restored = restore_backup(scratch.path("backup"), scratch.path("new"));
  ASSERT_TRUE(restored) << to_string(restored.error());
  EXPECT_EQ(restored.value().backup.incarnation, log->incarnation());
  EXPECT_NE(restored.value().incarnation, log->incarnation());
  EXPECT_EQ(restored.value().verified.records, 7U);
  const auto again = open_log_in(scratch.path("new"));
  EXPECT_EQ(again->incarnation(), restored.value().incarnation);
  const auto expected = all_of(*log);
  const auto got = all_of(*again);
  ASSERT_EQ(got.size(), 7U);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(same(got[i], expected[i]));
  fill(*again, 1);
  expect_sound(*again);
}

TEST(log_backup, that_is_damaged_is_not_restored_and_leaves_nothing) {
  const scratch_directory scratch;
  {
    const auto log = open_log_in(scratch.path());
    fill(*log, 50);
    ASSERT_TRUE(log->backup(scratch.path("backup")));
  }
  fs::path largest;
  for (const auto& each : fs::directory_iterator{scratch.path("backup")})
    if (each.path().extension() == ".sst" &&
        (largest.empty() || fs::file_size(each) > fs::file_size(largest)))
      largest = each.path();
  std::fstream file{largest, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(700);
  file.put('\xFF').put('\x01').put('\x02');
  file.close();
  EXPECT_EQ(restore_backup(scratch.path("backup"), scratch.path("new")).error().code,
            errc::log_corrupt);
  EXPECT_FALSE(fs::exists(scratch.path("new")));
  EXPECT_FALSE(fs::exists(scratch.path("new") + ".unfinished"));
}

} // namespace
} // namespace ash::log
