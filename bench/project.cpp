// How many facts a second are projected into read models, in SQLite and in Postgres: a whole fold
// of a log on disk, from reading it to the last commit. Beside it (baseline) the store alone: the
// very rows that came of it, written once, table by table, into the same tables (many rows in a
// transaction; prepared `insert … select from unnest`); for Postgres also by COPY, which can't
// replace a row. The fold writes some rows more than once, for later batches change them:
// `writes_per_row` says how often. Each row is the round with the middle ratio of several.
#include "bench/report.hpp"
#include "events/log/rocksdb_log.hpp"
#include "projections/generation.hpp"
#include "projections/projector.hpp"
#include "projections/verify.hpp"
#include "tests/projections/history.hpp"
#include "tests/projections/postgres.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <thread>

namespace ash::bench {
namespace {

using namespace projections;

constexpr std::size_t batch_rows = 2'000;
constexpr int rounds = 5;

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

/// Gives each batch of `all`, for an empty table, to `write_batch`. Seconds.
template <class Write>
double time_to_write(connection& at,
                     const log::event_log& of,
                     const std::vector<projections::view*>& views,
                     const std::vector<kept_table>& all,
                     Write write_batch) {
  must(at.claim());
  must(migrate(at));
  const auto where = must(choose_generation(at, of, views, choice::fresh)).which;
  const auto begin = monotonic_us();
  for (const auto& each : all)
    for (std::size_t next = 0; next < each.rows.size(); next += batch_rows) {
      const std::span rows{each.rows};
      write_batch(each.shape,
                  where.table(each.shape.name),
                  rows.subspan(next, std::min(batch_rows, rows.size() - next)));
    }
  return static_cast<double>(monotonic_us() - begin) / 1e6;
}

using write_rows = result<void> (connection::*)(const table_shape&,
                                                const std::string&,
                                                std::span<const row>);

double write_alone(store& to,
                   const log::event_log& of,
                   const std::vector<projections::view*>& views,
                   const std::vector<kept_table>& all,
                   write_rows how) {
  const auto at = must(to.connect());
  return time_to_write(*at, of, views, all, [&](auto& shape, const auto& table, auto rows) {
    must(at->begin(transaction::write));
    must((*at.*how)(shape, table, rows));
    must(at->commit());
  });
}

/// What a fold took, and what it made.
struct measured {
  double seconds = 0;
  double writes = 0;
  double rows = 0;
  std::vector<kept_table> all;
};

/// Into an empty store.
measured fold(const log::event_log& from, store& to) {
  measured out;
  writer with{from};
  {
    const auto at = must(to.connect());
    const auto reads = must(to.connect());
    must(at->claim());
    must(migrate(*at));
    const auto where = must(choose_generation(*at, from, with.views(), choice::fresh));
    const auto begin = monotonic_us();
    must(with.open({at.get(), reads.get(), where.which}));
    while (must(with.step(from.head())) > 0) {
    }
    out.seconds = static_cast<double>(monotonic_us() - begin) / 1e6;
    for (const auto each : with.rows())
      out.writes += static_cast<double>(each);
  }
  out.all = read_all(to, with.views());
  for (const auto& each : out.all)
    out.rows += static_cast<double>(each.rows.size());
  return out;
}

/// The round with the middle ratio. `a_store` gives an empty one.
template <class MakeStore>
boost::json::object
compare(const char* name, const log::event_log& from, MakeStore a_store, write_rows how) {
  struct round {
    measured folded;
    double bare = 0;
    [[nodiscard]] double ratio() const { return bare / folded.seconds; }
  };
  const writer shapes{from};
  std::vector<round> all;
  for (int i = 0; i < rounds; ++i) {
    round each{fold(from, *a_store())};
    each.bare = write_alone(*a_store(), from, shapes.views(), each.folded.all, how);
    each.folded.all.clear();
    all.push_back(std::move(each));
  }
  std::sort(all.begin(), all.end(), [](const round& one, const round& other) {
    return one.ratio() < other.ratio();
  });
  const auto& [folded, bare] = all[rounds / 2];
  const auto facts = static_cast<double>(from.head());
  return {{"store", name},
          {"facts", from.head()},
          {"rows", folded.rows},
          {"facts_per_s", facts / folded.seconds},
          {"rows_per_s", folded.rows / folded.seconds},
          {"baseline", facts / bare},
          {"ratio", bare / folded.seconds},
          {"least", all.front().ratio()},
          {"most", all.back().ratio()},
          {"writes_per_row", folded.writes / folded.rows}};
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
  const auto in_sqlite = [&] { return projections::make_sqlite_store(files.next()); };
  // Not measured: the log puts its files in order meanwhile.
  fold(*log, *in_sqlite());
  auto& server = projections::testing::postgres::running();
  const auto in_postgres = [&] {
    return must(projections::make_postgres_store(server.new_database()));
  };
  using projections::connection;
  print(how,
        "project",
        {compare("sqlite", *log, in_sqlite, &connection::upsert),
         compare("postgres", *log, in_postgres, &connection::upsert),
         compare("postgres, COPY", *log, in_postgres, &connection::insert)});
}
