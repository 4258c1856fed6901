// How many facts a second are projected into read models, in SQLite and in Postgres: a whole fold
// of a log on disk, from reading it to the swap. Beside it (baseline) the store alone: the very
// rows that came of it, written once, in batches as large, by the same statements into the same
// tables (many rows in a transaction; prepared `insert … select from unnest`). The fold writes some
// rows more than once, for later batches change them: `writes_per_row` says how often.
#include "bench/report.hpp"
#include "events/log/rocksdb_log.hpp"
#include "projections/generation.hpp"
#include "projections/projector.hpp"
#include "projections/verify.hpp"
#include "tests/projections/history.hpp"
#include "tests/projections/postgres.hpp"

#include <cstdlib>
#include <fmt/core.h>
#include <thread>

namespace ash::bench {
namespace {

using namespace projections;

constexpr std::size_t batch_rows = 2'000;

/// A log of whole runs and conversations, at least `facts` of them.
void write_history(log::event_log& to, std::uint64_t facts) {
  constexpr int writers = 32; // at once, so that they share syncs
  std::vector<std::thread> all;
  for (int i = 0; i < writers; ++i)
    all.emplace_back([&to, facts, i] {
      const auto name = std::to_string(i);
      projections::testing::history past{to, "bench:" + name};
      for (int n = 0; to.head() < facts; ++n) {
        const auto each = name + ":" + std::to_string(n);
        past.add_run(each);
        if (n % 4 == 0)
          past.add_session(each);
      }
    });
  for (auto& each : all)
    each.join();
}

struct kept_table {
  table_shape shape;
  std::vector<row> rows;
};

/// What a store holds after a fold.
std::vector<kept_table> read_all(store& from, const std::vector<projections::view*>& views) {
  const auto at = must(from.connect());
  const auto live = must(find_generation(*at, generation_state::live));
  std::vector<kept_table> out;
  for (const auto* each : views)
    for (const auto* table : each->tables()) {
      const auto& shape = table->shape();
      out.push_back({shape,
                     must(at->query("select " + column_list(shape) + " from " +
                                    live->table(shape.name) + " order by seq"))});
    }
  return out;
}

/// Seconds to write `all` into empty tables.
double write_alone(store& to,
                   const log::event_log& of,
                   const std::vector<projections::view*>& views,
                   const std::vector<kept_table>& all) {
  const auto at = must(to.connect());
  must(at->claim());
  must(migrate(*at));
  const auto where = must(choose_generation(*at, of, views, choice::fresh)).which;
  const auto begin = monotonic_us();
  for (const auto& each : all)
    for (std::size_t next = 0; next < each.rows.size(); next += batch_rows) {
      const std::span rows{each.rows};
      must(at->begin(transaction::write));
      must(at->upsert(each.shape,
                      where.table(each.shape.name),
                      rows.subspan(next, std::min(batch_rows, rows.size() - next))));
      must(at->commit());
    }
  return static_cast<double>(monotonic_us() - begin) / 1e6;
}

/// Each given an empty store.
boost::json::object
measure(const char* name, const log::event_log& from, store& folded, store& alone) {
  const auto begin = monotonic_us();
  std::uint64_t written = 0;
  {
    const auto at = must(folded.connect());
    must(at->claim());
    must(migrate(*at));
    writer with{from};
    const auto where = must(choose_generation(*at, from, with.views(), choice::fresh));
    must(with.open(*at, where.which));
    while (must(with.step(from.head())) > 0) {
    }
    for (const auto each : with.rows())
      written += each;
  }
  const auto took = static_cast<double>(monotonic_us() - begin) / 1e6;
  const writer shapes{from};
  const auto all = read_all(folded, shapes.views());
  std::size_t rows = 0;
  for (const auto& each : all)
    rows += each.rows.size();
  const auto facts = static_cast<double>(from.head());
  const auto bare = write_alone(alone, from, shapes.views(), all);
  return {{"store", name},
          {"facts", from.head()},
          {"rows", rows},
          {"facts_per_s", facts / took},
          {"rows_per_s", static_cast<double>(rows) / took},
          {"baseline", facts / bare},
          {"ratio", bare / took},
          {"writes_per_row", static_cast<double>(written) / static_cast<double>(rows)}};
}

} // namespace
} // namespace ash::bench

int main(int argc, char** argv) {
  using namespace ash;
  using namespace ash::bench;
  const auto how = read_arguments(argc, argv, "project");
  scratch files{how};
  const auto log = must(log::open_rocksdb_log({.directory = files.next()}));
  write_history(*log, how.count > 0 ? static_cast<std::uint64_t>(how.count) : 200'000);
  std::vector<boost::json::object> rows;
  rows.push_back(measure("sqlite",
                         *log,
                         *projections::make_sqlite_store(files.next()),
                         *projections::make_sqlite_store(files.next())));
  auto& server = projections::testing::postgres::running();
  rows.push_back(measure("postgres",
                         *log,
                         *must(projections::make_postgres_store(server.new_database())),
                         *must(projections::make_postgres_store(server.new_database()))));
  print(how, "project", rows);
}
