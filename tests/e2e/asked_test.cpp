// A run without a server, in front of a person: asked at the terminal, answered there, and shown
// what was decided by whom; and without a terminal, told how to decide.
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <gmock/gmock.h>
#include <pwd.h>
#include <unistd.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

constexpr std::string_view beside_a_gate = R"(name: beside
version: 1
roles:
  - {name: writer, required_capabilities: [note_writing]}
phases:
  - key: asks
    role: writer
    instructions: Write the first note.
    approval: true
    artifact: {path: first.md, kind: markdown, headings: [Note]}
  - key: slow
    role: writer
    instructions: Write the second note.
    artifact: {path: second.md, kind: markdown, headings: [Note]}
  - key: both
    role: writer
    instructions: Write the third note.
    needs: [asks, slow]
    artifact: {path: third.md, kind: markdown, headings: [Note]}
)";

constexpr std::string_view slow_beside_a_gate = R"(turns:
  - match: {contains: Write the first note, has_tool_result: false}
    tool_calls:
      - {name: write_file, arguments: {path: first.md, content: "# Note\n\nFirst.\n"}}
  - match: {contains: Write the second note, has_tool_result: false}
    delay_ms: 3000
    tool_calls:
      - {name: write_file, arguments: {path: second.md, content: "# Note\n\nSecond.\n"}}
  - match: {contains: Write the third note, has_tool_result: false}
    tool_calls:
      - {name: write_file, arguments: {path: third.md, content: "# Note\n\nThird.\n"}}
  - tool_calls: [{name: complete, arguments: {summary: Written.}}]
)";

class asked : public testing::Test {
protected:
  asked() {
    make_repository(home_ / "repo", {{"README.md", "A repository.\n"}});
    fs::copy(
        fs::path{E2E_FIXTURES} / "definitions", home_ / "definitions", fs::copy_options::recursive);
    write_text(home_ / "definitions/workflows/gated@1.yaml", a_gate);
  }

  process_options line(std::vector<std::string> words) {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY, "--definitions", home_ / "definitions"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return what;
  }

  process_options run_line() {
    return line({"run",
                 "gated",
                 "--yes",
                 "--repo",
                 home_ / "repo",
                 "--requirements",
                 "A note, please.",
                 "--model",
                 "scripted:" E2E_FIXTURES "/note.yaml",
                 "--yes"});
  }

  json::value answer(std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const auto ended = run_process(line(std::move(words)));
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << ended.shown();
    return parsed ? parsed.value() : json::value{};
  }

  std::string approval() {
    const left_log log{home_ / "data"};
    const auto all = only<run::approval_requested>(log.facts());
    return all.empty() ? std::string{} : to_string(all.back().approval);
  }

  temporary_directory home_;
};

std::string user() {
  const auto* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : "uid:" + std::to_string(::getuid());
}

TEST_F(asked, by_the_run_itself_on_a_terminal) {
  terminal_process one{run_line()};
  ASSERT_TRUE(one.shows("asks for approval of")) << one.screen();
  ASSERT_TRUE(one.shows("or leave it open? ")) << one.screen();
  one.type("changes\n");
  ASSERT_TRUE(one.shows("why? ")) << one.screen();
  one.type("Shorter.\n");
  ASSERT_TRUE(one.shows("(round 2)")) << one.screen();
  ASSERT_TRUE(one.shows("or leave it open? ")) << one.screen(); // before it, keys answer nothing
  one.type("y\n");
  EXPECT_EQ(one.exit_code(), 0) << one.screen();
  const auto shown = answer({"approvals", "show", approval()});
  EXPECT_EQ(shown.at("state").as_string(), "approved");
  EXPECT_EQ(json::value_to<std::string>(shown.at("decided_by")), user());
}

TEST_F(asked, by_the_run_that_takes_no_answer_from_before_the_question) {
  terminal_process one{run_line()};
  one.type("y\n"); // meant for something else: nothing is asked yet
  ASSERT_TRUE(one.shows("or leave it open? ")) << one.screen();
  one.type("n\n");
  ASSERT_TRUE(one.shows("why? ")) << one.screen();
  one.type("No.\n");
  EXPECT_EQ(one.exit_code(), 1) << one.screen();
}

