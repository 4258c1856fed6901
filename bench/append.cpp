// How many facts a second become durable through the shells, and how long an answer takes, with 1
// to 10,000 live budget scopes. Three measurements a row, in this order:
//   p50_ms, p99_ms                open loop: a command is due every now and then, offered_per_s of
//                                 them, whatever the answers take; a wait counts from the moment at
//                                 which its command was due
//   facts_per_s, facts_per_sync   closed loop: one client a scope, which sends its next command
//                                 when it has its answer, so that the log is never without work (a
//                                 wait there would only say how many clients wait)
//   half_p99_ms                   open loop at half of that rate, at once: the log is still sorting
//                                 what came before
// Beside it RocksDB alone (baseline): the very keys and values that the shells wrote, in their
// order, in synced batches of facts_per_sync; baseline_p99_ms is its wait at offered_per_s, each
// batch being what has come due while the one before it was synced; disk_p99_ms is that of the same
// bytes in one file, written and synced by a thread that does nothing else. sync_ms is one fact
// written and synced alone.
#include "actors/shells/shells.hpp"
#include "bench/no_effects.hpp"
#include "bench/report.hpp"
#include "events/base/check.hpp"
#include "events/log/record_codec.hpp"
#include "events/log/rocksdb_log.hpp"
#include "events/log/rocksdb_tables.hpp"

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

namespace ash::bench {
namespace {

/// Of each scope while waits are measured: more than an agent ever says, whose facts are model
/// calls, tools and decisions. Of all together at least `least_offered_per_s`.
constexpr double said_per_s = 2;
constexpr double least_offered_per_s = 1'000;

/// What the clients of a measurement share.
struct course {
  std::atomic<bool> is_measured{false};
  std::atomic<bool> is_over{false}; ///< nobody sends a next command
  std::atomic<std::size_t> unanswered{0};
};

/// Reserves and settles in one scope, again and again.
class client {
public:
  client(entity_directory& shells, course& on, std::uint64_t number)
      : shells_(shells), course_(on), number_(number), scope_("bench:" + std::to_string(number)),
        stream_(stream_of_budget(scope_)) {}

  /// One command after the other, each when the one before it is answered.
  void send_on_answer() {
    const auto sent = monotonic_us();
    ++course_.unanswered;
    shells_.tell(stream_, stream_, next(), [this, sent](result<void> with) {
      answered(std::move(with), sent);
      if (!course_.is_over)
        send_on_answer();
      --course_.unanswered;
    });
  }

  /// One command, which was due at `due_us`.
  void send(std::int64_t due_us) {
    ++course_.unanswered;
    shells_.tell(stream_, stream_, next(), [this, due_us](result<void> with) {
      answered(std::move(with), due_us);
      --course_.unanswered;
    });
  }

