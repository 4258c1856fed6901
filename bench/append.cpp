// How many facts a second become durable through the shells, and how long an answer takes, with 1
// to 10,000 live budget scopes and one client a scope that waits for its answer. Beside it, RocksDB
// alone: the very keys and values that the shells wrote, in synced batches of the same size.
#include "actors/shells/shells.hpp"
#include "bench/no_effects.hpp"
#include "bench/report.hpp"
#include "events/log/rocksdb_log.hpp"
#include "events/log/rocksdb_tables.hpp"

#include <atomic>
#include <cstdlib>
#include <fmt/core.h>
#include <thread>

namespace ash::bench {
namespace {

template <class T> T must(result<T> from) {
  if (!from) {
    fmt::print(stderr, "{}\n", to_string(from.error()));
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(from).value();
}

/// Reserves and settles in one scope, again and again, one command at a time.
class client {
public:
  client(entity_directory& shells, std::uint64_t number)
      : shells_(shells), number_(number), scope_("bench:" + std::to_string(number)),
        stream_(stream_of_budget(scope_)) {}

  /// Until `stop` is set. `done` counts the clients that have come to their end.
  void run(const std::atomic<bool>& measuring,
           const std::atomic<bool>& stop,
           std::atomic<std::size_t>& done) {
    if (stop) {
      ++done;
      return;
    }
    const auto sent = monotonic_us();
    shells_.tell(
        stream_, stream_, next(), [this, sent, &measuring, &stop, &done](result<void> with) {
          must(std::move(with));
          if (measuring)
            waits.push_back(static_cast<float>(monotonic_us() - sent) / 1'000.0F);
          run(measuring, stop, done);
        });
  }

  std::vector<float> waits; ///< ms

private:
  command_envelope next() {
    const call_id call{uuid{number_, told_ / 2}};
    const auto id = (told_ % 2 == 0 ? "reserve:" : "settle:") + to_string(call);
    const usd price{1'000};
    any_command what;
    if (told_++ % 2 == 0)
      what = budget::reserve{call, stream_, price, {scope_, usd{INT64_MAX / 2}, {}}};
    else
      what = budget::settle{call, price};
    return {id, stream_.text(), id, system_now(), std::move(what)};
  }

  entity_directory& shells_;
  std::uint64_t number_;
  std::string scope_;
  stream_id stream_;
  std::uint64_t told_ = 0;
};

struct measured {
  double facts_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double facts_per_sync = 0;
};

measured through_shells(const std::string& directory, std::size_t entities, std::int64_t seconds) {
  auto log = must(log::open_rocksdb_log({.directory = directory}));
  auto system =
      must(shells::start(*log, [](entity_directory&) { return std::make_unique<no_effects>(); }));
  std::vector<std::unique_ptr<client>> clients;
  std::atomic<bool> measuring{false};
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> done{0};
  for (std::size_t i = 0; i < entities; ++i)
    clients.push_back(std::make_unique<client>(*system, i + 1));
  for (auto& each : clients)
    each->run(measuring, stop, done);
  std::this_thread::sleep_for(
      std::chrono::seconds{1}); // every scope is live, and the caches are warm
  const auto syncs = must(log->stats()).sync_count;
  const auto head = log->head();
  const auto begin = monotonic_us();
  measuring = true;
  std::this_thread::sleep_for(std::chrono::seconds{seconds});
  measuring = false;
  const auto facts = static_cast<double>(log->head() - head);
  const auto took = static_cast<double>(monotonic_us() - begin) / 1e6;
  const auto synced = static_cast<double>(must(log->stats()).sync_count - syncs);
  stop = true;
  while (done < entities)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  system->stop(std::chrono::seconds{10});
  std::vector<float> waits;
  for (const auto& each : clients)
    waits.insert(waits.end(), each->waits.begin(), each->waits.end());
  return {facts / took, quantile(waits, 0.5), quantile(waits, 0.99), facts / std::max(synced, 1.0)};
}

// -- RocksDB alone --------------------------------------------------------------------------------

using pairs = std::vector<std::pair<std::string, std::string>>;

struct copied_tables {
  std::array<pairs, log::table_names.size()> of; ///< by table
};

copied_tables copy(const std::string& directory) {
  constexpr std::size_t most = 100'000;
  const auto from =
      must(log::open_rocksdb_tables({directory, log::rocksdb_mode::read_only, nullptr}));
  const auto view = from->newest();
  copied_tables out;
  for (std::size_t t = 0; t < out.of.size(); ++t) {
    const auto cursor = view->cursor(static_cast<log::table>(t));
    for (cursor->seek(""); cursor->valid() && out.of[t].size() < most; cursor->next())
      out.of[t].emplace_back(cursor->key(), cursor->value());
  }
  return out;
}

/// Writes what `from` holds: `facts` records a batch, and with them a key in each index and a new
/// head of its stream a record, as the log does where an append has one fact; one sync a batch.
double alone(const std::string& directory, const copied_tables& from, std::size_t facts) {
  auto to = must(log::open_rocksdb_tables({directory, log::rocksdb_mode::create, nullptr}));
  const auto records = from.of[static_cast<std::size_t>(log::table::records)].size();
  const auto put_next = [&](log::table_batch& batch, log::table into, std::size_t n) {
    const auto& all = from.of[static_cast<std::size_t>(into)];
    if (!all.empty()) {
      const auto& [key, value] = all[n % all.size()];
      batch.put(into, key, value);
    }
  };
  const auto batch = to->new_batch();
  const auto begin = monotonic_us();
  for (std::size_t at = 0; at < records; at += facts) {
    batch->clear();
    for (auto n = at; n < std::min(at + facts, records); ++n)
      for (const auto into : {log::table::records,
                              log::table::by_stream,
                              log::table::by_root,
                              log::table::keys,
                              log::table::heads})
        put_next(*batch, into, n);
    put_next(*batch, log::table::meta, 0);
    must(to->write(*batch));
    must(to->sync());
    // Slow disks: enough is known after a few seconds.
    if (monotonic_us() - begin > 5 * us_per_s)
      return static_cast<double>(at + facts) * 1e6 / static_cast<double>(monotonic_us() - begin);
  }
  return static_cast<double>(records) * 1e6 / static_cast<double>(monotonic_us() - begin);
}

/// Milliseconds of one synced write of one fact.
double one_sync_ms(const std::string& directory, const copied_tables& from) {
  return 1e3 / alone(directory, from, 1);
}

boost::json::object row(scratch& files, std::size_t entities, std::int64_t seconds) {
  const auto directory = files.next();
  const auto shells = through_shells(directory, entities, seconds);
  const auto tables = copy(directory);
  const auto batch =
      std::max<std::size_t>(static_cast<std::size_t>(shells.facts_per_sync + 0.5), 1);
  const auto baseline = alone(files.next(), tables, batch);
  return {{"entities", entities},
          {"facts_per_s", shells.facts_per_s},
          {"p50_ms", shells.p50_ms},
          {"p99_ms", shells.p99_ms},
          {"baseline", baseline},
          {"ratio", shells.facts_per_s / baseline},
          {"facts_per_sync", shells.facts_per_sync},
          {"one_sync_ms", one_sync_ms(files.next(), tables)}};
}

} // namespace
} // namespace ash::bench

int main(int argc, char** argv) {
  using namespace ash::bench;
  const auto how = read_arguments(argc, argv, "append");
  scratch files{how};
  std::vector<boost::json::object> rows;
  if (how.count > 0)
    rows.push_back(row(files, static_cast<std::size_t>(how.count), how.seconds));
  else
    for (const std::size_t entities : {1, 64, 1'000, 10'000})
      rows.push_back(row(files, entities, how.seconds));
  print(how, "append", rows);
}
