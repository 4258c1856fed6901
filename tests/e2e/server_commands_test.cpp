// The commands beside a server that holds the data directory: they find it, and answer as if they
// had done the work themselves.
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/sockets.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

TEST_F(beside_a_server, a_run_is_shown_to_its_end) {
  const auto text = run("note");
  EXPECT_EQ(text.exit_code, 0) << text.shown();
  EXPECT_THAT(text.out, HasSubstr("completed"));
  EXPECT_THAT(text.err, HasSubstr("phase note completed"));
  const auto stream = run("note", {"--output-format", "stream-json"});
  EXPECT_EQ(stream.exit_code, 0) << stream.shown();
  const auto lines = lines_of(stream.out);
  ASSERT_GT(lines.size(), 5U);
  EXPECT_EQ(json_of(lines.front()).at("type"), "run.created");
  EXPECT_EQ(json_of(lines.back()).at("result").at("state"), "completed");
  const auto wrong = run("gone");
  EXPECT_EQ(wrong.exit_code, 2) << wrong.shown();
  EXPECT_THAT(wrong.err, HasSubstr("template_not_found"));
}

TEST_F(beside_a_server, a_gate_is_listed_decided_and_passed) {
  const auto waiting = run("gated", {"--output-format", "json"});
  EXPECT_EQ(waiting.exit_code, 5) << waiting.shown();
  const auto id = json::value_to<std::string>(json_of(waiting.out).at("run"));
  const auto open = json_of(actor_shell({"--json", "approvals", "list"}).out);
  ASSERT_EQ(open.as_array().size(), 1U);
  EXPECT_EQ(open.at(0).at("run").as_string(), id);
  const auto approval = json::value_to<std::string>(open.at(0).at("approval"));
  const auto odd = actor_shell({"approvals", "decide", approval, "perhaps"});
  EXPECT_EQ(odd.exit_code, 2) << odd.shown();
  const auto decided = actor_shell({"approvals", "decide", approval, "approve"});
  EXPECT_EQ(decided.exit_code, 0) << decided.shown();
  const auto attached = actor_shell({"attach", id.substr(0, 8)});
  EXPECT_EQ(attached.exit_code, 0) << attached.shown();
  EXPECT_THAT(attached.out, HasSubstr("completed"));
  EXPECT_THAT(attached.err, HasSubstr("approval wanted"));
  const auto again = actor_shell({"approvals", "decide", approval, "approve"});
  EXPECT_NE(again.exit_code, 0) << again.shown();
  EXPECT_EQ(actor_shell({"approvals", "list"}).out, "");
  const auto followed = actor_shell({"--json", "events", id, "--follow", "--type", "run.*"});
  EXPECT_EQ(followed.exit_code, 0) << followed.shown();
  EXPECT_THAT(followed.out, HasSubstr("\"run.completed\""));
}

TEST_F(beside_a_server, what_waits_is_aborted_and_is_over) {
  const auto waiting = run("gated", {"--output-format", "json"});
  const auto id = json::value_to<std::string>(json_of(waiting.out).at("run"));
  const auto aborted = actor_shell({"runs", "abort", id, "--reason", "enough"});
  EXPECT_EQ(aborted.exit_code, 0) << aborted.shown();
  EXPECT_THAT(aborted.out, HasSubstr("aborted"));
  const auto resumed = actor_shell({"runs", "resume", id});
  EXPECT_EQ(resumed.exit_code, 5) << resumed.shown();
  EXPECT_THAT(resumed.err, HasSubstr("run_already_terminal"));
  EXPECT_EQ(actor_shell({"attach", "ffffffff"}).exit_code, 3);
}

