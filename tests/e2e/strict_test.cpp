// What is on the line or in the configuration and could do nothing is refused, and said how to
// mend.
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using strings = std::vector<std::string>;

/// One data directory with one demo in it, which no test changes.
class strict : public testing::Test {
protected:
  static void SetUpTestSuite() {
    home = std::make_unique<temporary_directory>();
    const auto first = actor_shell({"demo"});
    ASSERT_EQ(first.exit_code, 0) << first.shown();
    const auto listed = actor_shell({"--json", "runs", "list"});
    const auto parsed = parse_json(listed.out, "the runs");
    ASSERT_TRUE(parsed) << listed.shown();
    run = json::value_to<std::string>(parsed.value().at(0).at("run"));
  }
  static void TearDownTestSuite() { home.reset(); }

  static ended_process actor_shell(strings words,
                                   const std::map<std::string, std::string>& also = {}) {
    words.insert(words.begin(), ACTOR_SHELL_BINARY);
    process_options what;
    what.command = std::move(words);
    what.environment = clean_environment(home->path());
    for (const auto& [name, value] : also)
      what.environment[name] = value;
    what.directory = home->path();
    return run_process(what);
  }
  static void refuses(const strings& words,
                      int exit_code,
                      const std::string& code,
                      const testing::Matcher<std::string>& text) {
    const auto ended = actor_shell(words);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.shown();
    EXPECT_THAT(ended.err, AllOf(HasSubstr("actor-shell: " + code + ": "), text)) << ended.shown();
    EXPECT_EQ(ended.out, "") << ended.shown();
  }

  static std::unique_ptr<temporary_directory> home;
  static std::string run;
};

std::unique_ptr<temporary_directory> strict::home;
std::string strict::run;

TEST_F(strict, an_empty_text_is_no_value) {
  for (const auto& words : {strings{"--data-dir", "", "runs", "list"},
                            strings{"--config", "", "runs", "list"},
                            strings{"runs", "list", "--state", ""},
                            strings{"events", "all", "--type", ""},
                            strings{"permissions", "show", ""},
                            strings{"stats", "--by", ""}})
    refuses(words, 2, "argument_invalid", HasSubstr("is an empty text"));
  EXPECT_EQ(actor_shell({"runs", "list"}, {{"ACTOR_SHELL_SERVER", ""}}).exit_code, 0)
      << "an empty variable is none";
}

TEST_F(strict, one_of_few_values_is_named_with_all_of_them) {
  for (const auto& words :
       {strings{"demo", "--output-format", "xml"}, strings{"demo", "--output-format", "1"}})
    refuses(words,
            2,
            "argument_invalid",
            AllOf(HasSubstr("--output-format: '"),
                  HasSubstr("is none of text, json, stream-json"),
                  Not(HasSubstr("->"))));
  const auto from_variable = actor_shell({"attach", run}, {{"ACTOR_SHELL_OUTPUT_FORMAT", "yaml"}});
  EXPECT_EQ(from_variable.exit_code, 2) << from_variable.shown();
  const auto lines = actor_shell({"demo", "--help"});
  EXPECT_THAT(lines.out, Not(HasSubstr("->"))) << lines.shown();
}

TEST_F(strict, a_number_is_whole_and_within_its_bounds) {
  for (const auto* limit : {"0", "-1", "1.5", "many", "99999999999999999999"})
    refuses({"runs", "list", "--limit", limit},
            2,
            "argument_invalid",
            HasSubstr(std::string{"'"} + limit + "' is no whole number of 1 to 1000000"));
  EXPECT_EQ(actor_shell({"runs", "list", "--limit", "1"}).exit_code, 0);
  refuses({"events", "all", "--after", "-1"},
          2,
          "argument_invalid",
          HasSubstr("'-1' is no whole number of 0 or more"));
  refuses({"replay", run, "--at", "-3"}, 2, "argument_invalid", HasSubstr("'-3'"));
  refuses({"serve", "--stall-time", "0"}, 2, "argument_invalid", HasSubstr("1 to 86400"));
}

TEST_F(strict, a_position_is_within_the_log_and_the_stream) {
  refuses({"replay", run, "--at", "999999"}, 4, "cursor_invalid", HasSubstr("the log ends at "));
  const auto phase = actor_shell({"--json", "events", run, "--type", "phase.started"});
  const auto begun = parse_json(lines_of(phase.out).at(0), "the event");
  ASSERT_TRUE(begun) << phase.shown();
  const auto position = begun.value().at("position").to_number<int>();
  const auto stream = json::value_to<std::string>(begun.value().at("stream"));
  refuses({"replay", stream, "--at", std::to_string(position - 1)},
          2,
          "argument_invalid",
          HasSubstr("its first is at position " + std::to_string(position)));
  EXPECT_EQ(actor_shell({"replay", stream, "--at", std::to_string(position)}).exit_code, 0);
}

TEST_F(strict, a_type_that_no_event_has_is_told_with_those_that_are_near) {
  refuses({"events", "all", "--type", "run.startd"},
          2,
          "argument_invalid",
          AllOf(HasSubstr("'run.startd'"), HasSubstr("'run.started'")));
  refuses({"events", "all", "--type", "llm.calls.*"}, 2, "argument_invalid", HasSubstr("nearest"));
  EXPECT_NE(actor_shell({"events", "all", "--type", "phase.*"}).out, "");
  EXPECT_EQ(actor_shell({"events", "all", "--type", "budget.closed"}).exit_code, 0)
      << "there is such a type, if no such event";
}

