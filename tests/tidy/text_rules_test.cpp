// The rules of form over small made-up texts: each fault must be found, and nothing else.
#include "tests/tidy/text_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::tidy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

source_file a_source(std::string text) {
  return {"events/log/a.cpp", std::move(text)};
}
source_file a_header(std::string text) {
  return {"events/log/a.hpp", std::move(text)};
}
source_file a_test(std::string text) {
  return {"tests/events/log/a.cpp", std::move(text)};
}

std::string lines(std::size_t count, std::string_view line = "  x();\n") {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += line;
  return text;
}

TEST(mask, leaves_code_and_offsets) {
  EXPECT_EQ(mask("a(\"x\", 'y'); // z\nb"), "a(   ,    );     \nb");
  EXPECT_EQ(mask("a /* {\n} */ b"), "a     \n     b");
  EXPECT_EQ(mask("\"\\\"{\" b"), "      b");
  EXPECT_EQ(mask("1'000'000 + u8'{'"), "1'000'000 + u8   ");
}

TEST(mask, hides_raw_strings_to_their_own_end) {
  EXPECT_EQ(mask("R\"x(a\" )\" {\n)x\" b"), "R          \n    b");
}

TEST(lengths, are_in_lines_and_code_points) {
  EXPECT_THAT(check_lengths(a_source(lines(500))), IsEmpty());
  EXPECT_THAT(to_string(check_lengths(a_source(lines(501)))), HasSubstr("a.cpp: 501 lines"));
  EXPECT_THAT(check_lengths(a_source(lines(100, "é") + "\n")), IsEmpty());
  EXPECT_THAT(to_string(check_lengths(a_source("\n" + lines(101, "é")))),
              HasSubstr("a.cpp:2: 101 columns"));
  EXPECT_THAT(check_lengths({"docs/a.md", lines(101, "x")}), IsEmpty());
}

TEST(functions, of_seventy_lines_are_the_longest) {
  EXPECT_THAT(check_functions(a_source("void f() {\n" + lines(68) + "}\n")), IsEmpty());
  EXPECT_EQ(to_string(check_functions(a_source("\nvoid f() {\n" + lines(69) + "}\n"))),
            "events/log/a.cpp:2: f has 71 lines: split it into functions of at most 70\n");
}

TEST(functions, are_found_in_namespaces_and_classes) {
  const auto body = " {\n" + lines(70) + "}\n";
  for (const std::string opening : {"namespace a {\nnamespace {\n",
                                    "class a final : public b<c> {\npublic:\n",
                                    "template <class A, class B = x<A>>\nstruct a {\n",
                                    "#define X {\\\n(\nusing a = b;\n"})
    for (const std::string head : {"auto f(int a,\n       int b) const -> x<y>",
                                   "template <class A>\nbool operator==(const A& a)",
                                   "explicit f(int a) : b{a}, c(d{1}), e{}",
                                   "TEST(a, says_something)"})
      EXPECT_EQ(check_functions(a_source(opening + head + body)).size(), 1U) << opening << head;
}

TEST(functions, are_not_what_other_braces_hold) {
  const auto body = " {\n" + lines(80, "  x,\n") + "};\n";
  for (const std::string head : {"enum class a : int",
                                 "const std::array a =",
                                 "constexpr b a",
                                 "const auto a = make(b",
                                 "struct a",
                                 "namespace a"})
    EXPECT_THAT(check_functions(a_source(head + body)), IsEmpty()) << head;
}

TEST(functions, are_counted_through_blocks_lambdas_and_literals) {
  const auto text = "void f() {\n  if (a) {\n    g([] {\n" + lines(68) +
                    "    });\n  }\n  s = \"}\"; // }\n}\nvoid g() {}\n";
  EXPECT_THAT(to_string(check_functions(a_source(text))), HasSubstr(":1: f has 75 lines"));
}

TEST(white_space, is_spaces_within_a_line_and_one_line_end) {
  EXPECT_THAT(check_white_space(a_source("a\n\n  b\n")), IsEmpty());
  EXPECT_THAT(check_white_space(a_source("")), IsEmpty());
  EXPECT_THAT(to_string(check_white_space(a_source("a\n\tb\n"))), HasSubstr(":2: a tab"));
  EXPECT_THAT(to_string(check_white_space(a_source("a \n"))), HasSubstr(":1: white space"));
  EXPECT_THAT(to_string(check_white_space(a_source("a\r\n"))), HasSubstr(":1: white space"));
  EXPECT_THAT(to_string(check_white_space(a_source("a\nb"))), HasSubstr(":2: no line end"));
  EXPECT_THAT(to_string(check_white_space(a_source("a\n\n"))), HasSubstr(":2: empty lines"));
}

TEST(headers, open_with_a_paragraph_and_a_guard) {
  EXPECT_THAT(check_header(a_header("// What it is.\n#pragma once\n")), IsEmpty());
  EXPECT_THAT(check_header(a_source("int x;\n")), IsEmpty());
  EXPECT_THAT(to_string(check_header(a_header("#pragma once\n"))), HasSubstr("open the header"));
  EXPECT_THAT(to_string(check_header(a_header("// It.\n#include <a>\n#pragma once\n"))),
              HasSubstr("#pragma once must come before"));
  EXPECT_THAT(to_string(check_header(a_header("// #pragma once\n"))),
              HasSubstr("#pragma once must come before"));
}

TEST(notes, to_self_are_found_as_whole_words) {
  EXPECT_THAT(to_string(check_notes(a_source("\n// TO"
                                             "DO: later\n"))),
              HasSubstr("a.cpp:2: "));
  EXPECT_EQ(check_notes({"dev",
                         "# FIX"
                         "ME\n# XX"
                         "X\n"})
                .size(),
            2U);
  EXPECT_THAT(check_notes(a_source("mktemp(\"a.XX"
                                   "XXXX\"); // ToDo_list\n")),
              IsEmpty());
}

TEST(tests, that_are_switched_off_are_found) {
  EXPECT_THAT(to_string(check_tests_run(a_test("\n  GTEST_SKIP() << 1;\n"))),
              HasSubstr("a.cpp:2: GTEST_SKIP"));
  EXPECT_EQ(check_tests_run(a_test("TEST(DISABLED_a, b) {}\nTEST(a, DISABLED_b) {}\n")).size(), 2U);
  EXPECT_THAT(check_tests_run(a_test("const auto x = \"GTEST_SKIP\";\n")), IsEmpty());
}

} // namespace
} // namespace ash::tidy