TEST_F(beside_a_server, what_a_session_asks_is_decided_by_its_time_limit) {
  write_text(home_ / "config.yaml", "approvals: {time_limit_s: 1, on_time_limit: approve}\n");
  kill_server();
  serve();
  const auto token = read_text(data_ + "/token").substr(0, 64);
  const auto post = [&](const std::string& path, const std::string& body) {
    return json_of(http_post(port_, "/api/v1/sessions" + path, token, body));
  };
  const auto session = json::value_to<std::string>(
      post("", R"({"persona": "note-writer", "model": "scripted:)" E2E_FIXTURES R"(/note.yaml"})")
          .at("session"));
  post("/" + session + "/plan_mode", R"({"plan_mode": "on"})");
  post("/" + session + "/plan_mode", R"({"plan_mode": "off"})");
  kill_server(); // the limit passes whether or not there is a server
  write_text(home_ / "config.yaml", "");
  serve();
  json::array asked;
  ASSERT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
    const auto text = http_get(port_, "/api/v1/approvals?session=" + session, token);
    if (text.empty()) // the read models may not be there yet
      return false;
    asked = json_of(text).at("items").as_array();
    return !asked.empty() && asked.at(0).at("state") == "approved";
  })) << to_json_text(asked);
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.at(0).at("kind"), "plan");
  EXPECT_EQ(asked.at(0).at("decided_by"), "time-out");
  EXPECT_TRUE(asked.at(0).at("expires_at").is_string());
  const auto changes =
      actor_shell({"--json", "events", "session/" + session, "--type", "session.plan_mode.*"});
  EXPECT_EQ(lines_of(changes.out).size(), 2U) << "on, and off again: " << changes.shown();
}

TEST_F(beside_a_server, runs_and_what_was_are_told_as_the_log_tells_them) {
  const auto finished = run("note", {"--output-format", "json"});
  const auto id = json::value_to<std::string>(json_of(finished.out).at("run"));
  const auto gated = run("gated", {"--output-format", "json"});
  EXPECT_EQ(gated.exit_code, 5);
  const std::vector<std::string> show_waiting{
      "runs", "show", json::value_to<std::string>(json_of(gated.out).at("run"))};
  const auto waiting = elsewhere(show_waiting);
  EXPECT_THAT(waiting.out, testing::ContainsRegex("note +awaiting_approval"));
  const std::vector<std::vector<std::string>> asked{{"--json", "runs", "list"},
                                                    {"--json", "runs", "show", id.substr(0, 8)},
                                                    {"--json", "replay", id.substr(0, 8)},
                                                    {"--json", "replay", "run/" + id, "--at", "2"},
                                                    {"runs", "list", "--state", "completed"},
                                                    {"runs", "list", "--limit", "1"},
                                                    {"runs", "show", id},
                                                    {"runs", "show", "ffffffff"},
                                                    {"replay", "moon/1"},
                                                    {"--json", "log", "stats"}};
  std::vector<ended_process> told;
  for (const auto& words : asked)
    told.push_back(elsewhere(words));
  EXPECT_EQ(json_of(told[0].out).as_array().size(), 2U);
  EXPECT_EQ(json_of(told[0].out).at(1).at("run").as_string(), id);
  EXPECT_EQ(told[7].exit_code, 3) << told[7].shown();
  EXPECT_THAT(told[9].out, HasSubstr("\"syncs\"")) << "the server knows what it did";
  kill_server();
  EXPECT_EQ(actor_shell(show_waiting).out, waiting.out);
  for (std::size_t i = 0; i + 2 < asked.size(); ++i) {
    const auto here = actor_shell(asked[i]);
    EXPECT_EQ(told[i].exit_code, here.exit_code) << told[i].shown();
    EXPECT_EQ(told[i].out, here.out);
  }
  EXPECT_EQ(told[8].exit_code, 3) << told[8].shown();
}

TEST_F(beside_a_server, its_definitions_are_those_of_their_files_by_now) {
  EXPECT_EQ(run("note").exit_code, 0);
  auto text = read_text(definitions_ + "/workflows/note@1.yaml");
  text.replace(text.find("name: note"), 10, "name: later");
  write_text(definitions_ + "/workflows/later@1.yaml", text);
  const auto begun = run("later");
  EXPECT_EQ(begun.exit_code, 0) << begun.shown();
  write_text(definitions_ + "/workflows/broken@1.yaml", "name: [");
  const auto refused = run("later");
  EXPECT_EQ(refused.exit_code, 2) << refused.shown();
  EXPECT_THAT(refused.err, HasSubstr("broken@1.yaml"));
}

