#include "tests/actors/tools/a_worktree.hpp"

#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <sys/stat.h>

namespace ash::tool {
namespace {

namespace fs = std::filesystem;
using file_tools = a_worktree;

TEST_F(file_tools, read_a_file_as_it_is) {
  put(root() / "a", "one\n\ttwo\n");
  const auto done = call("read_file", {{"path", "a"}});
  expect_done(done);
  EXPECT_EQ(done.text, "one\n\ttwo\n");
  EXPECT_TRUE(done.full.empty());
}

TEST_F(file_tools, read_a_window_of_lines_and_say_where_it_lies) {
  put(root() / "a", "1\n2\n3\n4\n5\n");
  EXPECT_EQ(call("read_file", {{"path", "a"}, {"offset", 2}, {"limit", 2}}).text,
            "2\n3\n\n[lines 2 to 3; the file goes on: use offset and limit]");
  EXPECT_EQ(call("read_file", {{"path", "a"}, {"offset", 4}, {"limit", 9}}).text,
            "4\n5\n\n[lines 4 to 5, the last]");
  EXPECT_EQ(call("read_file", {{"path", "a"}, {"limit", 5}}).text, "1\n2\n3\n4\n5\n");
  expect_failed(call("read_file", {{"path", "a"}, {"offset", 7}}), errc::argument_invalid);
  expect_failed(call("read_file", {{"path", "a"}, {"offset", 0}}), errc::tool_arguments_invalid);
}

TEST_F(file_tools, bound_a_file_of_ten_megabytes_at_a_code_point) {
  std::string big = "x";
  while (big.size() < 10'000'000)
    big += "é";
  put(root() / "big", big);
  const auto done = call("read_file", {{"path", "big"}});
  expect_done(done);
  EXPECT_TRUE(is_valid_utf8(done.text));
  EXPECT_LT(done.text.size(), 33u * 1024);
  EXPECT_NE(done.text.find("bytes left out"), std::string::npos);
  EXPECT_EQ(done.full, big);
}

TEST_F(file_tools, keep_no_more_than_may_be_captured) {
  put(root() / "big", std::string(100'000, 'a'));
  where_.visible_bytes = 100;
  where_.captured_bytes = 5'000;
  const auto done = call("read_file", {{"path", "big"}});
  EXPECT_EQ(done.full.size(), 5'000u);
  EXPECT_NE(done.text.find("the file goes on"), std::string::npos);
}

TEST_F(file_tools, show_invalid_utf8_replaced_and_refuse_binary_files) {
  put(root() / "latin", "caf\xe9\n");
  const auto done = call("read_file", {{"path", "latin"}});
  EXPECT_TRUE(done.text.starts_with("caf\xEF\xBF\xBD\n")) << done.text;
  EXPECT_TRUE(is_valid_utf8(done.text));
  put(root() / "binary", std::string_view{"a\0b", 3});
  expect_failed(call("read_file", {{"path", "binary"}}), errc::tool_failed);
  expect_failed(call("read_file", {{"path", "none"}}), errc::file_not_found);
}

TEST_F(file_tools, write_a_new_file_beneath_new_directories) {
  const auto done = call("write_file", {{"path", "a/b/c.txt"}, {"content", "hello"}});
  expect_done(done);
  EXPECT_EQ(get(root() / "a/b/c.txt"), "hello");
  ASSERT_EQ(done.written.size(), 1u);
  EXPECT_EQ(done.written[0].path, "a/b/c.txt");
  EXPECT_EQ(done.written[0].sha256, sha256_hex("hello"));
}

TEST_F(file_tools, replace_a_file_at_once_and_keep_its_mode) {
  put(root() / "run.sh", "old");
  ASSERT_EQ(::chmod((root() / "run.sh").c_str(), 0751), 0);
  fs::create_hard_link(root() / "run.sh", root() / "witness");
  expect_done(call("write_file", {{"path", "run.sh"}, {"content", "new"}}));
  EXPECT_EQ(get(root() / "run.sh"), "new");
  EXPECT_EQ(get(root() / "witness"), "old"); // another inode: never half-written
  struct ::stat status {};
  ASSERT_EQ(::stat((root() / "run.sh").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0751u);
  for (const auto& entry : fs::directory_iterator{root()})
    EXPECT_FALSE(entry.path().filename().string().ends_with(".tmp"));
}

TEST_F(file_tools, do_not_write_through_a_file_that_stands_where_a_directory_should) {
  put(root() / "a", "file");
  expect_failed(call("write_file", {{"path", "a/b"}, {"content", "x"}}), errc::path_invalid);
}

TEST_F(file_tools, edit_the_one_place_that_matches) {
  put(root() / "a", "one two three\xff");
  const auto done = call("edit_file", {{"path", "a"}, {"old_string", "two"}, {"new_string", "2"}});
  expect_done(done);
  EXPECT_EQ(get(root() / "a"), "one 2 three\xff");
  ASSERT_EQ(done.written.size(), 1u);
  EXPECT_EQ(done.written[0].sha256, sha256_hex("one 2 three\xff"));
}

TEST_F(file_tools, refuse_an_edit_that_matches_never_or_more_than_once) {
  put(root() / "a", "x x");
  const auto none = call("edit_file", {{"path", "a"}, {"old_string", "y"}, {"new_string", "z"}});
  expect_failed(none, errc::edit_not_applicable);
  const auto twice = call("edit_file", {{"path", "a"}, {"old_string", "x"}, {"new_string", "z"}});
  expect_failed(twice, errc::edit_not_applicable);
  EXPECT_NE(twice.text.find("2 times"), std::string::npos) << twice.text;
  EXPECT_TRUE(twice.written.empty());
  EXPECT_EQ(get(root() / "a"), "x x");
  expect_done(
      call("edit_file",
           {{"path", "a"}, {"old_string", "x"}, {"new_string", "xx"}, {"replace_all", true}}));
  EXPECT_EQ(get(root() / "a"), "xx xx");
}

TEST_F(file_tools, refuse_an_edit_without_text_change_or_file) {
  put(root() / "a", "x");
  expect_failed(call("edit_file", {{"path", "a"}, {"old_string", ""}, {"new_string", "z"}}),
                errc::tool_arguments_invalid);
  expect_failed(call("edit_file", {{"path", "a"}, {"old_string", "x"}, {"new_string", "x"}}),
                errc::tool_arguments_invalid);
  expect_failed(call("edit_file", {{"path", "d/none"}, {"old_string", "x"}, {"new_string", "y"}}),
                errc::file_not_found);
  EXPECT_FALSE(fs::exists(root() / "d"));
}

TEST_F(file_tools, name_the_argument_that_is_unknown_missing_or_of_a_wrong_type) {
  const auto names = [&](std::string_view arguments, std::string_view field) {
    const auto done = call_text("read_file", arguments);
    expect_failed(done, errc::tool_arguments_invalid);
    EXPECT_NE(done.text.find(field), std::string::npos) << done.text;
  };
  names(R"({"path":"a","colour":1})", "colour");
  names(R"({})", "path");
  names("", "path");
  names(R"({"path":7})", "path");
  names(R"({"path":"a","limit":"many"})", "limit");
  names(R"({"path":"a","limit":1.5})", "limit");
  names(R"(["a"])", "object");
  names(R"({"path":"a")", "JSON");
  names(R"({"path":"a","path":"b"})", "twice");
  names("{\"path\":\"\xff\"}", "UTF-8");
}

TEST_F(file_tools, take_arguments_wrapped_in_a_string_and_optional_nulls) {
  put(root() / "a", "one");
  EXPECT_EQ(call_text("read_file", R"("{\"path\":\"a\"}")").text, "one");
  EXPECT_EQ(call_text("read_file", R"({"path":"a","offset":null,"limit":2.0})").text, "one");
  expect_failed(call_text("read_file", R"("\"{}\"")"), errc::tool_arguments_invalid);
}

TEST_F(file_tools, are_described_with_a_schema_that_is_json) {
  for (const auto& t : builtin_tools()) {
    const auto& what = t->describe();
    const auto schema = parse_json(what.parameters, what.name);
    ASSERT_TRUE(schema) << what.name << ": " << schema.error().message;
    EXPECT_TRUE(schema.value().as_object().contains("properties"));
    EXPECT_EQ(what.effect == effect_class::write,
              what.name == "write_file" || what.name == "edit_file" || what.name == "run_command");
  }
  EXPECT_EQ(builtin_tools().size(), 7u);
}

TEST_F(file_tools, leave_no_descriptor_open) {
  put(root() / "a", "one");
  const auto all = [&] {
    call("read_file", {{"path", "a"}});
    call("write_file", {{"path", "b/c"}, {"content", "x"}});
    call("edit_file", {{"path", "a"}, {"old_string", "zz"}, {"new_string", "y"}});
    call("list_dir", {});
    call("grep", {{"pattern", "o"}});
    call("read_file", {{"path", "../outside/secret.txt"}});
  };
  all();
  const auto before = open_descriptors();
  all();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(file_tools, do_nothing_once_stopped) {
  std::stop_source source;
  source.request_stop();
  expect_failed(call("write_file", {{"path", "a"}, {"content", ""}}, source.get_token()),
                errc::cancelled);
  EXPECT_FALSE(fs::exists(root() / "a"));
}

TEST_F(file_tools, end_the_work_with_a_summary) {
  EXPECT_EQ(call("complete", {{"summary", "all done"}}).text, "all done");
  expect_failed(call("complete", {}), errc::tool_arguments_invalid);
}

} // namespace
} // namespace ash::tool