TEST_F(asked, by_the_run_and_leaves_it_open) {
  terminal_process one{run_line()};
  ASSERT_TRUE(one.shows("or leave it open? ")) << one.screen();
  one.type("leave\n");
  EXPECT_EQ(one.exit_code(), 5) << one.screen();
  const auto shown = answer({"approvals", "show", approval()});
  EXPECT_EQ(shown.at("state").as_string(), "pending");
  EXPECT_EQ(shown.at("kind").as_string(), "artifact");
  EXPECT_THAT(json::value_to<std::string>(shown.at("content")), HasSubstr("\"note\""));
  EXPECT_EQ(json::value_to<std::string>(shown.at("content")).size(),
            json::value_to<std::size_t>(shown.at("content_bytes")));
  terminal_process again{line({"runs", "resume", json::value_to<std::string>(shown.at("run"))})};
  ASSERT_TRUE(again.shows("or leave it open? ")) << again.screen();
  again.type("n\n");
  ASSERT_TRUE(again.shows("why? ")) << again.screen();
  again.type("No.\n");
  EXPECT_EQ(again.exit_code(), 1) << again.screen();
}

TEST_F(asked, nobody_without_a_terminal_and_told_how_to_decide) {
  const auto ended = run_process(run_line());
  EXPECT_EQ(ended.exit_code, 5) << ended.shown();
  EXPECT_THAT(ended.err, HasSubstr("approvals decide APPROVAL"));
  EXPECT_EQ(run_process(line({"approvals", "show", "nothing"})).exit_code, 3);
  const auto text = run_process(line({"approvals", "show", approval()}));
  EXPECT_THAT(text.out, HasSubstr("pending"));
  EXPECT_THAT(text.out, HasSubstr("\"note\"")) << "what is to be approved";
}

TEST_F(asked, while_what_works_beside_it_goes_on_to_its_end) {
  // Cut off with the process, the slow call would be paid for at its reservation and made again.
  write_text(home_ / "definitions/workflows/beside@1.yaml", beside_a_gate);
  write_text(home_ / "beside.yaml", slow_beside_a_gate);
  const auto ended = run_process(line({"run",
                                       "beside",
                                       "--yes",
                                       "--repo",
                                       home_ / "repo",
                                       "--requirements",
                                       "Two notes, please.",
                                       "--model",
                                       "scripted:beside.yaml"}));
  EXPECT_EQ(ended.exit_code, 5) << ended.shown();
  EXPECT_THAT(ended.err, HasSubstr("phase slow completed"));
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("in flight"))) << "nothing was cut off";
  const auto rest = run_process(line({"approvals", "decide", approval(), "approve"}));
  EXPECT_EQ(rest.exit_code, 0) << rest.shown();
  const left_log log{home_ / "data"};
  EXPECT_EQ(only<turn::call_requested>(log.facts()).size(), 6U) << "none was made twice";
}

TEST_F(asked, about_an_approval_by_six_characters_of_its_id) {
  EXPECT_EQ(run_process(run_line()).exit_code, 5);
  const auto start = approval().substr(0, 6);
  EXPECT_EQ(answer({"approvals", "show", start}).at("state").as_string(), "pending");
  const auto short_one = run_process(line({"approvals", "show", start.substr(0, 5)}));
  EXPECT_EQ(short_one.exit_code, 2);
  EXPECT_THAT(short_one.err, HasSubstr("id_prefix_too_short"));
  const auto none = run_process(line({"approvals", "decide", "zzzzzz", "approve"}));
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, HasSubstr("approvals list"));
  const auto decided = run_process(line({"approvals", "decide", start, "approve"}));
  EXPECT_EQ(decided.exit_code, 0) << decided.shown();
  EXPECT_EQ(answer({"approvals", "show", approval()}).at("state").as_string(), "approved");
}

} // namespace
} // namespace ash::e2e