TEST_F(beside_a_server, approvals_and_events_are_asked_of_the_server_and_told_as_the_log_has_them) {
  const auto finished = run("note", {"--output-format", "json"});
  const auto id = json::value_to<std::string>(json_of(finished.out).at("run"));
  for (const auto* base : {"second", "third"}) // a branch takes one run at a time
    shell("git -C '" + repo_ + "' branch " + base);
  EXPECT_EQ(run("gated").exit_code, 5);
  EXPECT_EQ(run("gated", {"--base", "second"}).exit_code, 5);
  const auto waiting = json::value_to<std::string>(
      json_of(actor_shell({"--json", "approvals", "list"}).out).at(0).at("run"));
  const auto aborted = run("gated", {"--base", "third", "--output-format", "json"});
  const auto gone = json::value_to<std::string>(json_of(aborted.out).at("run"));
  EXPECT_EQ(actor_shell({"runs", "abort", gone}).exit_code, 0);
  const auto phase = json::value_to<std::string>(
      json_of(lines_of(actor_shell({"--json", "events", id, "--type", "phase.started"}).out).at(0))
          .at("stream"));
  const std::vector<std::vector<std::string>> asked{
      {"--json", "approvals", "list"},
      {"approvals", "list"},
      {"--json", "approvals", "list", "--run", waiting},
      {"approvals", "list", "--run", waiting.substr(0, 6)},
      {"approvals", "list", "--run", gone},
      {"--json", "events", id, "--type", "run.*"},
      {"events", "run/" + id.substr(0, 8), "--type", "run.*", "--after", "3"},
      {"events", phase.substr(0, phase.find('/') + 14), "--type", "phase.*"},
      {"--json", "events", "all", "--type", "run.phase.*"},
      {"events", "all", "--after", "999999"},
      {"events", "ffffffff"}};
  std::vector<ended_process> told;
  for (const auto& words : asked) {
    told.push_back(elsewhere(words));
    const auto found = actor_shell(words);
    EXPECT_EQ(found.exit_code, told.back().exit_code) << found.shown();
    EXPECT_EQ(found.out, told.back().out);
  }
  EXPECT_EQ(json_of(told[0].out).as_array().size(), 2U);
  EXPECT_EQ(json_of(told[2].out).as_array().size(), 1U);
  EXPECT_EQ(told[4].out, "");
  EXPECT_EQ(told[9].exit_code, 4) << told[9].shown();
  EXPECT_EQ(told[10].exit_code, 3) << told[10].shown();
  for (const auto& words : {asked[0], asked[5]}) { // the log needs no token, the server does
    auto without = words;
    without.insert(without.begin(), {"--token-file", home_ / "none"});
    EXPECT_THAT(actor_shell(without).out, HasSubstr("secret_missing"));
  }
  kill_server();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto here = actor_shell(asked[i]);
    EXPECT_EQ(here.exit_code, told[i].exit_code) << here.shown();
    EXPECT_EQ(here.out, told[i].out);
  }
}

TEST_F(beside_a_server, permissions_are_asked_of_the_server_and_told_as_the_log_has_them) {
  const auto finished = run("note", {"--output-format", "json"});
  const auto id = json::value_to<std::string>(json_of(finished.out).at("run"));
  write_text(home_ / "rules.yaml", "rules:\n  - {verdict: deny, tool: write_file}\n");
  write_text(home_ / "none.yaml", "rules: []\n");
  const auto rules = home_ / "rules.yaml";
  const std::vector<std::vector<std::string>> asked{
      {"--json", "permissions", "show", id},
      {"permissions", "show", id.substr(0, 8)},
      {"--json", "permissions", "test", id, "--rules", rules},
      {"permissions", "test", "run/" + id, "--rules", rules, "--mode", "plan"},
      {"permissions", "test", id.substr(0, 8), "--rules", home_ / "none.yaml"},
      {"permissions", "show", "ffffffff"},
      {"permissions", "test", "ffffffff", "--mode", "plan"},
      {"permissions", "test", id},
      {"permissions", "test", id, "--mode", "yolo"}};
  const std::vector<int> codes{0, 0, 1, 1, 0, 3, 3, 2, 2};
  std::vector<ended_process> told;
  for (const auto& words : asked)
    told.push_back(elsewhere(words));
  const auto changed = json_of(told[2].out).at("changed");
  ASSERT_FALSE(changed.as_array().empty()) << told[2].shown();
  EXPECT_EQ(changed.at(0).at("after").at("verdict"), "deny");
  EXPECT_THAT(told[2].out, HasSubstr(rules)) << "where the rules are from";
  EXPECT_EQ(actor_shell({"--token-file", home_ / "none", "permissions", "show", id}).exit_code, 5)
      << "also beside the server it is the server that is asked";
  const auto of_here = elsewhere({"permissions", "show"});
  EXPECT_EQ(of_here.exit_code, 2) << of_here.shown();
  EXPECT_THAT(of_here.err, HasSubstr("without --server"));
  kill_server();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto here = actor_shell(asked[i]);
    EXPECT_EQ(told[i].exit_code, codes[i]) << told[i].shown();
    EXPECT_EQ(here.exit_code, codes[i]) << here.shown();
    EXPECT_EQ(told[i].out, here.out);
  }
}

