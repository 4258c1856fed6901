// The language that people are spoken to in, and that programs are spoken to in none of them.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class languages : public testing::Test {
protected:
  process_options line(const std::string& language, std::vector<std::string> words) {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY};
    what.command.insert(what.command.end(), words.begin(), words.end());
    what.environment = clean_environment(home_.path());
    what.environment["ACTOR_SHELL_LANG"] = language;
    what.directory = home_.path();
    return what;
  }
  ended_process speak(const std::string& language, std::vector<std::string> words) {
    return run_process(line(language, std::move(words)));
  }

  temporary_directory home_;
};

TEST_F(languages, of_the_help_are_two) {
  const auto english = speak("en", {"runs", "--help"});
  EXPECT_THAT(english.out, AllOf(HasSubstr("Usage: "), HasSubstr("Runs, newest first")));
  const auto korean = speak("ko", {"runs", "--help"});
  EXPECT_EQ(korean.exit_code, 0) << korean.shown();
  EXPECT_THAT(korean.out,
              AllOf(HasSubstr("사용법: "),
                    HasSubstr("\n하위 명령:\n"),
                    HasSubstr("실행 목록 (최신순)"),
                    HasSubstr("종료 코드: 0 완료"),
                    Not(HasSubstr("newest first"))));
  const auto option = speak("ko", {"run", "--help"});
  EXPECT_THAT(option.out,
              AllOf(HasSubstr("시작할 브랜치"), HasSubstr("\n위치 인수:\n"), HasSubstr("필수")));
}

TEST_F(languages, follow_the_locale_where_the_variable_is_empty) {
  auto what = line("", {"--help"});
  what.environment["LC_ALL"] = "";
  what.environment["LC_MESSAGES"] = "";
  what.environment["LANG"] = "ko_KR.UTF-8";
  EXPECT_THAT(run_process(what).out, HasSubstr("사용법"));
  what.environment["LC_MESSAGES"] = "C.UTF-8";
  EXPECT_THAT(run_process(what).out, HasSubstr("Usage"));
}

TEST_F(languages, of_a_table_change_its_header_and_no_number) {
  const auto english = lines_of(speak("en", {"pricing", "list"}).out);
  const auto korean = lines_of(speak("ko", {"pricing", "list"}).out);
  ASSERT_FALSE(korean.empty());
  EXPECT_THAT(english.front(), StartsWith("MODEL"));
  EXPECT_THAT(korean.front(), AllOf(StartsWith("모델"), HasSubstr("기준일")));
  EXPECT_EQ(korean.size(), english.size());
  EXPECT_THAT(korean.back(), HasSubstr("$"));
}

TEST_F(languages, of_an_error_keep_its_code_and_tell_what_it_means) {
  write_text(home_.path() / "broken.yaml", "name: [");
  const std::vector<std::string> words{"workflows", "validate", home_ / "broken.yaml"};
  const auto english = speak("en", words);
  const auto korean = speak("ko", words);
  EXPECT_EQ(korean.exit_code, english.exit_code);
  EXPECT_THAT(english.err, Not(HasSubstr("잘못되었습니다")));
  const auto code = english.err.substr(0, english.err.find(':', sizeof "actor-shell:"));
  EXPECT_THAT(korean.err, AllOf(StartsWith(code + ": "), HasSubstr("잘못되었습니다: ")));
  const auto particulars = english.err.substr(code.size() + 2);
  EXPECT_THAT(korean.err, HasSubstr(particulars)) << "the particulars are what they were";
}

TEST_F(languages, of_a_prompt_are_those_of_the_rest) {
  make_repository(home_.path() / "repo", {{"README.md", "# nothing\n"}});
  auto what = line("ko",
                   {"--definitions",
                    E2E_FIXTURES "/definitions",
                    "run",
                    "note@1",
                    "--repo",
                    home_ / "repo",
                    "--requirements",
                    "A note.",
                    "--model",
                    "scripted:" E2E_FIXTURES "/note.yaml"});
  what.environment["TERM"] = "xterm";
  terminal_process person{what};
  ASSERT_TRUE(person.shows("최악의 경우")) << person.screen();
  ASSERT_TRUE(person.shows("실행을 시작하시겠습니까? [y/N] ")) << person.screen();
  person.type("y\n");
  EXPECT_TRUE(person.shows("완료")) << person.screen();
  EXPECT_EQ(person.exit_code(), 0) << person.screen();
}

TEST_F(languages, do_not_touch_what_programs_read) {
  for (const auto& words : {std::vector<std::string>{"--json", "pricing", "list"},
                            std::vector<std::string>{"--json", "workflows", "list"},
                            std::vector<std::string>{"--json", "runs", "show", "ffffff"}}) {
    const auto english = speak("en", words);
    const auto korean = speak("ko", words);
    EXPECT_EQ(korean.out, english.out);
    EXPECT_EQ(korean.err, english.err);
    EXPECT_EQ(korean.exit_code, english.exit_code);
  }
  const auto english = speak("en", {"--json", "doctor", "--offline"});
  const auto korean = speak("ko", {"--json", "doctor", "--offline"});
  EXPECT_THAT(korean.out, AllOf(HasSubstr("\"data directory\""), Not(HasSubstr("데이터"))));
  EXPECT_EQ(korean.exit_code, english.exit_code);
}

TEST_F(languages, that_nobody_translated_are_refused) {
  for (const auto& words : {std::vector<std::string>{"runs", "list"}, {"--help"}}) {
    const auto ended = speak("fr", words);
    EXPECT_EQ(ended.exit_code, 2) << ended.shown();
    EXPECT_THAT(ended.err, AllOf(HasSubstr("argument_invalid"), HasSubstr("en, ko")));
  }
}

} // namespace
} // namespace ash::e2e
