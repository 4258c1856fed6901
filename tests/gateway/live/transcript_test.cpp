// The transcript in docs/protocol.md, played: `C` says, `S` has to answer so, `*` happens.
#include "tests/gateway/live/a_client.hpp"

#include <fstream>
#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

using namespace testing;

std::vector<std::string> transcript() {
  std::ifstream from{PROTOCOL_DOCUMENT};
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(from, line);) {
    if (line.starts_with("```"))
      inside = line == "```transcript";
    else if (inside && !line.empty())
      lines.push_back(line);
  }
  return lines;
}

/// Two pieces, and what else happens meanwhile: the log's clock goes by a millisecond a fact.
void answer(a_server& server) {
  server.log.write(a_phase(2), a_run(1), {delta(a_turn(4), "Let me")});
  server.log.write(a_run(9), a_run(9), std::vector<any_fact>(500, titled("elsewhere")));
  server.log.write(a_phase(2), a_run(1), {delta(a_turn(4), " see.")});
}

void happen(a_server& server, a_client& client, const std::string& what) {
  const auto run = a_run(1);
  if (what == "a run begins")
    server.log.write(run, run::started{});
  else if (what == "a phase writes beneath it")
    server.log.write(a_phase(2), run, {titled("Plan"), delta(a_turn(3), "Let me")});
  else if (what == "the phase's turn begins")
    server.log.write(
        a_phase(2), run, {turn::started{a_turn(4), 1, "Go"}, turn::step_started{a_turn(4), 1}});
  else if (what == "its model answers, for more than half a second")
    answer(server);
  else if (what == "the turn ends")
    server.log.write(a_phase(2), run, {turn::completed{a_turn(4), "Done."}});
  else if (what == "the run is over")
    server.log.write(run, run, {run::completed{}}, log::stream_status::closed);
  else if (what == "a worker answers")
    server.work();
  else if (what == "17 seconds pass")
    client.after(std::chrono::seconds{17});
  else
    FAIL() << "the test does not know '" << what << "'";
}

TEST(transcript, of_the_protocol_is_what_happens) {
  const auto lines = transcript();
  ASSERT_GT(lines.size(), 10U) << PROTOCOL_DOCUMENT;
  a_server server;
  a_client client{server, live_feeds::authorisation::wanted};
  std::deque<std::string> heard;
  std::string last = "the beginning";
  const auto nothing_else_was_said = [&] {
    for (; !heard.empty(); heard.pop_front())
      ADD_FAILURE() << "after " << last << " it also said\nS " << heard.front();
  };
  for (const auto& line : lines) {
    if (line.starts_with("S ")) {
      ASSERT_FALSE(heard.empty()) << "nothing was said after " << last << ", instead of " << line;
      EXPECT_EQ("S " + heard.front(), line);
      heard.pop_front();
      continue;
    }
    nothing_else_was_said();
    last = line;
    if (line.starts_with("C "))
      client.says(line.substr(2));
    else if (line.starts_with("* "))
      happen(server, client, line.substr(2));
    else
      FAIL() << "a line of the transcript begins with C, S or *: " << line;
    for (auto& each : client.hears())
      heard.push_back(std::move(each));
  }
  nothing_else_was_said();
}

} // namespace
} // namespace ash::gateway
