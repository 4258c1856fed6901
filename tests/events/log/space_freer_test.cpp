#include "events/log/space_freer.hpp"

#include "tests/events/log/log_fixture.hpp"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

namespace ash::log {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t megabyte = std::size_t{1} << 20;

class space_freed : public ::testing::Test {
protected:
  [[nodiscard]] std::string a_file(const std::string& name, std::size_t megabytes) const {
    std::ofstream{folder_ / name} << std::string(megabytes * megabyte, 'x');
    return folder_ / name;
  }

  /// Until everything is free.
  static void wait_for(const space_freer& freer) {
    while (freer.waiting_bytes() > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

  scratch_directory scratch_;
  const fs::path folder_ = scratch_.path("");
};

TEST_F(space_freed, takes_the_name_at_once_and_the_space_step_by_step) {
  space_freer freer;
  const auto path = a_file("000007.log", 16);
  ASSERT_TRUE(freer.remove(path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_GT(freer.waiting_bytes(), 0);
  wait_for(freer);
}

TEST_F(space_freed, leaves_the_content_to_who_has_the_file_open) {
  space_freer freer;
  const auto path = a_file("000007.sst", 8);
  const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(freer.remove(path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(freer.waiting_bytes(), 0);
  char last = 0;
  EXPECT_EQ(::pread(reader, &last, 1, static_cast<off_t>(8 * megabyte - 1)), 1);
  EXPECT_EQ(last, 'x');
  ::close(reader);
}

TEST_F(space_freed, leaves_the_content_to_another_name) {
  space_freer freer;
  const auto path = a_file("000007.sst", 8);
  fs::create_hard_link(path, folder_ / "backup.sst");
  ASSERT_TRUE(freer.remove(path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(freer.waiting_bytes(), 0);
  EXPECT_EQ(fs::file_size(folder_ / "backup.sst"), 8 * megabyte);
}

TEST_F(space_freed, leaves_alone_what_is_no_file) {
  space_freer freer;
  fs::create_directory(folder_ / "folder");
  const auto target = a_file("target", 4);
  fs::create_symlink(target, folder_ / "link");
  EXPECT_FALSE(freer.remove(folder_ / "missing"));
  EXPECT_FALSE(freer.remove(folder_ / "folder"));
  EXPECT_FALSE(freer.remove(folder_ / "link"));
  EXPECT_TRUE(fs::exists(folder_ / "link"));
  EXPECT_EQ(fs::file_size(target), 4 * megabyte);
}

} // namespace
} // namespace ash::log
