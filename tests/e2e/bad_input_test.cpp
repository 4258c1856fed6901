#include "tests/e2e/bad_input.hpp"
#include "tests/e2e/sockets.hpp"

#include <algorithm>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(bad_input, broken_yaml_is_refused_with_its_place) {
  write_text(home_ / "broken.yaml", "name: broken\nversion: 1\nroles: [a, {b\nphases: []\n");
  expect_error(run({home_ / "broken.yaml"}), 2, "definition_invalid", "broken.yaml:");
  expect_nothing_done();
}

TEST_F(bad_input, an_unknown_field_is_refused_with_line_and_column) {
  auto text = read_text(E2E_FIXTURES "/definitions/workflows/note@1.yaml");
  text.replace(text.find("    title:"), 10, "    tilte:");
  write_text(home_ / "misspelt.yaml", text);
  const auto ended = run({home_ / "misspelt.yaml"});
  expect_error(ended, 2, "unknown_field", "misspelt.yaml:10:5: ");
  EXPECT_THAT(ended.err, HasSubstr("tilte"));
  expect_nothing_done();
}

TEST_F(bad_input, an_unknown_workflow_is_refused) {
  expect_error(run({"nothing@1"}), 2, "template_not_found", "nothing@1");
  expect_nothing_done();
}

TEST_F(bad_input, an_unknown_persona_is_refused_with_its_name) {
  expect_error(run({"--bind", "writer=nobody"}), 3, "persona_not_found", "nobody");
  expect_nothing_done();
}

TEST_F(bad_input, a_missing_schema_is_refused_with_its_name) {
  auto text = read_text(E2E_FIXTURES "/definitions/workflows/note@1.yaml");
  text.replace(text.find("e2e/note@1"), 10, "e2e/gone@1");
  write_text(home_ / "schemaless.yaml", text);
  expect_error(run({home_ / "schemaless.yaml"}), 3, "schema_not_found", "e2e/gone@1");
  expect_nothing_done();
}

TEST_F(bad_input, a_directory_without_a_repository_is_refused) {
  fs::create_directories(home_ / "plain");
  expect_error(run({"--repo", home_ / "plain"}), 2, "repo_path_invalid", "plain");
  expect_nothing_done();
}

TEST_F(bad_input, a_branch_that_is_not_there_is_refused) {
  expect_error(run({"--base", "no-such-branch"}), 2, "repo_branch_missing", "no-such-branch");
  expect_nothing_done();
}

TEST_F(bad_input, a_read_only_data_directory_is_refused) {
  fs::create_directories(data());
  const auto ended = run(
      {}, {"bwrap", "--dev-bind", "/", "/", "--cap-add", "ALL", "--ro-bind", data(), data(), "--"});
  expect_error(ended, 5, "permission_denied", data());
  expect_nothing_done();
}

TEST_F(bad_input, a_full_disk_is_refused_before_anything_begins) {
  fs::create_directories(data());
  const auto ended = run({},
                         {"bwrap",
                          "--dev-bind",
                          "/",
                          "/",
                          "--cap-add",
                          "ALL",
                          "--size",
                          "65536",
                          "--tmpfs",
                          data(),
                          "--"});
  expect_error(ended, 7, "storage_full", "free");
  expect_repository_untouched();
}

TEST_F(bad_input, a_disk_that_fills_up_in_a_run_stops_it_and_the_run_can_be_resumed) {
  fs::create_directories(data());
  write_text(home_ / "script.yaml", read_text(E2E_FIXTURES "/fill_the_disk.yaml"));
  // Everything happens in one sandbox: its small disk is gone once it ends.
  const auto first = command({"--model", "scripted:" + (home_ / "script.yaml")});
  std::string line;
  for (const auto& word : first.command)
    line += "'" + word + "' ";
  write_text(home_ / "both.sh",
             line + "\necho \"first: $?\" >&2\nrm -f data/worktrees/*/filler\n" ACTOR_SHELL_BINARY
                    " --definitions '" E2E_FIXTURES
                    "/definitions' runs resume $(ls data/worktrees)\ncode=$?\ncp -a data/log "
                    "kept\nexit $code\n");
  fs::create_directories(home_ / "kept");
  const auto ended = run_process({.command = {"bwrap",
                                              "--dev-bind",
                                              "/",
                                              "/",
                                              "--cap-add",
                                              "ALL",
                                              "--size",
                                              "12000000",
                                              "--tmpfs",
                                              data(),
                                              "--",
                                              "/bin/sh",
                                              home_ / "both.sh"},
                                  .environment = first.environment,
                                  .directory = home_.path(),
                                  .limit = std::chrono::seconds{120}});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_THAT(ended.err, AllOf(HasSubstr("actor-shell: storage_full: "), HasSubstr("first: 7\n")))
      << ended.shown();
  const left_log log{home_ / "kept"};
  ASSERT_TRUE(log) << ended.shown();
  EXPECT_EQ(log.damages(), "");
  ASSERT_THAT(log.runs(), SizeIs(1));
  EXPECT_EQ(log.runs().front().state, "completed") << ended.shown();
}

TEST_F(bad_input, a_model_that_answers_garbage_fails_the_run_and_says_so) {
  const fixed_answer_server garbage{
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Connection: close\r\n\r\n\x01\xff\xfe{]garbage\n\ndata: {\"a\":\n\n"};
  const auto ended =
      run({"--model", "openai:gpt-4o-mini"},
          {},
          {{"OPENAI_API_KEY", "sk-of-a-test"},
           {"OPENAI_BASE_URL", "http://127.0.0.1:" + std::to_string(garbage.port()) + "/v1"}});
  EXPECT_EQ(ended.exit_code, 1) << ended.shown();
  EXPECT_THAT(ended.out, HasSubstr("provider_response_invalid")) << ended.shown();
  const left_log log{data()};
  ASSERT_TRUE(log);
  const auto facts = log.facts();
  EXPECT_GE(only<turn::call_failed>(facts).size(), 2U) << "it was asked again";
  for (const auto& [scope, amount] : count_money(facts).open)
    EXPECT_EQ(amount, usd{}) << scope;
  EXPECT_EQ(log.damages(), "");
}

TEST_F(bad_input, a_second_writer_is_told_who_holds_the_data_directory) {
  write_text(home_ / "slow.yaml", "turns:\n  - text: Wait.\n    delay_ms: 600000\n");
  background_process first{command({"--model", "scripted:" + (home_ / "slow.yaml")}),
                           home_ / "first"};
  ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
    const left_log log{data()};
    return log && !only<turn::call_started>(log.facts()).empty();
  })) << read_text(home_ / "first");
  expect_error(run(), 4, "log_locked", "pid " + std::to_string(first.id()));
  const left_log log{data()};
  EXPECT_THAT(log.runs(), SizeIs(1));
  // Reading goes on beside the writer.
  const auto listed = run_process({.command = {ACTOR_SHELL_BINARY, "runs", "list"},
                                   .environment = clean_environment(home_.path()),
                                   .directory = {}});
  EXPECT_EQ(listed.exit_code, 0) << listed.shown();
  EXPECT_THAT(listed.out, HasSubstr("executing"));
}

} // namespace
} // namespace ash::e2e
