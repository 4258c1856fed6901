#include "cli/language.hpp"

#include "cli/terminal.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <map>

namespace ash::cli {
namespace {

using testing::HasSubstr;

/// Leaves the environment and the language as they were.
class languages : public testing::Test {
protected:
  languages() {
    for (const auto* name : names) {
      if (const auto* set = std::getenv(name); set != nullptr)
        before_[name] = set;
      ::unsetenv(name);
    }
  }
  ~languages() override {
    speak(language::english);
    for (const auto* name : names)
      ::unsetenv(name);
    for (const auto& [name, value] : before_)
      ::setenv(name.c_str(), value.c_str(), 1);
  }

  static constexpr std::array names{
      "ACTOR_SHELL_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"};

private:
  std::map<std::string, std::string> before_;
};

TEST_F(languages, are_english_where_nothing_is_said) {
  EXPECT_EQ(wanted_language().value(), language::english);
}

TEST_F(languages, follow_the_first_locale_that_is_set) {
  ::setenv("LANG", "ko_KR.UTF-8", 1);
  EXPECT_EQ(wanted_language().value(), language::korean);
  ::setenv("LC_MESSAGES", "de_DE.UTF-8", 1);
  EXPECT_EQ(wanted_language().value(), language::english);
  ::setenv("LC_ALL", "ko", 1);
  EXPECT_EQ(wanted_language().value(), language::korean);
  ::setenv("LC_ALL", "kok_IN", 1);
  EXPECT_EQ(wanted_language().value(), language::english) << "Konkani";
}

TEST_F(languages, are_what_the_variable_says_before_any_locale) {
  ::setenv("LANG", "ko_KR.UTF-8", 1);
  ::setenv("ACTOR_SHELL_LANG", "en", 1);
  EXPECT_EQ(wanted_language().value(), language::english);
  ::setenv("ACTOR_SHELL_LANG", "ko", 1);
  EXPECT_EQ(wanted_language().value(), language::korean);
}

TEST_F(languages, that_are_not_known_are_refused_with_those_that_are) {
  ::setenv("ACTOR_SHELL_LANG", "fr", 1);
  const auto wanted = wanted_language();
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, errc::argument_invalid);
  EXPECT_THAT(wanted.error().message, HasSubstr("'fr'"));
  EXPECT_THAT(wanted.error().message, HasSubstr("en, ko"));
}

TEST_F(languages, translate_what_people_are_told) {
  EXPECT_STREQ(tr("Options"), "Options");
  speak(language::korean);
  EXPECT_STREQ(tr("Options"), "옵션");
  EXPECT_EQ(tr("{} s behind {}", 3, "openrouter"), "openrouter보다 3초 느림");
  EXPECT_EQ(tr_word("completed"), "완료");
  EXPECT_EQ(tr_word("a word of nobody"), "a word of nobody");
  EXPECT_STREQ(tr(""), "") << "the catalogue's header";
  speak(language::english);
  EXPECT_STREQ(tr("Options"), "Options");
}

TEST_F(languages, leave_numbers_and_the_system_s_errors_as_they_are) {
  speak(language::korean);
  char number[16];
  std::snprintf(number, sizeof number, "%.1f", 1.5);
  EXPECT_STREQ(number, "1.5");
  EXPECT_STREQ(std::strerror(ENOENT), "No such file or directory");
  EXPECT_EQ(show_duration(1'500'000), "1.5초");
}

TEST_F(languages, have_a_meaning_for_every_error_code) {
  std::map<std::string, std::string> english;
  for (auto each = errc{}; each <= errc::internal_error;
       each = static_cast<errc>(static_cast<int>(each) + 1))
    english[std::string{to_string(each)}] = meaning_of(each);
  EXPECT_EQ(english.at("run_not_found"), "there is no such run");
  speak(language::korean);
  for (const auto& [name, text] : english)
    EXPECT_NE(meaning_of(errc_from(name).code), text) << name;
  EXPECT_STREQ(meaning_of(errc::run_not_found), "없는 실행입니다");
}

} // namespace
} // namespace ash::cli
