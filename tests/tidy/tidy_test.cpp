// The checks of this folder over the checkout itself. What each of them finds, and that it can
// find anything at all, is shown in the tests beside this one.
#include "tests/tidy/folder_rules.hpp"
#include "tests/tidy/text_rules.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace ash::tidy {
namespace {

const std::filesystem::path root{ASH_SOURCE_DIR};

const std::vector<source_file>& tree() {
  static const auto files = read_tree(root);
  return files;
}

folder_table table() {
  const auto page = std::find_if(tree().begin(), tree().end(), [](const source_file& file) {
    return file.path == "ARCHITECTURE.md";
  });
  return page == tree().end() ? read_folder_table({"ARCHITECTURE.md", ""})
                              : read_folder_table(*page);
}

template <class Check> std::string over_the_tree(Check check) {
  findings all;
  for (const auto& file : tree()) {
    auto found = check(file);
    all.insert(all.end(), found.begin(), found.end());
  }
  return to_string(all);
}

TEST(tidy, sees_the_checkout) {
  const auto sources = std::count_if(
      tree().begin(), tree().end(), [](const source_file& file) { return is_source(file.path); });
  EXPECT_GT(sources, 20) << "read from " << root;
}

TEST(tidy, folder_table_can_be_read) {
  EXPECT_EQ(to_string(table().faults), "");
}

TEST(tidy, folder_table_and_tree_agree) {
  std::vector<std::string> folders;
  for (const auto& rule : table().rules)
    if (std::filesystem::is_directory(root / rule.folder))
      folders.push_back(rule.folder);
  EXPECT_EQ(to_string(check_folders(table(), tree(), folders)), "");
}

TEST(tidy, every_include_follows_the_folder_table) {
  const auto rules = table();
  EXPECT_EQ(over_the_tree([&](const source_file& file) { return check_includes(rules, file); }),
            "");
}

TEST(tidy, files_and_lines_are_short) {
  EXPECT_EQ(over_the_tree(check_lengths), "");
}

TEST(tidy, functions_are_short) {
  EXPECT_EQ(over_the_tree(check_functions), "");
}

TEST(tidy, white_space_is_clean) {
  EXPECT_EQ(over_the_tree(check_white_space), "");
}

TEST(tidy, headers_open_with_a_paragraph_and_a_guard) {
  EXPECT_EQ(over_the_tree(check_header), "");
}

TEST(tidy, no_notes_to_self_are_left) {
  EXPECT_EQ(over_the_tree(check_notes), "");
}

TEST(tidy, no_test_is_switched_off) {
  EXPECT_EQ(over_the_tree(check_tests_run), "");
}

} // namespace
} // namespace ash::tidy
