#include "actors/secrets/key_store.hpp"
#include "actors/secrets/keyring.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace ash::secrets {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class key_files : public testing::Test {
protected:
  key_files() {
    // No keyring of whoever runs the test: neither read nor written.
    ::setenv("DBUS_SESSION_BUS_ADDRESS", "", 1);
    ::setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
  }
  ~key_files() override { fs::remove_all(directory_); }

  static mode_t mode_of(const fs::path& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777;
  }

  static fs::path fresh_directory() {
    std::string name = fs::temp_directory_path() / "keys-XXXXXX";
    return ::mkdtemp(name.data());
  }

  fs::path directory_ = fresh_directory();
  key_store store_{directory_ / "config" / "keys"};
};

TEST_F(key_files, gives_a_key_back_and_lets_nobody_else_read_it) {
  const auto kept = store_.keep("openrouter", "sk-or-v1-0123456789", kept_in::file);
  ASSERT_TRUE(kept) << to_string(kept.error());
  const auto found = store_.find("openrouter").value();
  EXPECT_EQ(found.key, "sk-or-v1-0123456789");
  EXPECT_THAT(found.place, HasSubstr("keys/openrouter"));
  EXPECT_EQ(mode_of(found.place), 0600);
  EXPECT_EQ(mode_of(fs::path{found.place}.parent_path()), 0700);
}

TEST_F(key_files, says_each_place_that_has_no_key) {
  const auto found = store_.find("openai").value();
  EXPECT_FALSE(found.key);
  EXPECT_THAT(found.looked, ElementsAre(HasSubstr("keys/openai"), HasSubstr("no keyring")));
}

TEST_F(key_files, refuses_a_file_that_others_can_read) {
  ASSERT_TRUE(store_.keep("openai", "sk-1", kept_in::file));
  ASSERT_EQ(::chmod((store_.directory() + "/openai").c_str(), 0640), 0);
  EXPECT_EQ(store_.find("openai").error().code, errc::permission_denied);
}

TEST_F(key_files, reads_files_and_nothing_that_could_make_it_wait) {
  ASSERT_TRUE(store_.keep("openai", "sk-1", kept_in::file));
  ASSERT_EQ(::mkfifo((store_.directory() + "/anthropic").c_str(), 0600), 0);
  EXPECT_EQ(store_.find("anthropic").error().code, errc::permission_denied);
  fs::create_symlink(store_.directory() + "/openai", store_.directory() + "/openrouter");
  EXPECT_FALSE(store_.find("openrouter").has_value());
}

TEST_F(key_files, forgets_a_key) {
  ASSERT_TRUE(store_.keep("openai", "sk-1", kept_in::file));
  EXPECT_THAT(store_.remove("openai").value(), ElementsAre(HasSubstr("keys/openai")));
  EXPECT_FALSE(store_.find("openai").value().key);
  EXPECT_THAT(store_.remove("openai").value(), IsEmpty());
}

TEST_F(key_files, takes_nothing_that_can_not_be_a_key) {
  for (const std::string key : {"", "two words", "tab\there", "line\nbreak"})
    EXPECT_EQ(store_.keep("openai", key, kept_in::file).error().code, errc::argument_invalid);
}

TEST_F(key_files, answers_at_once_where_there_is_no_keyring) {
  EXPECT_EQ(store_.keep("openai", "sk-1", kept_in::keyring).error().code, errc::store_unavailable);
  EXPECT_EQ(find_in_keyring("openai").error().code, errc::store_unavailable);
  EXPECT_EQ(remove_from_keyring("openai").error().code, errc::store_unavailable);
  EXPECT_TRUE(is_absence_of_keyring(find_in_keyring("openai").error()));
}

} // namespace
} // namespace ash::secrets
