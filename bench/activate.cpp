// What live entities cost: memory and time of 100,000 session actors, first made, then resting,
// then loaded again from the log.
#include "actors/shells/shells.hpp"
#include "bench/no_effects.hpp"
#include "bench/report.hpp"
#include "events/log/rocksdb_log.hpp"

#include <atomic>
#include <cstdlib>
#include <fmt/core.h>
#include <thread>

namespace ash::bench {
namespace {

constexpr std::uint64_t window = 2'000; ///< commands that wait for an answer at once

session_id session_number(std::uint64_t n) {
  return {uuid{7, n + 1}};
}

command_envelope create(std::uint64_t n) {
  session::create what;
  what.what.session = session_number(n);
  what.what.project_key = "bench";
  agent_terms agent;
  agent.persona = "bench@1";
  agent.system_prompt = "You answer in one sentence.";
  agent.models = {{"scripted:bench", usd{1}, usd{1}, usd{1}, true}};
  what.what.agent = std::move(agent);
  return {"create", "bench", "bench", system_now(), std::move(what)};
}

/// Tells `count` sessions something, and waits until all have answered. Returns seconds.
template <class Make> double tell_all(shells& system, std::uint64_t count, const Make& make) {
  std::atomic<std::uint64_t> answered{0};
  const auto begin = monotonic_us();
  for (std::uint64_t n = 0; n < count; ++n) {
    const auto stream = stream_of(session_number(n));
    system.tell(stream, stream, make(n), [&](result<void> with) {
      if (!with) {
        fmt::print(stderr, "{}\n", to_string(with.error()));
        std::exit(1);
      }
      ++answered;
    });
    while (n - answered > window && answered <= n)
      std::this_thread::yield();
  }
  while (answered < count)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return static_cast<double>(monotonic_us() - begin) / 1e6;
}

void measure(const settings& how, std::vector<boost::json::object>& rows) {
  const auto count = static_cast<std::uint64_t>(how.count > 0 ? how.count : 100'000);
  scratch files{how};
  auto log = log::open_rocksdb_log({.directory = files.next()});
  if (!log) {
    fmt::print(stderr, "{}\n", to_string(log.error()));
    std::exit(1);
  }
  const auto before = resident_bytes();
  shells_options options;
  options.idle_ms = 3'600'000;
  options.max_live = count + 1;
  const auto start = [&] {
    return shells::start(
               *log.value(),
               [](entity_directory&) { return std::make_unique<no_effects>(); },
               options)
        .value();
  };
  const auto add = [&](const char* state, double seconds, std::uint64_t live) {
    const auto resident = resident_bytes();
    rows.push_back(
        {{"state", state},
         {"sessions", count},
         {"live", live},
         {"seconds", seconds},
         {"per_s", seconds > 0 ? static_cast<double>(count) / seconds : 0.0},
         {"rss_mb", static_cast<double>(resident) / 1e6},
         {"bytes_each", live > 0 ? (resident - before) / static_cast<std::int64_t>(live) : 0}});
  };
  const auto live = [](const shells& of) -> std::uint64_t {
    return of.stats().live[static_cast<std::size_t>(entity_kind::session)];
  };
  auto system = start();
  const auto made = tell_all(*system, count, create);
  add("made", made, live(*system));
  const auto begin = monotonic_us();
  system->stop(std::chrono::seconds{60});
  system.reset();
  const auto took = static_cast<double>(monotonic_us() - begin) / 1e6;
  // The allocator gives back what has been free for a second.
  std::this_thread::sleep_for(std::chrono::seconds{3});
  add("resting", took, 0);
  system = start();
  // A repeated command: nothing is appended, the entity is only loaded from the log.
  const auto loaded = tell_all(*system, count, create);
  add("loaded again", loaded, live(*system));
}

} // namespace
} // namespace ash::bench

int main(int argc, char** argv) {
  using namespace ash::bench;
  const auto how = read_arguments(argc, argv, "activate");
  std::vector<boost::json::object> rows;
  measure(how, rows);
  print(how, "activate", rows);
}
