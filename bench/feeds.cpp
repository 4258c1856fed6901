// The live feeds: `./dev bench feeds [--count FACTS] [--seconds N]`,
// `--replay`, `--live`, `--chaos`.
//   iterate            the log alone, its records read in pages: the baseline of the next two
//   replay             one client's frames of all facts, made and thrown away
//   replay, WebSocket  the same over a socket, read by a client beside it
//   live               from the moment at which an append of 1,000 a second was due to the client's
//                      receipt, over a WebSocket; beside it one synced append alone (sync_ms)
//   fan-out            one hot run to 5,000 and 10,000 WebSockets of another process: the events
//                      that its clients were sent beside those that were to be sent (baseline),
//                      and its memory a client
// With --replay, the first three alone; with --live, the fourth.
// With --chaos: 200 clients of the npm libraries on 20 live runs, cut and resumed while
// `actor-shell serve` is killed and started again (--count: the model's answers to each run).
#include "bench/report.hpp"
#include "events/codec/codec.hpp"
#include "events/log/rocksdb_log.hpp"
#include "gateway/http/server.hpp"
#include "gateway/live/live.hpp"
#include "tests/e2e/feed_chaos.hpp"
#include "tests/e2e/feed_runs.hpp"
#include "tests/e2e/feed_socket.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace ash::bench {
namespace {

const std::string token(32, 'a');

std::unique_ptr<log::event_log> open_log(const std::string& directory) {
  log::open_options options;
  options.directory = directory;
  return must(log::open_rocksdb_log(std::move(options)));
}

/// `count` facts of a model call's end to one run; the last one's version is `version`.
void append(log::event_log& log, std::uint64_t& version, std::uint64_t count) {
  log::append_request what;
  what.stream = what.root = e2e::feed_run(0);
  what.expected_version = version;
  what.at = system_now();
  what.entries.push_back({"", what.root.text(), "llm.call.completed", {}});
  for (std::uint64_t i = 0; i < count; ++i) {
    auto fact = codec::encode(turn::call_settled{{uuid{1, 2}}, {uuid{version, i}}, usd{123'456}});
    what.entries[0].facts.push_back({std::string{fact.type},
                                     fact.schema_version,
                                     log::durability::synced,
                                     std::move(fact.payload)});
  }
  must(log.append_now(std::move(what)));
  version += count;
}

/// The gateway over a log, in this process.
struct serving {
  explicit serving(log::event_log& log)
      : feeds{log}, live{{.feeds = feeds,
                          .commands = [](const auto&) { return gateway::response{}; },
                          .run_on_worker = [](const auto&) { return false; },
                          .is_token = [](std::string_view shown) { return shown == token; },
                          .fold = {},
                          .version = "bench"}} {
    gateway::server_options options;
    options.port = 0;
    options.token = token;
    gateway::services services;
    services.make_conversation = [this](const gateway::live_request& from) {
      return live.make_conversation(gateway::live_feeds::authorisation::given, from.request.client);
    };
    server = must(gateway::server::make(std::move(options), std::move(services)));
    server->start();
  }

  feed::broadcaster feeds;
  gateway::live_feeds live;
  std::unique_ptr<gateway::server> server;
};

/// All rows have the same columns; null where one says nothing.
boost::json::object row(std::string_view what) {
  return {{"what", what},
          {"clients", 1},
          {"events_per_s", nullptr},
          {"baseline", nullptr},
          {"ratio", nullptr},
          {"p50_ms", nullptr},
          {"p99_ms", nullptr},
          {"sync_ms", nullptr},
          {"kb_a_client", nullptr}};
}

double per_second(std::uint64_t count, std::int64_t since_us) {
  return static_cast<double>(count) * 1e6 / static_cast<double>(monotonic_us() - since_us);
}

boost::json::object rate_row(std::string_view what, double rate, double baseline) {
  auto out = row(what);
  out["events_per_s"] = rate;
  out["baseline"] = baseline;
  out["ratio"] = rate / baseline;
  return out;
}

bool is_event(std::string_view frame) {
  return frame.starts_with(R"({"type":"event")");
}

/// Thrown, so that a server process and its files end with the bench.
[[noreturn]] void cut_off() {
  throw std::runtime_error{"the server closed the connection of a client"};
}

// -- replay ---------------------------------------------------------------------------------------

double iterate(const log::event_log& log) {
  const auto began = monotonic_us();
  std::uint64_t seen = 0;
  for (const auto head = log.head(); seen < head;)
    seen = must(log.read(seen)).back().position;
  return per_second(seen, began);
}

double replay(serving& by, std::uint64_t facts) {
  const auto client = by.live.make_conversation(gateway::live_feeds::authorisation::given, "bench");
  client->on_message(R"({"type":"subscribe","id":"a","feed":"all"})");
  const auto began = monotonic_us();
  std::uint64_t seen = 0;
  while (seen < facts)
    if (const auto frame = client->next())
      seen += is_event(frame->head) ? 1 : 0;
  return per_second(seen, began);
}

double replay_over_a_socket(const serving& by, std::uint64_t facts) {
  const auto began = monotonic_us();
  e2e::feed_socket client{by.server->port(), token, "all", "0"};
  std::uint64_t seen = 0;
  while (seen < facts)
    if (!client.read([&](std::string_view frame) { seen += is_event(frame) ? 1 : 0; }))
      cut_off();
  return per_second(seen, began);
}

std::vector<boost::json::object> replays(const settings& how, scratch& in) {
  const auto facts = static_cast<std::uint64_t>(how.count == 0 ? 300'000 : how.count);
  const auto log = open_log(in.next());
  std::uint64_t version = 0;
  constexpr std::uint64_t facts_an_append = 1'000;
  while (log->head() < facts)
    append(*log, version, facts_an_append);
  serving by{*log};
  const auto bare = iterate(*log);
  return {rate_row("iterate", bare, bare),
          rate_row("replay", replay(by, log->head()), bare),
          rate_row("replay, WebSocket", replay_over_a_socket(by, log->head()), bare)};
}

// -- live -----------------------------------------------------------------------------------------

boost::json::object live(const settings& how, scratch& in) {
  constexpr std::int64_t interval_us = 1'000;
  const auto log = open_log(in.next());
  std::uint64_t version = 0;
  constexpr int alone = 200;
  const auto sync_began = monotonic_us();
  for (int i = 0; i < alone; ++i)
    append(*log, version, 1);
  const auto sync_ms = static_cast<double>(monotonic_us() - sync_began) / 1e3 / alone;

  serving by{*log};
  const auto facts = static_cast<std::uint64_t>(how.seconds * us_per_s / interval_us);
  const auto first = log->head() + 1;
  std::atomic<std::int64_t> began{0};
  std::vector<float> waits;
  std::atomic<bool> follows{false};
  std::thread client{[&] {
    e2e::feed_socket socket{by.server->port(), token, e2e::feed_run(0).text(), "\"now\""};
    std::uint64_t seen = 0;
    const auto take = [&](std::string_view frame) {
      follows = follows || frame.starts_with(R"({"type":"caught_up")");
      if (is_event(frame)) {
        const auto due = began + static_cast<std::int64_t>(seen++) * interval_us;
        waits.push_back(static_cast<float>(monotonic_us() - due) / 1e3F);
      }
    };
    while (seen < facts)
      if (!socket.read(take))
        cut_off();
  }};
  while (!follows)
    std::this_thread::yield();
  began = monotonic_us();
  for (std::uint64_t i = 0; i < facts; ++i) {
    const auto due = began + static_cast<std::int64_t>(i) * interval_us;
    if (const auto early = due - monotonic_us(); early > 0)
      std::this_thread::sleep_for(std::chrono::microseconds{early});
    // Without waiting for it: a slow sync holds up nobody but itself.
    log::append_request what;
    what.stream = what.root = e2e::feed_run(0);
    what.expected_version = first - 1 + i;
    what.at = system_now();
    auto fact = codec::encode(turn::call_settled{{uuid{1, 2}}, {uuid{3, i}}, usd{123'456}});
    what.entries = {{"", what.root.text(), "", {{std::string{fact.type}, 1, {}, fact.payload}}}};
    log->append(std::move(what), [](result<log::receipt> at) { must(std::move(at)); });
  }
  client.join();
  auto out = row("live, 1,000 a second");
  out["events_per_s"] = per_second(facts, began);
  out["p50_ms"] = quantile(waits, 0.5);
  out["p99_ms"] = quantile(waits, 0.99);
  out["sync_ms"] = sync_ms;
  return out;
}

// -- fan-out --------------------------------------------------------------------------------------

std::int64_t resident_bytes_of(pid_t process) {
  std::ifstream in{"/proc/" + std::to_string(process) + "/statm"};
  std::int64_t size = 0;
  std::int64_t resident = 0;
  in >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// The events that came in this time.
std::uint64_t events_in(e2e::feed_crowd& of, std::int64_t time_us) {
  std::uint64_t seen = 0;
  of.read_for(time_us,
              [&](std::size_t, std::string_view frame) { seen += is_event(frame) ? 1 : 0; });
  return seen;
}

/// Events a second, once they have caught up with what is offered a second (or can't).
double events_per_second(e2e::feed_crowd& of, std::int64_t seconds, double offered) {
  constexpr int most_seconds = 20;
  for (int i = 0; i < most_seconds; ++i)
    if (static_cast<double>(events_in(of, us_per_s)) <= 1.1 * offered)
      break;
  const auto began = monotonic_us();
  const auto seen = events_in(of, seconds * us_per_s);
  return per_second(seen, began);
}

boost::json::object fan_out(const settings& how, scratch& in, std::size_t clients) {
  const auto port = e2e::free_port();
  const auto directory = in.next();
  // Half of what two processors that server and clients share could send when this was written.
  constexpr std::size_t frames_per_s = 50'000;
  const auto facts_per_s = frames_per_s / clients;
  const auto offered = static_cast<double>(facts_per_s * clients);
  e2e::background_process server{{.command = {FEED_SERVER,
                                              directory,
                                              std::to_string(port),
                                              token,
                                              "1",
                                              "1000000000",
                                              std::to_string(facts_per_s)},
                                  .environment = {},
                                  .directory = {}},
                                 in.next()};
  if (!e2e::wait_until(std::chrono::seconds{30},
                       [&] { return !e2e::http_get(port, "/healthz").empty(); })) {
    fmt::print(stderr, "the server did not start\n");
    std::exit(1);
  }
  const auto before = resident_bytes_of(server.id());
  e2e::feed_crowd sockets{clients};
  constexpr std::size_t some = 100;
  for (std::size_t i = 0; i < clients; ++i) {
    sockets.add({port, token, e2e::feed_run(0).text(), "\"now\""});
    if (i % some == 0) // who takes nothing for long is cut off
      events_in(sockets, us_per_ms);
  }
  auto out = rate_row("fan-out, " + std::to_string(facts_per_s) + " a second",
                      events_per_second(sockets, how.seconds, offered),
                      offered);
  out["clients"] = clients;
  out["kb_a_client"] = static_cast<double>(resident_bytes_of(server.id()) - before) / 1024.0 /
                       static_cast<double>(clients);
  return out;
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// -- chaos ----------------------------------------------------------------------------------------

boost::json::object chaos(const settings& how, scratch& in) {
  e2e::chaos_options options;
  options.directory = in.next();
  e2e::fs::create_directories(options.directory);
  options.clients = 200;
  options.runs = 20;
  options.answers = static_cast<int>(how.count == 0 ? 30 : how.count);
  options.kills = 8;
  options.limit_s = 600;
  const auto report = e2e::run_chaos(options);
  if (!report.fault.empty()) {
    fmt::print(stderr, "{}\n", report.fault);
    std::exit(1);
  }
  return {{"clients", report.clients},
          {"runs", report.runs},
          {"facts", report.facts},
          {"events", report.events},
          {"snapshots", report.snapshots},
          {"cuts", report.cuts},
          {"losses", report.losses},
          {"kills", report.kills},
          {"gaps", report.gaps},
          {"reorders", report.reorders},
          {"duplicates", report.duplicates},
          {"strangers", report.strangers},
          {"wrong_prev", report.wrong_prev}};
}

int run(std::vector<const char*> arguments) {
  const auto asked = [&](std::string_view name) {
    return std::erase_if(arguments, [&](const char* each) { return name == each; }) > 0;
  };
  const bool chaos_alone = asked("--chaos");
  const bool replays_alone = asked("--replay");
  const bool live_alone = asked("--live");
  const auto how = read_arguments(static_cast<int>(arguments.size()), arguments.data(), "feeds");
  scratch in{how};
  std::vector<boost::json::object> rows;
  if (chaos_alone) {
    rows.push_back(chaos(how, in));
  } else if (replays_alone) {
    rows = replays(how, in);
  } else if (live_alone) {
    rows.push_back(live(how, in));
  } else {
    allow_many_files();
    // First, while the disk has nothing else to do than its syncs.
    auto waits = live(how, in);
    rows = replays(how, in);
    rows.push_back(std::move(waits));
    for (const std::size_t clients : {5'000, 10'000})
      rows.push_back(fan_out(how, in, clients));
  }
  print(how, "feeds", rows);
  return 0;
}

} // namespace
} // namespace ash::bench

int main(int argc, char** argv) {
  try {
    return ash::bench::run({argv, argv + argc});
  } catch (const std::exception& why) {
    std::fprintf(stderr, "%s\n", why.what());
    return 1;
  }
}