TEST_F(beside_a_server, workflows_and_personas_are_those_that_its_runs_would_have) {
  const std::vector<std::vector<std::string>> asked{{"--json", "workflows", "list"},
                                                    {"workflows", "list"},
                                                    {"workflows", "show", "gated"},
                                                    {"--json", "workflows", "show", "gated@1"},
                                                    {"--json", "personas", "list"},
                                                    {"personas", "show", "note-writer"},
                                                    {"personas", "show", "nobody"},
                                                    {"workflows", "show", "gone"}};
  for (const auto& words : asked) {
    const auto told = elsewhere(words);
    const auto here = actor_shell(words); // whose --definitions are the same
    EXPECT_EQ(told.exit_code, here.exit_code) << told.shown();
    EXPECT_EQ(told.out, here.out);
  }
  EXPECT_THAT(elsewhere(asked[1]).out, HasSubstr("gated@1"));
  auto beside = line({"workflows", "list"});
  beside.command.erase(beside.command.begin() + 3, beside.command.begin() + 5);
  EXPECT_THAT(run_process(beside).out, HasSubstr("gated@1")) << "which this command has no file of";
}

TEST_F(beside_a_server, what_lies_on_one_machine_is_not_asked_of_a_server_elsewhere) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"audit", "list"},
                                                                 {"audit", "verify"},
                                                                 {"pricing", "list"},
                                                                 {"pricing", "fetch"},
                                                                 {"login", "openrouter"},
                                                                 {"logout", "openrouter"},
                                                                 {"keys"},
                                                                 {"init"},
                                                                 {"demo"}}) {
    const auto refused = elsewhere(words);
    EXPECT_EQ(refused.exit_code, 2) << refused.shown();
    EXPECT_THAT(refused.err, HasSubstr("without --server"));
  }
}

TEST_F(beside_a_server, the_demo_runs_under_it) {
  const auto shown = actor_shell({"demo"});
  EXPECT_EQ(shown.exit_code, 0) << shown.shown();
  EXPECT_THAT(shown.out, HasSubstr("log verify: clean"));
  const auto runs = json_of(actor_shell({"--json", "runs", "list"}).out);
  ASSERT_EQ(runs.as_array().size(), 1U);
  EXPECT_EQ(runs.at(0).at("workflow"), "spec-and-review@1");
  EXPECT_EQ(runs.at(0).at("state"), "completed");
}

TEST_F(beside_a_server, doctor_tells_whether_it_answers) {
  const auto server_in = [&](const std::vector<std::string>& words) {
    const auto told = json_of(actor_shell(words).out);
    for (const auto& each : told.at("checks").as_array())
      if (each.at("check") == "server")
        return each;
    ADD_FAILURE() << "doctor says nothing of it";
    return json::value{};
  };
  const auto well = server_in({"--json", "doctor", "--offline"});
  EXPECT_EQ(well.at("verdict"), "ok");
  EXPECT_THAT(json::value_to<std::string>(well.at("detail")), HasSubstr(std::to_string(port_)));
  const auto shut = server_in({"--json", "--token-file", home_ / "none", "doctor", "--offline"});
  EXPECT_EQ(shut.at("verdict"), "fail");
  kill_server();
  EXPECT_EQ(server_in({"--json", "doctor", "--offline"}).at("verdict"), "ok") << "there is none";
}

