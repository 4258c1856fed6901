// A server works by its own definitions, configuration and keys: commands beside it show what it
// would do, and whoever brings others is told that they have no effect.
#include "tests/e2e/beside_a_server.hpp"

#include <algorithm>
#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::HasSubstr;

const std::string script = "scripted:" E2E_FIXTURES "/note.yaml";

/// How many lines of stderr say that these options have no effect.
std::ptrdiff_t told_of(const std::string& options, const ended_process& ended) {
  const auto said = "goes by its own definitions and configuration, not by yours (" + options + ")";
  const auto lines = lines_of(ended.err);
  return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(said) != std::string::npos;
  });
}

TEST_F(beside_a_server, who_gives_it_work_is_told_once_that_its_own_definitions_have_no_effect) {
  // A line of these tests names definitions by the option, and a configuration by its variable.
  const std::string both = "--definitions, --config";
  const auto preview = run("gated", {"--preview", "--json"});
  EXPECT_EQ(told_of(both, preview), 1) << preview.shown();
  EXPECT_EQ(json_of(preview.out).at("workflow"), "gated@1");
  const auto explained = run("gated", {"--explain", "--json"});
  EXPECT_EQ(told_of(both, explained), 1) << explained.shown();
  EXPECT_EQ(json_of(explained.out).at("workflow"), "gated@1");
  const auto waiting = run("gated", {"--output-format", "json"});
  EXPECT_EQ(waiting.exit_code, 5) << waiting.shown();
  EXPECT_EQ(told_of(both, waiting), 1) << waiting.shown();
  const auto id = json::value_to<std::string>(json_of(waiting.out).at("run"));
  const auto raised = actor_shell({"budget", "set", "run:" + id, "--cap", "3", "--resume"});
  EXPECT_EQ(told_of(both, raised), 1) << "two requests, one line: " << raised.shown();
  const auto open = json_of(actor_shell({"--json", "approvals", "list"}).out);
  ASSERT_EQ(open.as_array().size(), 1U);
  const auto approval = json::value_to<std::string>(open.at(0).at("approval"));
  const auto decided = actor_shell({"approvals", "decide", approval, "approve"});
  EXPECT_EQ(decided.exit_code, 0) << decided.shown();
  EXPECT_EQ(told_of(both, decided), 1) << decided.shown();
  EXPECT_EQ(actor_shell({"attach", id}).exit_code, 0);
  EXPECT_EQ(told_of(both, actor_shell({"runs", "resume", id})), 1);
  EXPECT_EQ(told_of(both, actor_shell({"runs", "abort", id})), 1);
  EXPECT_EQ(told_of(both, actor_shell({"demo"})), 1);
  EXPECT_EQ(told_of("--definitions", elsewhere({"workflows", "list"})), 1)
      << "which a configuration has no part in";
}

TEST_F(beside_a_server, nobody_is_told_who_brings_nothing_or_only_reads) {
  const std::string said = "goes by its own definitions";
  auto bare =
      line({"run", "note", "--repo", repo_, "--requirements", "A note.", "--model", script});
  bare.command.erase(bare.command.begin() + 3, bare.command.begin() + 5);
  bare.environment.erase("ACTOR_SHELL_CONFIG");
  const auto ran = run_process(bare);
  EXPECT_EQ(ran.exit_code, 0) << ran.shown();
  EXPECT_EQ(ran.err.find(said), std::string::npos) << ran.shown();
  bare.environment["ACTOR_SHELL_DEFINITIONS"] = definitions_;
  EXPECT_EQ(told_of("--definitions", run_process(bare)), 1) << "the variable counts too";
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"runs", "list"}, {"workflows", "list"}, {"stats"}}) {
    const auto read = actor_shell(words);
    EXPECT_EQ(read.exit_code, 0) << read.shown();
    EXPECT_EQ(read.err.find(said), std::string::npos) << read.shown();
  }
  kill_server();
  const auto here = run("note", {"--preview"});
  EXPECT_EQ(here.exit_code, 0) << here.shown();
  EXPECT_EQ(here.err.find(said), std::string::npos) << here.shown();
}

TEST_F(beside_a_server, who_would_do_a_run_is_told_by_it) {
  const auto file = definitions_ + "/workflows/gated@1.yaml";
  const auto explained = [](std::vector<std::string> words) {
    words.insert(words.begin(), "run");
    words.emplace_back("--explain");
    return words;
  };
  const std::string unable = "writer=scripted-spec-writer";
  const std::vector<std::vector<std::string>> asked{
      explained({"gated", "--model", script}),
      explained({"gated", "--model", script, "--json"}),
      explained({file, "--model", script}),
      explained({"gated"}),
      explained({"gated", "--json"}),
      explained({"gated", "--model", script, "--bind", unable}),
      explained({"gated", "--model", script, "--bind", unable, "--json"}),
      explained({"gated", "--model", script, "--bind", "nobody=note-writer"}),
      explained({"gated", "--model", "none"}),
      explained({"gone"})};
  const std::vector<int> codes{0, 0, 0, 5, 5, 2, 2, 2, 2, 2};
  std::vector<ended_process> told;
  for (const auto& words : asked)
    told.push_back(elsewhere(words));
  EXPECT_THAT(told[0].out, HasSubstr("chosen: "));
  EXPECT_EQ(json_of(told[1].out).at("roles").at(0).at("chosen"), "note-writer@1");
  EXPECT_THAT(told[4].out, HasSubstr("no_eligible_persona"));
  EXPECT_THAT(told[5].out, HasSubstr("lacks the capability 'note_writing'"));
  auto without = line(asked[0]);
  without.command.erase(without.command.begin() + 3, without.command.begin() + 5);
  without.environment.erase("ACTOR_SHELL_CONFIG"); // its file has definitions beside it
  const auto found = run_process(without);
  EXPECT_EQ(found.out, told[0].out) << "it knows what this command has no file of";
  EXPECT_TRUE(json_of(actor_shell({"--json", "runs", "list"}).out).as_array().empty());
  kill_server();
  EXPECT_EQ(run_process(without).exit_code, 2) << "alone there is no such workflow";
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto here = actor_shell(asked[i]);
    EXPECT_EQ(told[i].exit_code, codes[i]) << told[i].shown();
    EXPECT_EQ(here.exit_code, codes[i]) << here.shown();
    EXPECT_EQ(told[i].out, here.out);
  }
}

} // namespace
} // namespace ash::e2e