TEST_F(strict, a_run_that_is_not_there_asks_and_calls_nothing) {
  for (const auto* what : {"approvals", "audit"}) {
    refuses({what, "list", "--run", "ffffffff"}, 3, "run_not_found", HasSubstr("ffffffff"));
    refuses({what, "list", "--run", "zzz"}, 2, "id_prefix_too_short", HasSubstr("zzz"));
    EXPECT_EQ(actor_shell({what, "list", "--run", run.substr(0, 8)}).exit_code, 0);
  }
}

TEST_F(strict, folders_and_files_that_are_named_are_there) {
  refuses({"--definitions", *home / "none", "workflows", "list"},
          3,
          "file_not_found",
          AllOf(HasSubstr("none"), HasSubstr("--definitions")));
  write_text(*home / "a_file", "x");
  refuses(
      {"--definitions", *home / "a_file", "runs", "list"}, 3, "file_not_found", HasSubstr("no "));
  refuses({"--server-ca", *home / "none.pem", "runs", "list"},
          3,
          "file_not_found",
          HasSubstr("--server-ca"));
  const auto variable =
      actor_shell({"runs", "list"}, {{"ACTOR_SHELL_DEFINITIONS", *home / "none"}});
  EXPECT_EQ(variable.exit_code, 3) << variable.shown();
}

TEST_F(strict, a_path_that_no_tool_can_write_is_not_granted) {
  for (const auto* what : {"grant", "revoke"}) {
    for (const auto* path : {"../x", "docs/../../x", ".."})
      refuses({"permissions", what, run, path},
              2,
              "argument_invalid",
              AllOf(HasSubstr(path), HasSubstr("leads out of the worktree"), HasSubstr("docs/**")));
    refuses({"permissions", what, run, "docs/"}, 2, "argument_invalid", HasSubstr("'docs/**'"));
    refuses({"permissions", what, run, "./docs"}, 2, "argument_invalid", HasSubstr("empty or '.'"));
  }
}

TEST_F(strict, consent_is_about_whom_there_is) {
  refuses({"consent", "grant", "backend", "openruter"},
          2,
          "config_invalid",
          AllOf(HasSubstr("'openruter'"), HasSubstr("'openrouter'"), HasSubstr("`providers`")));
  refuses({"consent", "revoke", "backend", "openruter"}, 2, "config_invalid", HasSubstr("nearest"));
  refuses({"consent", "grant", "backend", "scripted"}, 2, "config_invalid", HasSubstr("scripted"));
  refuses({"consent", "grant", "persona", "nobody"}, 3, "persona_not_found", HasSubstr("nearest"));
  EXPECT_EQ(actor_shell({"consent", "revoke", "backend", "openrouter"}).exit_code, 0)
      << "nobody consented, and it is a provider";
  // One that is configured can be consented to, and revoked once it is gone.
  write_text(*home / "own.yaml", "providers: {mine: {base_url: \"https://llm.example.org/v1\"}}\n");
  const auto with = [&](strings words) {
    words.insert(words.begin(), {"--config", *home / "own.yaml", "--data-dir", *home / "own"});
    return actor_shell(words);
  };
  const auto given = with({"consent", "grant", "backend", "mine"});
  EXPECT_EQ(given.exit_code, 0) << given.shown();
  write_text(*home / "own.yaml", "budget: {run_cap: 2}\n");
  EXPECT_THAT(with({"consent", "revoke", "backend", "mine"}).out, HasSubstr("revoked"));
  EXPECT_EQ(with({"consent", "revoke", "backend", "mine"}).exit_code, 2);
}

TEST_F(strict, a_run_that_is_over_gets_no_other_cap) {
  refuses({"budget", "set", run, "--cap", "2"},
          5,
          "run_already_terminal",
          AllOf(HasSubstr(run), HasSubstr("is over and spends nothing more")));
}

TEST_F(strict, an_option_is_given_once_and_with_a_value) {
  refuses({"stats", "--by", "model", "--by", "day"},
          2,
          "argument_invalid",
          HasSubstr("--by is given more than once"));
  refuses({"stats", "--by"}, 2, "argument_invalid", HasSubstr("--by has no value"));
}

TEST_F(strict, settings_are_for_providers_that_can_be_reached) {
  write_text(*home / "slip.yaml", "providers: {opnrouter: {kind: openai_compatible}}\n");
  refuses({"--config", *home / "slip.yaml", "keys"},
          2,
          "config_invalid",
          AllOf(HasSubstr("slip.yaml: field 'providers.opnrouter'"),
                HasSubstr("anthropic, openai, openrouter"),
                HasSubstr("'base_url'")));
  const auto named = actor_shell({"--config", *home / "slip.yaml", "keys"},
                                 {{"OPNROUTER_BASE_URL", "http://127.0.0.1:1/v1"}});
  EXPECT_EQ(named.exit_code, 0) << named.shown();
}

TEST_F(strict, options_of_a_run_do_not_contradict_each_other) {
  const strings begin{"run", "note@1", "--requirements", "A note."};
  const auto refuses_with = [&](const strings& more, const std::string& text) {
    auto words = begin;
    words.insert(words.end(), more.begin(), more.end());
    refuses(words, 2, "argument_invalid", HasSubstr(text));
  };
  refuses_with({"--preview", "--no-preview"}, "--preview and --no-preview do not go together");
  refuses_with({"--explain", "--preview"}, "--preview and --explain do not go together");
  refuses_with({"--bind", "writer=a", "--bind", "writer=b"}, "names the role 'writer' twice");
}

} // namespace
} // namespace ash::e2e
