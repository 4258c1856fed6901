// Torn and flipped files: a damaged log opens to a whole prefix, or says what is damaged. Never a
// wrong record, never a crash.
#include "events/log/log_verify.hpp"
#include "events/log/rocksdb_tables.hpp"
#include "tests/events/log/log_child.hpp"
#include "tests/events/log/log_fixture.hpp"

#include <fstream>
#include <iterator>
#include <utility>

namespace ash::log {
namespace {

namespace fs = std::filesystem;

// The last appends of the write-ahead log, of two facts each.
constexpr std::size_t tail_bytes = 1'500;

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void put_bytes(const fs::path& file, std::string_view bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc}.write(
      bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The largest file with this ending.
fs::path largest(const std::string& directory, std::string_view ending) {
  fs::path found;
  for (const auto& each : fs::directory_iterator{directory})
    if (each.path().extension() == ending &&
        (found.empty() || fs::file_size(each) > fs::file_size(found)))
      found = each.path();
  return found;
}

class log_damage : public testing::Test {
protected:
  /// Some appends of different shapes, then a kill: what is left is in the write-ahead log.
  void write_and_die() {
    auto child = start_child({"write_and_die", master});
    EXPECT_EQ(child.wait(), -1);
    copy_to(scratch.path("reference"), master);
    whole = all_of(*open_log_in(scratch.path("reference")));
    ASSERT_EQ(whole.size(), 16U);
  }

  static void copy_to(const std::string& to, const std::string& from) {
    fs::remove_all(to);
    fs::copy(from, to);
  }

  /// The verdict on the damaged copy: how many records it gave, or none where it said what is
  /// wrong.
  std::optional<std::size_t> judge(const std::string& directory) {
    open_options options;
    options.directory = directory;
    const auto opened = open_rocksdb_log(options);
    if (!opened) {
      EXPECT_EQ(opened.error().code, errc::log_corrupt) << to_string(opened.error());
      return std::nullopt;
    }
    const auto& log = *opened.value();
    std::vector<record> read;
    while (read.size() < log.head()) {
      auto page = log.read(read.size(), {3, 1'000});
      if (!page) {
        EXPECT_EQ(page.error().code, errc::log_corrupt) << to_string(page.error());
        EXPECT_NE(log.verify().value().damage_count, 0U);
        break;
      }
      std::move(page.value().begin(), page.value().end(), std::back_inserter(read));
    }
    EXPECT_LE(read.size(), whole.size());
    for (std::size_t i = 0; i < read.size() && i < whole.size(); ++i)
      EXPECT_TRUE(same(read[i], whole[i])) << "record " << i + 1;
    if (read.size() < log.head())
      return std::nullopt;
    // Damage to something else than records is for `verify` to find.
    return log.verify().value().damage_count == 0 ? std::optional{read.size()} : std::nullopt;
  }

  /// The same verdict without opening for writing, which takes far longer: for every single byte.
  std::optional<std::size_t> look_at(const std::string& directory) {
    const auto found = [](const error& what) {
      EXPECT_EQ(what.code, errc::log_corrupt) << to_string(what);
      return std::nullopt;
    };
    const auto store = open_rocksdb_tables({directory, rocksdb_mode::read_only});
    if (!store)
      return found(store.error());
    moment now{store.value()->newest(), {}, 0};
    std::string value;
    const auto there = now.view->get(table::meta, state_key, value);
    if (!there || !there.value())
      return there ? std::nullopt : found(there.error());
    const auto state = decode_state(value);
    if (!state)
      return found(state.error());
    now.state = state.value();
    if (const auto tail = check_tail(now); !tail)
      return found(tail.error());
    const auto read = read_log(now, 0, {});
    if (!read)
      return found(read.error());
    const auto& records = read.value();
    EXPECT_LE(records.size(), whole.size());
    for (std::size_t i = 0; i < records.size() && i < whole.size(); ++i)
      EXPECT_TRUE(same(records[i], whole[i])) << "record " << i + 1;
    // Damage to something else than records is for `verify` to find.
    if (verify_log(now, {}).value().damage_count != 0)
      return std::nullopt;
    return records.size();
  }

  scratch_directory scratch;
  std::string master = scratch.path("master");
  std::string copy = scratch.path("copy");
  std::vector<record> whole;
};

TEST_F(log_damage, opens_a_torn_log_to_a_whole_prefix) {
  write_and_die();
  const auto name = largest(master, ".log").filename();
  const auto wal = bytes_of(fs::path{master} / name);
  std::size_t shortest = whole.size();
  bool opened = true;
  for (std::size_t size = wal.size() - tail_bytes; size < wal.size(); ++size) {
    // Opening for writing changes files: then the next one begins with a new copy.
    if (const bool fresh = std::exchange(opened, size % 199 == 0); fresh || opened)
      copy_to(copy, master);
    fs::remove(copy + "/DURABLE"); // as after a loss of power: it says nothing
    put_bytes(fs::path{copy} / name, wal.substr(0, size));
    const auto left = opened ? judge(copy) : look_at(copy);
    ASSERT_TRUE(left) << "cut at byte " << size;
    EXPECT_LT(*left, whole.size());
    shortest = std::min(shortest, *left);
  }
  EXPECT_GT(shortest, 0U);
  EXPECT_LE(shortest, whole.size() - 2);
}

TEST_F(log_damage, says_which_acknowledged_records_a_torn_log_has_lost) {
  write_and_die();
  const auto name = largest(master, ".log").filename();
  const auto wal = bytes_of(fs::path{master} / name);
  for (std::size_t size = wal.size() - tail_bytes; size < wal.size(); size += 199) {
    copy_to(copy, master);
    put_bytes(fs::path{copy} / name, wal.substr(0, size));
    open_options options;
    options.directory = copy;
    const auto opened = open_rocksdb_log(options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::log_corrupt);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("to 16 were acknowledged"));
    EXPECT_EQ(bytes_of(fs::path{copy} / name).size(), size); // nothing was touched
    options.mode = open_mode::reader;
    EXPECT_FALSE(open_rocksdb_log(options));
  }
  // A person may decide to go on without them: under a new incarnation.
  open_options options;
  options.directory = copy;
  options.lost = lost_tail::accept;
  const auto shorter = open_or_throw(options);
  EXPECT_LT(shorter->head(), 16U);
  EXPECT_NE(shorter->incarnation(), open_log_in(scratch.path("reference"))->incarnation());
  expect_sound(*shorter);
}

TEST_F(log_damage, never_gives_a_wrong_record_where_a_byte_was_flipped) {
  write_and_die();
  const auto name = largest(master, ".log").filename();
  const auto wal = bytes_of(fs::path{master} / name);
  for (const bool marked : {false, true}) {
    bool opened = true;
    for (std::size_t at = wal.size() - tail_bytes; at < wal.size(); at += marked ? 307 : 1) {
      if (const bool fresh = std::exchange(opened, marked || at % 211 == 0); fresh || opened)
        copy_to(copy, master);
      if (!marked)
        fs::remove(copy + "/DURABLE");
      auto damaged = wal;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      put_bytes(fs::path{copy} / name, damaged);
      const auto left = opened ? judge(copy) : look_at(copy);
      if (marked) {
        EXPECT_FALSE(left) << "byte " << at;
      } else {
        EXPECT_TRUE(!left || *left < whole.size()) << "byte " << at;
      }
    }
  }
}

TEST_F(log_damage, never_gives_a_wrong_record_from_a_damaged_table) {
  {
    const auto log = open_log_in(master);
    write_pairs(*log, 0, 40);
    whole = all_of(*log);
  }
  std::size_t noticed = 0;
  for (const auto& each : fs::directory_iterator{master}) {
    if (each.path().extension() != ".sst")
      continue;
    const auto table = bytes_of(each.path());
    for (std::size_t at = 0; at < table.size(); at += 1 + table.size() / 12) {
      copy_to(copy, master);
      auto damaged = table;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      put_bytes(fs::path{copy} / each.path().filename(), damaged);
      const auto left = at % 7 == 0 ? judge(copy) : look_at(copy);
      noticed += left ? 0U : 1U;
      EXPECT_TRUE(!left || *left == whole.size());
    }
  }
  EXPECT_GT(noticed, 10U);
}

} // namespace
} // namespace ash::log
