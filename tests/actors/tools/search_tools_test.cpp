#include "tests/actors/tools/a_worktree.hpp"

#include <sys/stat.h>

namespace ash::tool {
namespace {

namespace fs = std::filesystem;
using search_tools = a_worktree;

TEST_F(search_tools, list_a_directory_sorted_with_types) {
  put(root() / "b.txt", "12345");
  put(root() / "a" / "inner", "");
  fs::create_symlink("/etc/passwd", root() / "c");
  ASSERT_EQ(::mkfifo((root() / "d").c_str(), 0600), 0);
  EXPECT_EQ(call("list_dir", {}).text, "a/\nb.txt (5 bytes)\nc -> /etc/passwd\nd (special file)\n");
  EXPECT_EQ(call("list_dir", {{"path", "a"}}).text, "inner (0 bytes)\n");
}

TEST_F(search_tools, say_that_a_directory_is_empty_missing_or_a_file) {
  EXPECT_EQ(call("list_dir", {{"path", "."}}).text, "(empty directory)\n");
  expect_failed(call("list_dir", {{"path", "none"}}), errc::file_not_found);
  put(root() / "file", "");
  expect_failed(call("list_dir", {{"path", "file"}}), errc::path_invalid);
}

TEST_F(search_tools, bound_a_long_listing) {
  for (int i = 0; i < 5'100; ++i)
    put(root() / ("file" + std::to_string(i)), "");
  const auto done = call("list_dir", {});
  expect_done(done);
  EXPECT_NE(done.full.find("more than 5000 entries"), std::string::npos);
  EXPECT_LT(done.text.size(), 33u * 1024);
}

TEST_F(search_tools, find_lines_by_expression_in_path_order) {
  put(root() / "b.cpp", "int x;\nint y1;\n");
  put(root() / "a" / "c.hpp", "int z22;\n");
  EXPECT_EQ(call("grep", {{"pattern", "int \\w\\d+;"}}).text,
            "a/c.hpp:1:int z22;\nb.cpp:2:int y1;\n");
  EXPECT_EQ(call("grep", {{"pattern", "int"}, {"glob", "*.hpp"}}).text, "a/c.hpp:1:int z22;\n");
  EXPECT_EQ(call("grep", {{"pattern", "int"}, {"glob", "a/**"}}).text, "a/c.hpp:1:int z22;\n");
  EXPECT_EQ(call("grep", {{"pattern", "INT Z"}, {"ignore_case", true}, {"path", "a"}}).text,
            "a/c.hpp:1:int z22;\n");
  EXPECT_EQ(call("grep", {{"pattern", "y1"}, {"path", "b.cpp"}}).text, "b.cpp:2:int y1;\n");
  EXPECT_EQ(call("grep", {{"pattern", "absent"}}).text, "no match in 2 files\n");
}

TEST_F(search_tools, take_a_literal_pattern_as_it_is) {
  put(root() / "a", "f(x) {\nfxx\n");
  EXPECT_EQ(call("grep", {{"pattern", "(x) {"}, {"literal", true}}).text, "a:1:f(x) {\n");
  EXPECT_EQ(call("grep", {{"pattern", "F(X) {"}, {"literal", true}, {"ignore_case", true}}).text,
            "a:1:f(x) {\n");
}

TEST_F(search_tools, skip_git_binary_files_and_symlinks) {
  put(root() / ".git" / "config", "needle");
  put(root() / "binary", std::string_view{"needle\0", 7});
  fs::create_symlink(outside() / "secret.txt", root() / "link");
  fs::create_directory_symlink(outside(), root() / "dir");
  put(root() / "text", "needle");
  put(outside() / "secret.txt", "needle");
  EXPECT_EQ(call("grep", {{"pattern", "needle"}}).text,
            "text:1:needle\n[1 binary, unreadable or large files were skipped]\n");
}

TEST_F(search_tools, refuse_an_expression_that_is_broken_or_may_explode) {
  for (const auto* pattern : {"(", "(a)\\1", "a{1,9999}", "", "[", "a\nb"})
    expect_failed(call("grep", {{"pattern", pattern}}), errc::tool_arguments_invalid);
  expect_failed(call("grep", {{"pattern", std::string(513, 'a')}}), errc::tool_arguments_invalid);
}

TEST_F(search_tools, stop_at_a_thousand_lines_and_cut_long_ones) {
  std::string many;
  for (int i = 0; i < 3'000; ++i)
    many += "needle\n";
  put(root() / "many", many);
  const auto done = call("grep", {{"pattern", "needle"}});
  EXPECT_NE(done.text.find("[stopped at 1000 matching lines"), std::string::npos);
  put(root() / "long", "needle" + std::string(100'000, 'x'));
  EXPECT_LT(call("grep", {{"pattern", "^needle"}, {"path", "long"}}).text.size(), 400u);
}

} // namespace
} // namespace ash::tool
