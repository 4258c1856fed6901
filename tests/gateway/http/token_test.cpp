#include "gateway/http/endpoint.hpp"
#include "gateway/http/token.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::gateway {
namespace {

namespace fs = std::filesystem;

class data_directory : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "ash-token-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory = name;
  }
  void TearDown() override { fs::remove_all(directory); }

  [[nodiscard]] mode_t mode_of(const char* file) const {
    struct stat found {};
    EXPECT_EQ(::stat((directory / file).c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  fs::path directory;
};

TEST_F(data_directory, gets_one_token_that_stays_the_same) {
  const auto first = load_or_make_token(directory);
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value().size(), 64u);
  EXPECT_EQ(first.value().find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(mode_of("token"), 0600u);
  EXPECT_EQ(load_or_make_token(directory).value(), first.value());
  fs::remove(directory / "token");
  EXPECT_NE(load_or_make_token(directory).value(), first.value());
}

TEST_F(data_directory, whose_token_others_can_read_is_refused) {
  ASSERT_TRUE(load_or_make_token(directory));
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    ::chmod((directory / "token").c_str(), mode);
    const auto got = load_or_make_token(directory);
    ASSERT_FALSE(got) << mode;
    EXPECT_EQ(got.error().code, errc::permission_denied);
  }
}

TEST_F(data_directory, whose_token_is_a_link_or_a_directory_is_refused) {
  std::ofstream{directory / "elsewhere"} << std::string(64, 'a');
  fs::create_symlink(directory / "elsewhere", directory / "token");
  EXPECT_EQ(load_or_make_token(directory).error().code, errc::permission_denied);
  fs::remove(directory / "token");
  fs::create_directory(directory / "token");
  EXPECT_EQ(load_or_make_token(directory).error().code, errc::permission_denied);
}

TEST_F(data_directory, whose_token_is_none_is_refused) {
  for (const auto& text : {std::string{},
                           std::string(63, 'a'),
                           std::string(65, 'a'),
                           std::string(64, 'G'),
                           std::string(200, 'a')}) {
    std::ofstream{directory / "token"} << text;
    ::chmod((directory / "token").c_str(), 0600);
    const auto got = load_or_make_token(directory);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, errc::config_invalid);
  }
}

TEST(secret, is_the_same_only_when_every_byte_is) {
  EXPECT_TRUE(same_secret("abcdef", "abcdef"));
  for (const auto* shown : {"", "abcde", "abcdeg", "bbcdef", "abcdefa", "abcdefabcdef"})
    EXPECT_FALSE(same_secret(shown, "abcdef")) << shown;
}

TEST_F(data_directory, says_where_its_server_is) {
  EXPECT_FALSE(read_endpoint(directory).value());
  ASSERT_TRUE(write_endpoint(directory, {"http://127.0.0.1:7777", 42, "2026-11-21T00:00:00Z"}));
  EXPECT_EQ(mode_of("server.json"), 0600u);
  const auto got = read_endpoint(directory).value();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->url, "http://127.0.0.1:7777");
  EXPECT_EQ(got->pid, 42);
  remove_endpoint(directory, 43);
  EXPECT_TRUE(read_endpoint(directory).value());
  remove_endpoint(directory, 42);
  EXPECT_FALSE(read_endpoint(directory).value());
}

TEST_F(data_directory, whose_endpoint_is_garbage_says_so) {
  for (const auto* text : {"", "[]", "{}", R"({"url":1,"pid":2,"started_at":"x"})", "\xff"}) {
    std::ofstream{directory / "server.json"} << text;
    EXPECT_EQ(read_endpoint(directory).error().code, errc::config_invalid) << text;
  }
}

} // namespace
} // namespace ash::gateway
