// A session that is to leave plan mode asks for it: the server is killed at every step, and yet the
// question is there once, is answered once, and plan mode ends once.
#include "events/base/json.hpp"
#include "tests/e2e/gate_case.hpp"
#include "tests/e2e/sockets.hpp"

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <csignal>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

namespace ash::e2e {
namespace {

constexpr std::chrono::seconds patience{30};

class plan_case {
public:
  explicit plan_case(std::map<std::string, std::string> environment) {
    fs::copy(
        fs::path{E2E_FIXTURES} / "definitions", home_ / "definitions", fs::copy_options::recursive);
    serve(std::move(environment));
  }

  /// What is wrong, a line each.
  std::vector<std::string> run() {
    for (int taken = 0; taken < most_steps; ++taken) {
      // One that has just died closes its sockets before it is seen to be gone.
      if (http_get(port_, "/healthz", token()).empty())
        wait_until(patience, [&] { return !server_->running(); });
      if (!server_->running()) {
        died_ = true;
        serve({});
      }
      if (!step()) {
        decide_again();
        examine();
        return faults_;
      }
    }
    faults_.emplace_back("it does not end");
    return faults_;
  }

  [[nodiscard]] bool died() const { return died_; }

private:
  struct seen {
    std::vector<session::created> sessions;
    std::vector<session::plan_mode_changed> changes;
    std::vector<run::approval_requested> asked;
    std::vector<run::approval_decided> decided;
  };

  void serve(std::map<std::string, std::string> environment) {
    fs::remove(home_ / "data/server.json");
    port_ = free_port();
    process_options what;
    what.command = {ACTOR_SHELL_BINARY,
                    "--definitions",
                    home_ / "definitions",
                    "serve",
                    "--listen",
                    "127.0.0.1:" + std::to_string(port_)};
    what.environment = clean_environment(home_.path());
    what.environment.merge(environment);
    what.directory = home_.path();
    what.limit = std::chrono::seconds{120};
    server_ = std::make_unique<background_process>(what, home_ / "server.log");
    if (!wait_until(patience,
                    [&] { return fs::exists(home_ / "data/server.json") || !server_->running(); }))
      faults_.push_back("no server: " + read_text(home_ / "server.log"));
  }

  std::string post(const std::string& path, const std::string& body) {
    return http_post(port_, "/api/v1" + path, token(), body);
  }
  std::string token() { return read_text(home_ / "data/token").substr(0, 64); }

  seen look() {
    seen out;
    if (const left_log log{home_ / "data"}; log) {
      const auto facts = log.facts();
      out.sessions = only<session::created>(facts);
      out.changes = only<session::plan_mode_changed>(facts);
      out.asked = only<run::approval_requested>(facts);
      out.decided = only<run::approval_decided>(facts);
    }
    return out;
  }

  /// Does what comes next, as the log has it; false where all is done.
  bool step() {
    const auto now = look();
    if (now.sessions.empty()) {
      post("/sessions",
           R"({"persona": "note-writer", "model": "scripted:)" E2E_FIXTURES R"(/note.yaml"})");
      return true;
    }
    const auto session = to_string(now.sessions.front().session);
    if (now.changes.empty()) {
      post("/sessions/" + session + "/plan_mode", R"({"plan_mode": "on"})");
    } else if (now.asked.empty()) {
      post("/sessions/" + session + "/plan_mode", R"({"plan_mode": "off"})");
    } else if (now.decided.empty()) {
      const auto approval = to_string(now.asked.front().approval);
      expect_listed(approval);
      post("/sessions/" + session + "/plan_mode", R"({"plan_mode": "off"})"); // asks nothing more
      post("/approvals/" + approval + "/decision", R"({"decision": "approve"})");
    } else {
      return false;
    }
    return true;
  }

  void expect_listed(const std::string& approval) {
    const auto shows = [&] {
      const auto text = http_get(port_, "/api/v1/approvals?state=pending", token());
      const auto parsed = parse_json(text, "the answer");
      if (!parsed)
        return false;
      const auto& items = parsed.value().at("items").as_array();
      return items.size() == 1 && items.at(0).at("approval").as_string() == approval &&
             items.at(0).at("kind").as_string() == "plan";
    };
    if (!wait_until(patience, [&] { return shows() || !server_->running(); }))
      faults_.emplace_back("not exactly what is pending is listed");
    const auto shown = run_process({.command = {ACTOR_SHELL_BINARY, "--json", "approvals", "list"},
                                    .environment = clean_environment(home_.path()),
                                    .directory = home_.path()});
    if (server_->running() && shown.out.find(approval) == std::string::npos)
      faults_.push_back("the command line does not list it: " + shown.shown());
  }

  void decide_again() {
    const auto approval = to_string(look().asked.front().approval);
    if (!post("/approvals/" + approval + "/decision", R"({"decision": "reject"})").empty())
      faults_.emplace_back("a second decision was taken");
  }

  void examine() {
    ::kill(server_->id(), SIGKILL);
    wait_until(patience, [&] { return !server_->running(); });
    const auto end = look();
    if (end.asked.size() != 1 || end.asked.front().kind != run::approval_kind::plan)
      faults_.push_back("asked " + std::to_string(end.asked.size()) + " times");
    if (end.decided.size() != 1 || end.decided.front().by.empty() ||
        end.decided.front().decision != run::decision_kind::approve)
      faults_.push_back("decided " + std::to_string(end.decided.size()) + " times");
    if (end.changes.size() != 2 || !end.changes.front().on || end.changes.back().on)
      faults_.push_back("plan mode changed " + std::to_string(end.changes.size()) + " times");
    if (const auto damages = left_log{home_ / "data"}.damages(); !damages.empty())
      faults_.push_back("log verify: " + damages);
  }

  temporary_directory home_;
  int port_ = 0;
  std::unique_ptr<background_process> server_;
  std::vector<std::string> faults_;
  bool died_ = false;
};

TEST(gates, a_plan_is_asked_about_once_whatever_dies) {
  const temporary_directory home;
  plan_case whole{{{"ACTOR_SHELL_FAIL_COUNT", home / "passages"}}};
  const auto faults = whole.run();
  ASSERT_TRUE(faults.empty()) << testing::PrintToString(faults);
  std::map<std::string, int> passages;
  std::vector<std::string> cases;
  for (const auto& name : lines_of(read_text(home / "passages")))
    cases.push_back(name + ':' + std::to_string(++passages[name]));
  ASSERT_GE(passages["log.append.after_sync"], 4) << "opened, on, asked, decided";
  std::mutex mutex;
  std::vector<std::string> unharmed;
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < gates_at_once; ++i)
      workers.emplace_back([&] {
        for (auto at = next++; at < cases.size(); at = next++) {
          plan_case one{{{"ACTOR_SHELL_FAIL_AT", cases[at]}}};
          const auto found = one.run();
          const std::lock_guard lock{mutex};
          if (!one.died())
            unharmed.push_back(cases[at]);
          for (const auto& fault : found)
            ADD_FAILURE() << cases[at] << ": " << fault;
        }
      });
  }
  EXPECT_LE(unharmed.size() * 10, cases.size()) << testing::PrintToString(unharmed);
}

} // namespace
} // namespace ash::e2e
