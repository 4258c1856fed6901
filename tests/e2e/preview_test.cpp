// What a run would cost, told before it starts: the numbers are those of the run that follows.
#include "tests/e2e/beside_a_server.hpp"
#include "tests/e2e/sockets.hpp"
#include "tests/e2e/terminal_process.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class preview : public testing::Test {
protected:
  preview() { make_repository(home_.path() / "repo", {{"README.md", "# nothing\n"}}); }

  process_options line(std::vector<std::string> more) {
    process_options what;
    what.command = {ACTOR_SHELL_BINARY,
                    "--definitions",
                    E2E_FIXTURES "/definitions",
                    "run",
                    "note@1",
                    "--repo",
                    home_ / "repo",
                    "--requirements",
                    "A note."};
    what.command.insert(what.command.end(), more.begin(), more.end());
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return what;
  }
  ended_process run(std::vector<std::string> more) { return run_process(line(std::move(more))); }

  static json::object object_of(const ended_process& ended) {
    EXPECT_EQ(ended.exit_code, 0) << ended.shown();
    const auto parsed = parse_json(ended.out, "the preview");
    EXPECT_TRUE(parsed && parsed.value().is_object()) << ended.shown();
    return parsed && parsed.value().is_object() ? parsed.value().as_object() : json::object{};
  }

  [[nodiscard]] std::size_t runs() const { return left_log{home_ / "data"}.runs().size(); }

  temporary_directory home_;
};

const std::vector<std::string> scripted{"--model", "scripted:" E2E_FIXTURES "/note.yaml"};

std::vector<std::string> with_script(std::vector<std::string> more) {
  more.insert(more.end(), scripted.begin(), scripted.end());
  return more;
}

TEST_F(preview, names_a_script_so_that_it_is_found_from_anywhere) {
  write_text(home_ / "note.yaml", read_text(E2E_FIXTURES "/note.yaml"));
  const auto seen = object_of(run({"--preview", "--json", "--model", "scripted:note.yaml"}));
  const auto& phase = seen.at("phases").at(0).as_object();
  EXPECT_EQ(json::value_to<std::string>(phase.at("model")), "scripted:" + home_ / "note.yaml");
}

