#include "tests/cli/catalogue.hpp"

#include <gmock/gmock.h>

namespace ash::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto original = R"(msgid ""
msgstr ""
"Language: \n"

#: a.cpp
msgid "Options"
msgstr ""

#, c-format
msgid "%s: cap %s\n"
msgstr ""

msgid ""
"{} of {} "
"\"facts\"\n"
msgstr ""
)";

std::vector<std::string> faults_in(std::string_view translated) {
  return faults_of(read_catalogue(translated), read_catalogue(original));
}

constexpr std::string_view whole = R"(msgid ""
msgstr "Language: ko\n"

msgid "Options"
msgstr "옵션"

#, c-format
msgid "%s: cap %s\n"
msgstr "%s: 한도 %s\n"

msgid "{} of {} \"facts\"\n"
msgstr "{1} 중 "
"{0}\n"
)";

std::string whole_but(std::string_view old, std::string_view other) {
  std::string out{whole};
  return out.replace(out.find(old), old.size(), other);
}

TEST(translations, without_a_fault_have_none) {
  EXPECT_THAT(faults_in(whole), IsEmpty());
}

TEST(translations, that_are_missing_empty_or_fuzzy_are_named) {
  EXPECT_THAT(faults_in(whole_but("msgid \"Options\"\nmsgstr \"옵션\"\n", "")),
              ElementsAre("missing: Options"));
  EXPECT_THAT(faults_in(whole_but("\"옵션\"", "\"\"")), ElementsAre("empty: Options"));
  EXPECT_THAT(faults_in(whole_but("#, c-format", "#, fuzzy, c-format")),
              ElementsAre("fuzzy: %s: cap %s\n"));
}

TEST(translations, that_nobody_asks_for_any_more_are_named) {
  EXPECT_THAT(faults_in(std::string{whole} + "\nmsgid \"Gone\"\nmsgstr \"없음\"\n"),
              ElementsAre("obsolete: Gone"));
  EXPECT_THAT(faults_in(std::string{whole} + "\n#~ msgid \"Gone\"\n"),
              ElementsAre("obsolete: #~ msgid \"Gone\""));
}

TEST(translations, with_other_fields_or_edges_than_their_original_are_named) {
  EXPECT_THAT(faults_in(whole_but("{1} 중 ", "{2} 중 ")),
              ElementsAre("other fields than its original: {} of {} \"facts\"\n"));
  EXPECT_THAT(faults_in(whole_but("\"{0}\\n\"", "\"{0}\"")),
              ElementsAre("begins or ends unlike its original: {} of {} \"facts\"\n"));
}

TEST(fields, are_in_the_order_of_the_values) {
  EXPECT_THAT(fields_of("{} and {:.1f}, {{not}}"), ElementsAre("0", "1:.1f"));
  EXPECT_THAT(fields_of("{1:.1f} before {0}"), ElementsAre("0", "1:.1f"));
  EXPECT_THAT(fields_of("none"), IsEmpty());
}

} // namespace
} // namespace ash::cli
