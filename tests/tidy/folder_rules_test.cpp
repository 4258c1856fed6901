// The folder rules over small made-up pages and sources: each fault must be found.
#include "tests/tidy/folder_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view page = R"(# A page

| Folder | What | May include | Sees alone |
|---|---|---|---|
| `events/base` | ground | nothing | `yaml-cpp/` in `yaml.cpp` |
| `events/codec` | bytes | `events/base` | `flatbuffers/`, `*_generated.h` |
| `events/log` | log | `events/base`, `events/codec` | `rocksdb/` |
| `actors/shells` | actors | `actors`, `events` | `caf/` |
| `cli` | verbs | `events/base`; in `serve.cpp` everything | – |
| `tests` | tests | everything | everything |

The end.
)";

folder_table the_table() {
  return read_folder_table({"ARCHITECTURE.md", std::string{page}});
}

std::string includes(std::string path, std::string text) {
  return to_string(check_includes(the_table(), {std::move(path), std::move(text)}));
}

TEST(folder_rules, are_read_from_the_page) {
  const auto table = the_table();
  EXPECT_THAT(table.faults, IsEmpty());
  ASSERT_EQ(table.rules.size(), 6U);
  EXPECT_EQ(table.rules[0].line, 5U);
  EXPECT_THAT(table.rules[0].may_include, IsEmpty());
  EXPECT_THAT(table.rules[0].alone, ElementsAre(header_home{"yaml-cpp/", "yaml.cpp"}));
  EXPECT_THAT(table.rules[2].may_include, ElementsAre("events/base", "events/codec"));
  EXPECT_THAT(table.rules[4].files_with_all, ElementsAre("serve.cpp"));
  EXPECT_EQ(table.rules[5].includes, reach::everything);
}

TEST(folder_rules, refuse_a_page_without_a_table) {
  EXPECT_THAT(to_string(read_folder_table({"ARCHITECTURE.md", "# A page\n"}).faults),
              HasSubstr("no folder table"));
}

TEST(folder_rules, refuse_a_row_that_can_not_be_read) {
  const auto text = std::string{page.substr(0, page.find("\nThe end"))} + "| `x` | too short |\n";
  EXPECT_THAT(to_string(read_folder_table({"ARCHITECTURE.md", text}).faults),
              HasSubstr("ARCHITECTURE.md:11: the row needs four cells"));
}

TEST(folder_rules, refuse_a_permission_for_a_folder_that_no_row_has) {
  const auto text = std::string{"| Folder | What | May include | Sees alone |\n|---|---|---|---|\n"
                                "| `a` | . | `b` | – |\n"};
  EXPECT_THAT(to_string(read_folder_table({"ARCHITECTURE.md", text}).faults),
              HasSubstr("ARCHITECTURE.md:3: a may include `b`, which no row has"));
}

TEST(folder_rules, find_a_row_without_a_folder) {
  EXPECT_THAT(to_string(check_folders(the_table(), {}, {"events/base", "events/codec"})),
              HasSubstr("ARCHITECTURE.md:7: the folder events/log does not exist"));
}

TEST(folder_rules, find_a_folder_without_a_row) {
  const std::vector<std::string> all{
      "events/base", "events/codec", "events/log", "actors/shells", "cli", "tests"};
  const std::vector<source_file> files{{"events/base/a.cpp", ""},
                                       {"events/stray/a.cpp", ""},
                                       {"events/stray/b.cpp", ""},
                                       {"docs/page.md", ""},
                                       {"tests/events/log/a.cpp", ""}};
  EXPECT_EQ(to_string(check_folders(the_table(), files, all)),
            "events/stray: holds sources but has no row in ARCHITECTURE.md's folder table: "
            "add one\n");
}

TEST(folder_rules, find_an_include_that_no_row_allows) {
  EXPECT_THAT(includes("events/base/a.cpp", "\n#include \"events/log/log.hpp\"\n"),
              HasSubstr("events/base/a.cpp:2: events/base may not include events/log"));
  EXPECT_THAT(includes("events/log/a.cpp", "#  include \"cli/a.hpp\"\n#include \"cli/a.hpp\"\n"),
              HasSubstr("events/log/a.cpp:2: events/log may not include cli"));
}

TEST(folder_rules, allow_what_the_row_allows) {
  EXPECT_EQ(includes("events/log/a.cpp", "#include \"events/base/a.hpp\"\n#include <vector>\n"),
            "");
  EXPECT_EQ(includes("events/log/a.cpp", "#include \"events/log/b.hpp\"\n"), "");
  EXPECT_EQ(includes("actors/shells/a.cpp", "#include \"events/codec/a.hpp\"\n"), "");
  EXPECT_EQ(includes("tests/a/b.cpp", "#include \"cli/a.hpp\"\n#include <rocksdb/db.h>\n"), "");
}

TEST(folder_rules, give_the_composition_root_alone_everything) {
  constexpr auto text = "#include \"events/log/a.hpp\"\n";
  EXPECT_EQ(includes("cli/serve.cpp", text), "");
  EXPECT_THAT(includes("cli/run.cpp", text), HasSubstr("cli may not include events/log"));
  EXPECT_THAT(includes("cli/commands/serve.cpp", text), HasSubstr("may not include"));
}

TEST(folder_rules, find_a_heavy_header_away_from_home) {
  EXPECT_THAT(includes("events/base/a.cpp", "#include <rocksdb/db.h>\n"),
              HasSubstr("events/base/a.cpp:1: <rocksdb/db.h> belongs in events/log"));
  EXPECT_THAT(includes("events/log/a.cpp", "#include \"run_generated.h\"\n"),
              HasSubstr("belongs in events/codec"));
  EXPECT_THAT(includes("events/base/a.cpp", "#include <yaml-cpp/yaml.h>\n"),
              HasSubstr("belongs in events/base/yaml.cpp"));
  EXPECT_THAT(includes("cli/serve.cpp", "#include <caf/all.hpp>\n"),
              HasSubstr("belongs in actors/shells"));
}

TEST(folder_rules, find_a_heavy_header_that_has_no_home) {
  EXPECT_THAT(includes("events/log/a.cpp", "#include <boost/asio/ip/tcp.hpp>\n"),
              HasSubstr("belongs nowhere"));
}

TEST(folder_rules, find_a_heavy_header_in_a_header_even_at_home) {
  EXPECT_EQ(includes("events/log/a.cpp", "#include <rocksdb/db.h>\n"), "");
  EXPECT_EQ(includes("events/base/yaml.cpp", "#include <yaml-cpp/yaml.h>\n"), "");
  EXPECT_THAT(includes("events/log/a.hpp", "#include <rocksdb/db.h>\n"),
              HasSubstr("too heavy for a header"));
}

TEST(folder_rules, find_our_own_headers_in_the_wrong_form) {
  EXPECT_THAT(includes("events/log/a.cpp", "#include <events/base/a.hpp>\n"),
              HasSubstr("in quotes"));
  EXPECT_THAT(includes("events/log/a.cpp", "#include \"b.hpp\"\n"),
              HasSubstr("as a path from the root"));
}

TEST(folder_rules, see_no_include_in_a_comment_or_a_literal) {
  EXPECT_EQ(includes("events/base/a.cpp",
                     "// #include \"cli/a.hpp\"\n/*\n#include \"cli/a.hpp\"\n*/\n"
                     "auto x = R\"(\n#include \"cli/a.hpp\"\n)\";\n"),
            "");
}

} // namespace
} // namespace ash::tidy
