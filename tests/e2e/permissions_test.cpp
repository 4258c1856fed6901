// `permissions show` and `permissions test` as a person has them, over a run that the demo left.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

class permission_commands : public testing::Test {
protected:
  ended_process actor_shell(std::vector<std::string> words) {
    words.insert(words.begin(), ACTOR_SHELL_BINARY);
    process_options what;
    what.command = std::move(words);
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return run_process(what);
  }

  static json::value json_of(const ended_process& ended) {
    auto parsed = parse_json(ended.out, "the answer");
    EXPECT_TRUE(parsed.has_value()) << ended.shown();
    return parsed ? parsed.value() : json::value{};
  }

  std::string a_run() {
    EXPECT_EQ(actor_shell({"demo"}).exit_code, 0);
    const auto listed = json_of(actor_shell({"--json", "runs", "list"}));
    return json::value_to<std::string>(listed.at(0).at("run"));
  }

  temporary_directory home_;
};

TEST_F(permission_commands, test_tells_which_verdicts_would_change) {
  const auto run = a_run();
  const auto same = actor_shell({"permissions", "test", run, "--mode", "default"});
  EXPECT_EQ(same.exit_code, 0) << same.shown();
  EXPECT_THAT(same.out, HasSubstr("would be judged otherwise"));
  write_text(home_ / "rules.yaml", "rules:\n  - {verdict: deny, tool: write_file}\n");
  const auto told =
      actor_shell({"--json", "permissions", "test", run, "--rules", home_ / "rules.yaml"});
  EXPECT_EQ(told.exit_code, 1) << told.shown();
  const auto changed = json_of(told);
  ASSERT_FALSE(changed.at("changed").as_array().empty());
  for (const auto& each : changed.at("changed").as_array()) {
    EXPECT_EQ(each.at("tool").as_string(), "write_file");
    EXPECT_EQ(each.at("before").at("verdict").as_string(), "allow");
    EXPECT_EQ(each.at("after").at("verdict").as_string(), "deny");
  }
  const auto shown = actor_shell({"permissions", "test", run, "--mode", "plan"});
  EXPECT_EQ(shown.exit_code, 1) << shown.shown();
  EXPECT_THAT(shown.out, HasSubstr("WOULD BE"));
}

TEST_F(permission_commands, test_refuses_what_it_can_not_read) {
  const auto run = a_run();
  EXPECT_EQ(actor_shell({"permissions", "test", run}).exit_code, 2);
  EXPECT_EQ(actor_shell({"permissions", "test", run, "--mode", "yolo"}).exit_code, 2);
  write_text(home_ / "rules.yaml", "rules:\n  - {verdict: perhaps}\n");
  const auto wrong = actor_shell({"permissions", "test", run, "--rules", home_ / "rules.yaml"});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.shown();
  EXPECT_THAT(wrong.err, HasSubstr("rules.yaml:2"));
  EXPECT_EQ(actor_shell({"permissions", "test", "00000000", "--mode", "plan"}).exit_code, 3);
}

TEST_F(permission_commands, show_tells_what_holds_and_where_it_comes_from) {
  write_text(home_ / "config.yaml",
             "permissions:\n  mode: dont-ask\n  rules:\n"
             "    - {verdict: deny, tool: run_command, pattern: \"git push*\"}\n");
  const auto shown = json_of(actor_shell({"--json", "permissions", "show"}));
  ASSERT_EQ(shown.as_array().size(), 1U);
  EXPECT_EQ(shown.at(0).at("mode").as_string(), "dont-ask");
  EXPECT_EQ(shown.at(0).at("rules").at(0).at("pattern").as_string(), "git push*");
  EXPECT_EQ(shown.at(0).at("rules").at(0).at("source").as_string(), "config");
  const auto text = actor_shell({"permissions", "show", "--persona", "scripted-verifier"});
  EXPECT_EQ(text.exit_code, 0) << text.shown();
  EXPECT_THAT(text.out, HasSubstr("git push*"));
  const auto run = a_run();
  EXPECT_EQ(actor_shell({"permissions", "show", "--persona", "nobody"}).exit_code, 3);
  const auto of_run = json_of(actor_shell({"--json", "permissions", "show", run}));
  EXPECT_GT(of_run.as_array().size(), 1U) << "a row for each role";
}

} // namespace
} // namespace ash::e2e
