// `budget`, `costs` and `stats`, on the data directory and through the server that holds it.
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/sockets.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

std::string text_at(const json::value& of, std::string_view name) {
  return json::value_to<std::string>(of.at(name));
}

json::value parsed(const ended_process& ended) {
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
  return json_of(ended.out);
}

/// What all three say of one run and of the whole is the same money.
void expect_one_truth(const std::function<ended_process(std::vector<std::string>)>& shell_of,
                      const std::string& run) {
  const auto scopes = parsed(shell_of({"--json", "budget", "show", "run:" + run}));
  ASSERT_EQ(scopes.as_array().size(), 1U);
  const auto& own = scopes.at(0);
  const auto spent = text_at(own, "settled_usd");
  EXPECT_GT(parse_usd(spent).value(), usd{});
  EXPECT_EQ(parse_usd(text_at(own, "reserved_usd")).value(), usd{});
  EXPECT_EQ(parse_usd(text_at(own, "left_usd")).value() + parse_usd(spent).value(),
            parse_usd(text_at(own, "cap_usd")).value());
  const auto costs = parsed(shell_of({"--json", "costs", run.substr(0, 8)}));
  EXPECT_EQ(text_at(costs, "run"), run);
  EXPECT_EQ(text_at(costs.at("total"), "cost_usd"), spent);
  EXPECT_EQ(costs.at("total").at("estimated"), false);
  usd by_phase;
  for (const auto& phase : costs.at("phases").as_array())
    by_phase += parse_usd(text_at(phase, "cost_usd")).value();
  EXPECT_EQ(by_phase, parse_usd(spent).value());
  for (const std::string by : {"model", "persona", "purpose", "day", "workflow", "run"}) {
    const auto stats = parsed(shell_of({"--json", "stats", "--by", by}));
    EXPECT_EQ(text_at(stats.at("total"), "cost_usd"), spent) << by;
    EXPECT_EQ(stats.at("rows").as_array().size(), 1U) << by;
  }
  EXPECT_EQ(shell_of({"stats", "--by", "weather"}).exit_code, 2);
  EXPECT_EQ(shell_of({"costs", "ffffffff"}).exit_code, 3);
  EXPECT_EQ(shell_of({"budget", "show", "day:2020-01-01"}).exit_code, 3);
  EXPECT_EQ(shell_of({"budget", "set", "day:2020-01-01", "--cap", "1"}).exit_code, 3);
  EXPECT_EQ(shell_of({"budget", "set", run, "--cap", "-1"}).exit_code, 2);
  EXPECT_EQ(shell_of({"budget", "set", run, "--cap", "1", "--warn-at", "2"}).exit_code, 2);
  const auto table = shell_of({"budget", "show"});
  EXPECT_THAT(table.out, HasSubstr("run:" + run));
  EXPECT_THAT(table.out, HasSubstr("RESERVED"));
  EXPECT_THAT(shell_of({"costs", run}).out, HasSubstr("note"));
  EXPECT_THAT(shell_of({"stats"}).out, HasSubstr("total"));
}

const std::vector<std::string> a_blocked_run{"run",
                                             "note@1",
                                             "--model",
                                             "scripted:" E2E_FIXTURES "/note.yaml",
                                             "--requirements",
                                             "A note.",
                                             "--budget",
                                             "0.0000001"};