TEST_F(beside_a_server, its_read_models_are_looked_at_made_again_and_compared) {
  EXPECT_EQ(run("note").exit_code, 0);
  const auto status = elsewhere({"--json", "projections", "status"});
  EXPECT_EQ(status.exit_code, 0) << status.shown();
  EXPECT_EQ(json_of(status.out).at("state"), "following");
  EXPECT_EQ(json_of(status.out).at("generation"), 1);
  const auto again = actor_shell({"--json", "projections", "rebuild"});
  EXPECT_EQ(again.exit_code, 0) << again.shown();
  EXPECT_EQ(json_of(again.out).at("generation"), 2);
  EXPECT_EQ(json_of(again.out).at("state"), "following");
  const auto verified = elsewhere({"projections", "verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.shown();
  EXPECT_THAT(verified.out, HasSubstr("clean: "));
  EXPECT_THAT(verified.out, HasSubstr(" 0 differences"));
  const auto other =
      actor_shell({"projections", "--database-url", "postgresql://localhost/other", "verify"});
  EXPECT_EQ(other.exit_code, 2) << other.shown();
  EXPECT_THAT(other.err, HasSubstr("read_models.sqlite"));
  EXPECT_THAT(actor_shell({"projections", "status"}).out, HasSubstr("generation 2"));
  kill_server();
  EXPECT_EQ(actor_shell({"projections", "verify"}).out, verified.out);
}

TEST_F(beside_a_server, the_log_is_backed_up_while_it_is_in_use) {
  const auto waiting = run("gated", {"--output-format", "json"});
  const auto id = json::value_to<std::string>(json_of(waiting.out).at("run"));
  const auto made = actor_shell({"log", "backup", "copies/monday"});
  EXPECT_EQ(made.exit_code, 0) << made.shown();
  EXPECT_THAT(made.out, HasSubstr(home_ / "copies/monday")) << "beneath where it was asked for";
  EXPECT_EQ(actor_shell({"log", "backup", "copies/monday"}).exit_code, 2) << "it exists";
  EXPECT_EQ(elsewhere({"log", "backup", "copies/tuesday"}).exit_code, 2) << "where would that be?";
  EXPECT_EQ(elsewhere({"log", "backup", home_ / "copies/tuesday"}).exit_code, 0);
  const auto verified = elsewhere({"log", "verify"});
  EXPECT_EQ(verified.exit_code, 2) << verified.shown();
  EXPECT_THAT(verified.err, HasSubstr("without --server"));
  for (const auto* copy : {"copies/monday", "copies/tuesday"}) {
    auto restore = line({"log", "restore", home_ / copy});
    restore.command[2] = home_ / (std::string{copy} + "-restored");
    const auto restored = run_process(restore);
    EXPECT_EQ(restored.exit_code, 0) << restored.shown();
    const left_log seen{restore.command[2]};
    EXPECT_EQ(seen.damages(), "");
    ASSERT_EQ(seen.runs().size(), 1U);
    EXPECT_EQ(to_string(seen.runs()[0].run), id);
  }
}

TEST_F(beside_a_server, one_that_was_killed_is_not_asked) {
  const auto waiting = run("gated", {"--output-format", "json"});
  EXPECT_EQ(waiting.exit_code, 5) << waiting.shown();
  const auto id = json::value_to<std::string>(json_of(waiting.out).at("run"));
  kill_server();
  EXPECT_TRUE(fs::exists(data_ + "/server.json")) << "what it left behind";
  EXPECT_EQ(actor_shell({"attach", id}).exit_code, 7);
  const auto open = json_of(actor_shell({"--json", "approvals", "list"}).out);
  ASSERT_EQ(open.as_array().size(), 1U);
  const auto approval = json::value_to<std::string>(open.at(0).at("approval"));
  const auto decided = actor_shell({"approvals", "decide", approval, "approve"});
  EXPECT_EQ(decided.exit_code, 0) << "without a server the run goes on here: " << decided.shown();
  EXPECT_THAT(decided.out, HasSubstr("completed"));
}

TEST_F(beside_a_server, one_elsewhere_is_named_with_its_token) {
  const auto endpoint = json_of(read_text(data_ + "/server.json"));
  const auto url = json::value_to<std::string>(endpoint.at("url"));
  const auto from = [&](const std::string& token) {
    auto what = line({"run", "note", "--repo", repo_, "--requirements", "x", "--model", "y:z"});
    what.command[2] = home_ / "elsewhere";
    what.command.insert(what.command.begin() + 1, {"--server", url, "--token-file", token});
    return run_process(what);
  };
  const auto refused = from(data_ + "/token");
  EXPECT_NE(refused.exit_code, 0) << refused.shown();
  EXPECT_FALSE(fs::exists(home_ / "elsewhere")) << "nothing is opened here";
  write_text(home_ / "wrong", "no token");
  const auto wrong = from(home_ / "wrong");
  EXPECT_EQ(wrong.exit_code, 5) << wrong.shown();
  EXPECT_THAT(wrong.err, HasSubstr("unauthenticated"));
  const auto none = from(home_ / "none");
  EXPECT_EQ(none.exit_code, 5) << none.shown();
  EXPECT_THAT(none.err, HasSubstr("secret_missing"));
}

} // namespace
} // namespace ash::e2e
