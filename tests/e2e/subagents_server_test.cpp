// Sub-agents under a server: called off while they work, and gone on with by the next server.
#include "tests/e2e/beside_a_server.hpp"

namespace ash::e2e {
namespace {

class served_subagents : public beside_a_server {
protected:
  /// Starts a run of the leader's, and waits until this many sub-agents work. Gives its id.
  std::string working_run(const std::string& script, std::size_t children) {
    write_text(home_ / "script.yaml", script);
    starter_ = std::make_unique<background_process>(line({"run",
                                                          "led-note",
                                                          "--repo",
                                                          repo_,
                                                          "--requirements",
                                                          "A note, please.",
                                                          "--model",
                                                          "scripted:" + (home_ / "script.yaml"),
                                                          "--no-preview"}),
                                                    home_ / "starter.log");
    std::string id;
    EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
      const auto runs = json_of(actor_shell({"--json", "runs", "list"}).out);
      if (!runs.is_array() || runs.as_array().empty())
        return false;
      id = json::value_to<std::string>(runs.at(0).at("run"));
      return events(id, "session.created").size() >= children;
    })) << read_text(home_ / "starter.log");
    return id;
  }

  std::vector<json::value> events(const std::string& run, const std::string& type) {
    std::vector<json::value> out;
    for (const auto& each :
         lines_of(actor_shell({"--json", "events", "run/" + run, "--type", type}).out))
      if (!each.empty())
        out.push_back(json_of(each));
    return out;
  }

  bool comes_to(const std::string& run, std::string_view state) {
    return wait_until(std::chrono::seconds{60}, [&] {
      const auto shown = json_of(actor_shell({"--json", "runs", "show", run}).out);
      return json::value_to<std::string>(shown.at("state")) == state;
    });
  }

  std::unique_ptr<background_process> starter_;
};

TEST_F(served_subagents, are_called_off_while_they_work_when_their_run_is_aborted) {
  const auto id = working_run(R"(turns:
  - match: {contains: You lead, assistant_turns: 0}
    tool_calls:
      - {name: request_subagent, arguments: {persona: helper, task: Go deeper}}
      - {name: request_subagent, arguments: {persona: reader, task: Read}}
  - match: {contains: [You help, Go deeper], assistant_turns: 0}
    tool_calls: [{name: request_subagent, arguments: {persona: helper, task: Stay there}}]
  - text: Wait.
    delay_ms: 600000
)",
                              3);
  const auto aborted = actor_shell({"runs", "abort", id, "--reason", "enough"});
  EXPECT_EQ(aborted.exit_code, 0) << aborted.shown();
  EXPECT_TRUE(comes_to(id, "aborted"));
  ASSERT_TRUE(wait_until(std::chrono::seconds{30},
                         [&] { return events(id, "session.ended").size() == 3; }));
  for (const auto& end : events(id, "session.ended"))
    EXPECT_EQ(json::value_to<std::string>(end.at("data").at("code")), "cancelled");
  const auto scopes = json_of(actor_shell({"--json", "budget", "show", "run:" + id}).out);
  const auto reserved = json::value_to<std::string>(scopes.at(0).at("reserved_usd"));
  EXPECT_EQ(parse_usd(reserved).value(), usd{});
}

TEST_F(served_subagents, go_on_under_the_next_server_where_the_first_was_killed) {
  const auto fast = read_text(E2E_FIXTURES "/subagents.yaml");
  auto script = fast;
  const std::string slow = "match: {contains: [You help, Do the right side], assistant_turns: 0}";
  script.replace(script.find(slow), slow.size(), slow + "\n    delay_ms: 600000");
  const auto id = working_run(script, 4);
  ASSERT_LT(events(id, "session.ended").size(), 4U) << "one waits for its model";
  kill_server();
  write_text(home_ / "script.yaml", fast);
  serve();
  EXPECT_TRUE(comes_to(id, "completed")) << read_text(home_ / "server.log");
  EXPECT_EQ(events(id, "session.created").size(), 4U);
  const auto ended = events(id, "session.ended");
  ASSERT_EQ(ended.size(), 4U);
  for (const auto& end : ended)
    EXPECT_EQ(json::value_to<std::string>(end.at("data").at("code")), "");
}

} // namespace
} // namespace ash::e2e
