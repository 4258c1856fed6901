// A server to be killed: the real log, feeds and gateway, and one writer that appends facts to some
// runs at a rate until the log has so many; then it goes on serving. Started again, it goes on
// where the log ends.
//   e2e_feed_server DIRECTORY PORT TOKEN RUNS FACTS FACTS_PER_SECOND
#include "events/codec/codec.hpp"
#include "events/log/rocksdb_log.hpp"
#include "gateway/http/server.hpp"
#include "gateway/live/live.hpp"
#include "tests/e2e/feed_runs.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace ash::e2e {
namespace {

template <class T> T must(result<T> from) {
  if (!from) {
    std::fprintf(stderr, "%s\n", to_string(from.error()).c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(from).value();
}

/// The fact at a position: which stream it goes to follows from the position alone, and the last
/// facts close the runs.
void write(log::event_log& log, std::uint64_t position, std::uint64_t runs, std::uint64_t facts) {
  const auto run = (position - 1) % runs;
  const auto is_last = position + runs > facts;
  const auto is_beneath = !is_last && position / runs % 2 == 1;
  log::append_request what;
  what.root = feed_run(run);
  what.stream = is_beneath ? feed_phase(run) : what.root;
  const auto head = must(log.find_stream(what.stream));
  what.expected_version = head ? head->version : 0;
  what.at = system_now();
  what.status = is_last ? log::stream_status::closed : log::stream_status::open;
  auto bytes = codec::encode(session::titled{"fact " + std::to_string(position)});
  what.entries = {{"",
                   what.root.text(),
                   "writer",
                   {{std::string{bytes.type},
                     bytes.schema_version,
                     log::durability::synced,
                     std::move(bytes.payload)}}}};
  must(log.append_now(std::move(what)));
}

int serve(char** arguments) {
  const std::string token = arguments[3];
  const auto runs = std::stoull(arguments[4]);
  const auto facts = std::stoull(arguments[5]);
  const auto pause = std::chrono::microseconds{1'000'000 / std::stoll(arguments[6])};

  log::open_options options;
  options.directory = arguments[1];
  const auto log = must(log::open_rocksdb_log(std::move(options)));
  while (log->head() < runs)
    write(*log, log->head() + 1, runs, facts); // so that every run can be followed

  feed::broadcaster feeds{*log, {.ring_bytes = std::size_t{256} << 10}};
  gateway::live_feeds live{{.feeds = feeds,
                            .commands = [](const gateway::request&) { return gateway::response{}; },
                            .run_on_worker = [](const auto&) { return false; },
                            .is_token = [&](std::string_view shown) { return shown == token; },
                            .fold = {},
                            .version = "test"}};
  gateway::server_options serving;
  serving.port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
  serving.token = token;
  gateway::services services;
  services.make_conversation = [&](const gateway::live_request& from) {
    return live.make_conversation(from.authorised ? gateway::live_feeds::authorisation::given
                                                  : gateway::live_feeds::authorisation::wanted,
                                  from.request.client);
  };
  services.make_sse = [&](const gateway::live_request& from) {
    return live.make_sse(from.request);
  };
  const auto server = must(gateway::server::make(std::move(serving), std::move(services)));
  server->start();

  while (log->head() < facts) {
    write(*log, log->head() + 1, runs, facts);
    std::this_thread::sleep_for(pause);
  }
  while (true) // until it is killed
    std::this_thread::sleep_for(std::chrono::hours{1});
}

} // namespace
} // namespace ash::e2e

int main(int count, char** arguments) {
  return count == 7 ? ash::e2e::serve(arguments) : 2;
}