  std::vector<float> waits; ///< ms; while nothing is unanswered

private:
  void answered(result<void> with, std::int64_t since_us) {
    must(std::move(with));
    if (course_.is_measured.load(std::memory_order_relaxed))
      waits.push_back(static_cast<float>(monotonic_us() - since_us) / 1'000.0F);
  }

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
  course& course_;
  std::uint64_t number_;
  std::string scope_;
  stream_id stream_;
  std::uint64_t told_ = 0;
};

using clients = std::vector<std::unique_ptr<client>>;

void wait_for_answers(const course& on) {
  while (on.unanswered != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

struct measured {
  double facts_per_s = 0;
  double facts_per_sync = 0;
  double offered_per_s = 0; ///< while the waits were measured
  double p50_ms = 0;
  double p99_ms = 0;
  double half_p99_ms = 0; ///< at half of facts_per_s
};

void measure_rate(
    log::event_log& log, const clients& all, course& on, std::int64_t seconds, measured& out) {
  on.is_over = false;
  for (const auto& each : all)
    each->send_on_answer();
  // The caches are warm then.
  std::this_thread::sleep_for(std::chrono::seconds{1});
  const auto syncs = must(log.stats()).sync_count;
  const auto head = log.head();
  const auto begin = monotonic_us();
  std::this_thread::sleep_for(std::chrono::seconds{seconds});
  const auto facts = static_cast<double>(log.head() - head);
  const auto took = static_cast<double>(monotonic_us() - begin) / 1e6;
  const auto synced = static_cast<double>(must(log.stats()).sync_count - syncs);
  on.is_over = true;
  wait_for_answers(on);
  out.facts_per_s = facts / took;
  out.facts_per_sync = facts / std::max(synced, 1.0);
}

/// All waits in ms, `offered_per_s` commands to scope after scope.
std::vector<float>
waits_at(const clients& all, course& on, std::int64_t seconds, double offered_per_s) {
  on.is_measured = true;
  const auto begin = monotonic_us();
  const auto count =
      std::max(static_cast<std::size_t>(offered_per_s * static_cast<double>(seconds)), 1UL);
  for (std::size_t sent = 0; sent < count;) {
    const auto due =
        begin + static_cast<std::int64_t>(static_cast<double>(sent) * 1e6 / offered_per_s);
    if (due > monotonic_us()) {
      std::this_thread::sleep_for(std::chrono::microseconds{200});
      continue;
    }
    all[sent++ % all.size()]->send(due);
  }
  wait_for_answers(on);
  on.is_measured = false;
  std::vector<float> waits;
  for (const auto& each : all) {
    waits.insert(waits.end(), each->waits.begin(), each->waits.end());
    each->waits.clear();
  }
  return waits;
}

measured through_shells(const std::string& directory, std::size_t entities, std::int64_t seconds) {
  auto log = must(log::open_rocksdb_log({.directory = directory}));
  auto system =
      must(shells::start(*log, [](entity_directory&) { return std::make_unique<no_effects>(); }));
  course on;
  clients all;
  for (std::size_t i = 0; i < entities; ++i)
    all.push_back(std::make_unique<client>(*system, on, i + 1));
  // Every scope is live then.
  for (const auto& each : all)
    each->send(monotonic_us());
  wait_for_answers(on);
  measured out;
  out.offered_per_s = std::max(least_offered_per_s, said_per_s * static_cast<double>(entities));
  auto waits = waits_at(all, on, seconds, out.offered_per_s);
  out.p50_ms = quantile(waits, 0.5);
  out.p99_ms = quantile(waits, 0.99);
  measure_rate(*log, all, on, seconds, out);
  waits = waits_at(all, on, seconds, out.facts_per_s / 2);
  out.half_p99_ms = quantile(waits, 0.99);
  system->stop(std::chrono::seconds{10});
  return out;
}

// -- RocksDB alone --------------------------------------------------------------------------------

struct pair {
  log::table into;
  std::string key;
  std::string value;
};

/// What the log wrote for each record, in the order of positions: where each append has one fact,
/// that is a key in each index, the idempotency key and the stream's head besides the record.
std::vector<pair> copy(const std::string& directory) {
  constexpr std::size_t most = 100'000;
  const auto log =
      must(log::open_rocksdb_log({.directory = directory, .mode = log::open_mode::reader}));
  const auto from =
      must(log::open_rocksdb_tables({directory, log::rocksdb_mode::read_only, nullptr}));
  const auto view = from->newest();
  std::vector<pair> out;
  const auto take = [&](log::table table, std::string key) {
    std::string value;
    // The second fact of an append has no index entries of its own.
    if (must(view->get(table, key, value)))
      out.push_back({table, std::move(key), std::move(value)});
  };
  std::uint64_t taken = 0;
  for (std::uint64_t at = 0; taken < most;) {
    const auto page = must(log->read(at));
    if (page.empty())
      return out;
    for (const auto& each : page) {
      at = each.position;
      ++taken;
      take(log::table::records, log::position_key(each.position));
      take(log::table::by_stream, log::index_key(each.stream, each.version));
      take(log::table::by_root, log::index_key(each.root, each.position));
      take(log::table::keys, log::idempotency_table_key(each.stream, each.idempotency_key));
      take(log::table::heads, each.stream.text());
    }
  }
  return out;
}

/// Writes `from` in batches of `facts` records, each with one sync. Facts a second, over all of
/// `from` or the first `seconds`.
double alone(const std::string& directory,
             const std::vector<pair>& from,
             std::size_t facts,
             std::int64_t seconds) {
  auto to = must(log::open_rocksdb_tables({directory, log::rocksdb_mode::create, nullptr}));
  const auto batch = to->new_batch();
  std::size_t written = 0;
  const auto begin = monotonic_us();
  for (std::size_t next = 0; next < from.size() && monotonic_us() - begin < seconds * us_per_s;) {
    batch->clear();
    for (std::size_t records = 0; next < from.size(); ++next) {
      const auto& each = from[next];
      if (each.into == log::table::records && records++ == facts)
        break;
      batch->put(each.into, each.key, each.value);
      written += each.into == log::table::records ? 1U : 0U;
    }
    must(to->write(*batch));
    must(to->sync());
  }
  return static_cast<double>(written) * 1e6 / static_cast<double>(monotonic_us() - begin);
}

/// How long a record waits at `offered_per_s`, from when it is due until its batch is durable: the
/// 99th of 100, in ms. A batch is given to `put` pair by pair, and then made durable by `sync`.
template <class Put, class Sync>
double p99_of_waits(
    const std::vector<pair>& from, double offered_per_s, std::int64_t seconds, Put put, Sync sync) {
  std::vector<float> waits;
  const auto begin = monotonic_us();
  const auto due_us = [&](std::size_t record) {
    return begin + static_cast<std::int64_t>(static_cast<double>(record) * 1e6 / offered_per_s);
  };
  std::size_t records = 0;
  for (std::size_t next = 0; monotonic_us() - begin < seconds * us_per_s;) {
    const auto now = monotonic_us();
    if (due_us(records) > now) {
      std::this_thread::sleep_for(std::chrono::microseconds{200});
      continue;
    }
    const auto first = records;
    for (;; ++next) {
      const auto& each = from[next % from.size()];
      if (each.into == log::table::records && due_us(records) > now)
        break;
      put(each);
      records += each.into == log::table::records ? 1U : 0U;
    }
    sync();
    const auto done = monotonic_us();
    for (auto each = first; each < records; ++each)
      waits.push_back(static_cast<float>(done - due_us(each)) / 1'000.0F);
  }
  return quantile(waits, 0.99);
}

double alone_p99(const std::string& directory,
                 const std::vector<pair>& from,
                 double offered_per_s,
                 std::int64_t seconds) {
  auto to = must(log::open_rocksdb_tables({directory, log::rocksdb_mode::create, nullptr}));
  const auto batch = to->new_batch();
  return p99_of_waits(
      from,
      offered_per_s,
      seconds,
      [&](const pair& each) { batch->put(each.into, each.key, each.value); },
      [&] {
        must(to->write(*batch));
        must(to->sync());
        batch->clear();
      });
}

/// The disk alone: the same bytes, added to one file that nobody sorts.
double disk_p99(const std::string& file,
                const std::vector<pair>& from,
                double offered_per_s,
                std::int64_t seconds) {
  const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  std::string bytes;
  const auto out = p99_of_waits(
      from,
      offered_per_s,
      seconds,
      [&](const pair& each) { bytes.append(each.key).append(each.value); },
      [&] {
        const auto size = static_cast<ssize_t>(bytes.size());
        check(::write(to, bytes.data(), bytes.size()) == size && ::fdatasync(to) == 0,
              "the disk did not take what it was given");
        bytes.clear();
      });
  ::close(to);
  return out;
}

boost::json::object row(scratch& files, std::size_t entities, std::int64_t seconds) {
  const auto directory = files.next();
  const auto shells = through_shells(directory, entities, seconds);
  const auto pairs = copy(directory);
  const auto batch = static_cast<std::size_t>(std::max(std::lround(shells.facts_per_sync), 1L));
  const auto baseline = alone(files.next(), pairs, batch, seconds);
  return {{"entities", entities},
          {"facts_per_s", shells.facts_per_s},
          {"baseline", baseline},
          {"ratio", shells.facts_per_s / baseline},
          {"facts_per_sync", shells.facts_per_sync},
          {"offered_per_s", shells.offered_per_s},
          {"p50_ms", shells.p50_ms},
          {"p99_ms", shells.p99_ms},
          {"baseline_p99_ms", alone_p99(files.next(), pairs, shells.offered_per_s, seconds)},
          {"disk_p99_ms", disk_p99(files.next(), pairs, shells.offered_per_s, seconds)},
          {"half_p99_ms", shells.half_p99_ms},
          {"sync_ms", 1e3 / alone(files.next(), pairs, 1, 1)}};
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
    for (const std::size_t entities : {1UL, 64UL, 1'000UL, 10'000UL})
      rows.push_back(row(files, entities, how.seconds));
  print(how, "append", rows);
}
