// A server that holds a data directory, for tests of the commands beside it.
#pragma once

#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <csignal>
#include <gtest/gtest.h>

namespace ash::e2e {

inline constexpr auto a_gate = R"(name: gated
version: 1
title: Write a note that a person looks at
roles:
  - name: writer
    required_capabilities: [note_writing]
phases:
  - key: note
    role: writer
    title: Write the note
    instructions: Write the note that the requirements ask for.
    artifact: {path: .actor-shell/out/note.json, schema: e2e/note@1}
    approval: true
)";

inline json::value json_of(const std::string& text) {
  auto parsed = parse_json(text, "the answer");
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? parsed.value() : json::value{};
}

/// A server over a data directory, a repository, and definitions with a gate.
class beside_a_server : public testing::Test {
protected:
  beside_a_server() {
    make_repository(repo_, {{"README.md", "A repository.\n"}});
    fs::copy(fs::path{E2E_FIXTURES} / "definitions", definitions_, fs::copy_options::recursive);
    write_text(definitions_ + "/workflows/gated@1.yaml", a_gate);
    serve();
  }

  /// On the same port each time, as clients that wait for it need.
  void serve() {
    fs::remove(data_ + "/server.json");
    auto what = line({"serve", "--listen", "127.0.0.1:" + std::to_string(port_)});
    what.limit = std::chrono::seconds{120};
    server_ = std::make_unique<background_process>(what, home_ / "server.log");
    EXPECT_TRUE(wait_until(std::chrono::seconds{30}, [&] {
      return fs::exists(data_ + "/server.json");
    })) << read_text(home_ / "server.log");
  }

  void kill_server() {
    ::kill(server_->id(), SIGKILL);
    EXPECT_TRUE(wait_until(std::chrono::seconds{10}, [&] { return !server_->running(); }));
  }

  process_options line(std::vector<std::string> words) {
    std::vector<std::string> command{
        ACTOR_SHELL_BINARY, "--data-dir", data_, "--definitions", definitions_};
    command.insert(command.end(), words.begin(), words.end());
    process_options what;
    what.command = std::move(command);
    what.environment = clean_environment(home_.path());
    what.directory = home_.path();
    return what;
  }

  ended_process actor_shell(std::vector<std::string> words) {
    return run_process(line(std::move(words)));
  }

  ended_process run(const std::string& workflow, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"run",
                                   workflow,
                                   "--repo",
                                   repo_,
                                   "--requirements",
                                   "A note, please.",
                                   "--model",
                                   std::string{"scripted:"} + E2E_FIXTURES + "/note.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    return actor_shell(std::move(words));
  }

  /// Told of the server by its URL, with a data directory of its own.
  ended_process elsewhere(const std::vector<std::string>& words) {
    const auto endpoint = json_of(read_text(data_ + "/server.json"));
    const auto url = json::value_to<std::string>(endpoint.at("url"));
    auto what = line({"--server", url, "--token-file", data_ + "/token"});
    what.command[2] = home_ / "elsewhere";
    what.command.insert(what.command.end(), words.begin(), words.end());
    auto ended = run_process(what);
    EXPECT_FALSE(fs::exists(home_ / "elsewhere")) << "nothing is opened here";
    return ended;
  }

  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string data_ = home_ / "data";
  std::string definitions_ = home_ / "definitions";
  int port_ = free_port();
  std::unique_ptr<background_process> server_;
};

} // namespace ash::e2e