TEST(money_commands, raise_a_cap_go_on_and_tell_what_it_cost) {
  const temporary_directory home;
  make_repository(home.path() / "repo", {{"README.md", "# nothing\n"}});
  process_options what;
  what.environment = clean_environment(home.path());
  what.directory = home / "repo";
  const auto shell_of = [&](std::vector<std::string> words) {
    what.command = {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    return run_process(what);
  };
  auto start = a_blocked_run;
  start.insert(start.begin(), "--json");
  const auto stopped = shell_of(start);
  ASSERT_EQ(stopped.exit_code, 6) << stopped.shown();
  const auto run = text_at(json_of(stopped.out), "run");
  const auto set = shell_of({"budget", "set", run.substr(0, 8), "--cap", "0.5"});
  ASSERT_EQ(set.exit_code, 0) << set.shown();
  EXPECT_THAT(set.out, HasSubstr("run:" + run + ": cap $0.5"));
  EXPECT_THAT(set.err, HasSubstr("runs resume " + run));
  const auto wrong = shell_of({"budget", "set", "day:2020-01-01", "--cap", "1", "--resume"});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.shown();
  const auto resumed = shell_of({"budget", "set", run, "--cap", "0.75", "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.shown();
  EXPECT_THAT(resumed.out, HasSubstr("completed"));
  const auto shown = parsed(shell_of({"--json", "budget", "show", run}));
  EXPECT_EQ(text_at(shown.at(0), "cap_usd"), "0.75");
  EXPECT_EQ(text_at(shown.at(0), "policy"), "block");
  expect_one_truth(shell_of, run);
}

/// A configuration whose cap for a persona's day is less than one call, and a run that met it.
class personas_day : public testing::Test {
protected:
  void SetUp() override {
    make_repository(home_.path() / "repo", {{"README.md", "# nothing\n"}});
    configure("0.001");
    const auto stopped = shell_of({"run",
                                   "note@1",
                                   "--model",
                                   "scripted:" E2E_FIXTURES "/note.yaml",
                                   "--requirements",
                                   "A note."});
    ASSERT_EQ(stopped.exit_code, 6) << stopped.shown();
    run_ = text_at(json_of(stopped.out), "run");
    message_ = text_at(json_of(stopped.out), "message");
  }
  void configure(const std::string& cap) {
    write_text(home_ / "config.yaml", "budget: {persona_daily_cap: " + cap + "}\n");
  }
  [[nodiscard]] ended_process shell_of(const std::vector<std::string>& words) const {
    process_options what;
    what.environment = clean_environment(home_.path());
    what.directory = home_ / "repo";
    what.command = {ACTOR_SHELL_BINARY, "--definitions", E2E_FIXTURES "/definitions", "--json"};
    what.command.insert(what.command.end(), words.begin(), words.end());
    return run_process(what);
  }

  temporary_directory home_;
  std::string run_;
  std::string message_; ///< why it stopped
};

TEST_F(personas_day, blocks_whatever_run_it_works_for_until_it_is_raised) {
  const auto begin = message_.find("persona:note-writer:");
  ASSERT_NE(begin, std::string::npos) << message_;
  const auto persona = message_.substr(begin, message_.find('\'', begin) - begin);
  const auto scopes = parsed(shell_of({"budget", "show"}));
  for (const auto& scope : scopes.as_array())
    EXPECT_EQ(parse_usd(text_at(scope, "reserved_usd")).value(), usd{})
        << "what a wider scope refuses the narrower ones give back: " << text_at(scope, "scope");
  auto nobodys = persona;
  nobodys.replace(0, std::string_view{"persona:note-writer"}.size(), "persona:nobody");
  EXPECT_EQ(shell_of({"budget", "set", nobodys, "--cap", "1"}).exit_code, 3);
  ASSERT_EQ(shell_of({"budget", "set", persona, "--cap", "1"}).exit_code, 0);
  const auto ended = shell_of({"runs", "resume", run_});
  ASSERT_EQ(ended.exit_code, 0) << ended.shown();
  EXPECT_EQ(text_at(parsed(shell_of({"budget", "show", persona})).at(0), "settled_usd"),
            text_at(json_of(ended.out), "cost_usd"));
}

TEST_F(personas_day, follows_the_configuration_when_its_run_is_resumed) {
  EXPECT_NE(message_.find("actor-shell budget set persona:note-writer:"), std::string::npos)
      << message_;
  EXPECT_EQ(shell_of({"runs", "resume", run_}).exit_code, 6) << "nothing is allowed that was not";
  configure("0.5");
  const auto ended = shell_of({"runs", "resume", run_});
  EXPECT_EQ(ended.exit_code, 0) << ended.shown();
}

TEST_F(beside_a_server, a_session_that_was_blocked_goes_on_with_its_scope) {
  const auto post = [&](const std::string& path, const std::string& body) {
    const auto token = read_text(data_ + "/token").substr(0, 64);
    return json_of(http_post(port_, "/api/v1/sessions" + path, token, body));
  };
  const auto day = "day:" + utc_date(system_now());
  const auto low = actor_shell({"budget", "set", day, "--cap", "0.0000001"});
  ASSERT_EQ(low.exit_code, 0) << low.shown();
  const auto session = text_at(
      post("", R"({"persona": "note-writer", "model": "scripted:)" E2E_FIXTURES R"(/note.yaml"})"),
      "session");
  post("/" + session + "/messages", R"({"text": "A note."})");
  const auto comes = [&](const std::string& type) {
    return wait_until(std::chrono::seconds{30}, [&] {
      const auto shown = actor_shell({"--json", "events", "session/" + session, "--type", type});
      return shown.out.find(type) != std::string::npos;
    });
  };
  ASSERT_TRUE(comes("turn.suspended"));
  ASSERT_EQ(actor_shell({"budget", "set", day, "--cap", "5"}).exit_code, 0);
  const auto resumed =
      actor_shell({"budget", "set", "session:" + session, "--cap", "5", "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.shown();
  EXPECT_TRUE(comes("llm.call.started"));
}

TEST_F(beside_a_server, money_is_told_and_caps_are_raised) {
  const auto stopped = run("note", {"--output-format", "json", "--budget", "0.0000001"});
  ASSERT_EQ(stopped.exit_code, 6) << stopped.shown();
  const auto id = text_at(json_of(stopped.out), "run");
  const auto resumed = actor_shell({"budget", "set", "run:" + id, "--cap", "0.5", "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.shown();
  expect_one_truth([&](std::vector<std::string> words) { return actor_shell(std::move(words)); },
                   id);
  expect_one_truth([&](const std::vector<std::string>& words) { return elsewhere(words); }, id);
}

} // namespace
} // namespace ash::e2e