TEST_F(preview, tells_what_the_run_will_reserve_and_its_worst_case) {
  const auto seen = object_of(run(with_script({"--preview", "--json"})));
  EXPECT_EQ(runs(), 0U);
  ASSERT_EQ(seen.at("phases").as_array().size(), 1U);
  const auto& phase = seen.at("phases").at(0).as_object();
  EXPECT_EQ(phase.at("persona"), json::string{"note-writer@1"});
  EXPECT_EQ(phase.at("output_tokens"), 4'096);
  EXPECT_EQ(phase.at("calls"), 80) << "40 steps, and as many for the repair";
  // A million tokens at $0.40 a million, and one call of at most $0.50 that goes beyond them.
  EXPECT_EQ(phase.at("worst_case_usd"), json::string{"0.90"});
  EXPECT_EQ(seen.at("worst_case_usd"), json::string{"0.90"});
  EXPECT_EQ(seen.at("cap_usd"), json::string{"1.00"});
  const auto ran = run(scripted);
  ASSERT_EQ(ran.exit_code, 0) << ran.shown();
  EXPECT_THAT(ran.err, AllOf(HasSubstr("WORST CASE"), HasSubstr("$0.90"), HasSubstr("cap is $1")));
  EXPECT_THAT(ran.out, Not(HasSubstr("WORST CASE")));
  const auto first = only<turn::call_requested>(left_log{home_ / "data"}.facts()).at(0);
  EXPECT_EQ(first.input_estimate, phase.at("input_tokens"));
  EXPECT_EQ(to_string(first.estimate).substr(1),
            json::value_to<std::string>(phase.at("first_call_usd")));
}

TEST_F(preview, is_capped_where_the_cap_blocks_and_left_out_on_demand) {
  const auto capped = object_of(run(with_script({"--preview", "--json", "--budget", "0.05"})));
  EXPECT_EQ(capped.at("phases_total_usd"), json::string{"0.90"});
  EXPECT_EQ(capped.at("worst_case_usd"), json::string{"0.05"});
  EXPECT_THAT(run(with_script({"--preview"})).out, HasSubstr("WORST CASE"));
  const auto quiet = run(with_script({"--no-preview"}));
  EXPECT_EQ(quiet.exit_code, 0) << quiet.shown();
  EXPECT_THAT(quiet.err, Not(HasSubstr("WORST CASE")));
}

TEST_F(preview, warns_of_a_model_without_a_price) {
  write_text(home_ / "config.yaml",
             "providers: {local: {base_url: 'http://127.0.0.1:1/v1'}}\nbudget: {policy: block}\n");
  const auto shown = run({"--preview", "--json", "--model", "local:unheard-of"});
  EXPECT_THAT(shown.err, HasSubstr("price_unknown: local:unheard-of"));
  const auto seen = object_of(shown);
  const auto& phase = seen.at("phases").at(0).as_object();
  EXPECT_EQ(phase.at("unpriced"), (json::array{"local:unheard-of"}));
  EXPECT_EQ(phase.at("first_call_usd"), json::string{"0.50"}) << "its max_cost_per_call";
  EXPECT_EQ(phase.at("worst_case_usd"), json::string{"40.00"});
  EXPECT_EQ(seen.at("worst_case_usd"), json::string{"1.00"});
}

TEST_F(preview, is_asked_about_on_a_terminal) {
  terminal_process declining{line(scripted)};
  ASSERT_TRUE(declining.shows("WORST CASE")) << declining.screen();
  ASSERT_TRUE(declining.shows("Start the run? [y/N]")) << declining.screen();
  declining.type("n\n");
  EXPECT_EQ(declining.exit_code(), 7) << declining.screen();
  EXPECT_EQ(runs(), 0U);
  terminal_process leaving{line(scripted)};
  ASSERT_TRUE(leaving.shows("Start the run? [y/N]")) << leaving.screen();
  leaving.type("\x03");
  EXPECT_NE(leaving.exit_code(), 0) << leaving.screen();
  EXPECT_EQ(runs(), 0U);
  terminal_process starting{line(scripted)};
  ASSERT_TRUE(starting.shows("Start the run? [y/N]")) << starting.screen();
  starting.type("y\n");
  EXPECT_EQ(starting.exit_code(), 0) << starting.screen();
  terminal_process agreed{line(with_script({"--yes"}))};
  EXPECT_EQ(agreed.exit_code(), 0) << agreed.screen();
  EXPECT_THAT(agreed.screen(), AllOf(HasSubstr("WORST CASE"), Not(HasSubstr("[y/N]"))));
  EXPECT_EQ(runs(), 2U);
}

TEST_F(preview, that_nobody_wants_is_no_reason_not_to_start) {
  const fixed_answer_server old{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
  write_text(home_ / "token", "a-token\n");
  const auto asked = [&](const std::string& more) {
    auto what = line({"--model", "scripted:none", "--yes", more});
    const std::vector<std::string> there{"--server",
                                         "http://127.0.0.1:" + std::to_string(old.port()),
                                         "--token-file",
                                         home_ / "token"};
    what.command.insert(what.command.begin() + 1, there.begin(), there.end());
    run_process(what);
    return old.seen();
  };
  // The first thing that a start asks for is where its events will begin.
  const auto starts = Contains(StartsWith("GET /api/v1/log "));
  EXPECT_THAT(asked("--unattended"), Not(starts));
  EXPECT_THAT(asked("--no-preview"), starts);
}

TEST_F(beside_a_server, a_preview_is_the_servers_and_starts_nothing) {
  const auto seen = run("note", {"--preview", "--json"});
  EXPECT_EQ(json_of(seen.out).at("worst_case_usd"), json::string{"0.90"}) << seen.shown();
  const auto listed = actor_shell({"--json", "runs", "list"});
  EXPECT_TRUE(json_of(listed.out).as_array().empty()) << listed.shown();
  const auto ran = run("note");
  EXPECT_EQ(ran.exit_code, 0) << ran.shown();
  EXPECT_THAT(ran.err, HasSubstr("WORST CASE"));
}

} // namespace
} // namespace ash::e2e
