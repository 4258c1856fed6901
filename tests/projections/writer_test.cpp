#include "projections/writer.hpp"

#include "projections/projector.hpp"
#include "projections/verify.hpp"
#include "tests/projections/place.hpp"

namespace ash::projections::testing {
namespace {

/// Batches so small that a run goes over many, each folded while the one before it is written.
class the_writer : public each_store {
protected:
  std::vector<cursor> write_all(std::size_t batch_facts = 7) {
    const auto to = at.a_store();
    const auto writes = must(to->connect());
    const auto reads = must(to->connect());
    must(writes->claim());
    must(migrate(*writes));
    writer with{*log, batch_facts};
    const auto where =
        must(choose_generation(*writes, *log, with.views(), choice::what_is_there)).which;
    must(with.open({writes.get(), reads.get(), where}));
    for (auto seen = std::uint64_t{0}; must(with.step(log->head())) > 0;) {
      EXPECT_GT(with.position(log->head()), seen) << "a step without a move";
      seen = with.position(log->head());
    }
    return with.cursors();
  }
  static const cursor& of(const std::vector<cursor>& all, std::string_view view) {
    for (const auto& each : all)
      if (each.view == view)
        return each;
    throw std::runtime_error("no such view");
  }
  /// Against one fold in one batch.
  void expect_rows_of_the_log() {
    const auto found = must(verify(*log, *at.a_store(), at.scratch()));
    EXPECT_GT(found.rows, 0U);
    EXPECT_EQ(found.count, 0U) << (found.differences.empty() ? ""
                                                             : found.differences[0].table + " " +
                                                                   found.differences[0].key + " " +
                                                                   found.differences[0].what);
  }
};

TEST_P(the_writer, makes_the_same_rows_in_small_batches) {
  for (const auto* name : {"1", "2", "3"}) {
    past.add_run(std::string{"r"} + name);
    past.add_session(std::string{"s"} + name);
  }
  const auto done = write_all();
  for (const auto& each : done)
    EXPECT_EQ(each.position, log->head()) << each.view;
  expect_rows_of_the_log();
}

TEST_P(the_writer, goes_on_in_small_batches_from_what_is_stored) {
  past.add_waiting_run("r1");
  past.add_session("s1");
  write_all();
  past.add_run("r2");
  past.add_session("s2");
  write_all(3);
  expect_rows_of_the_log();
}

TEST_P(the_writer, stops_one_view_though_the_batch_before_is_still_on_its_way) {
  for (int i = 0; i < 4; ++i) {
    past.add_run("r" + std::to_string(i));
    past.add_session("s" + std::to_string(i));
  }
  const auto strange = an_id<phase_id>("nobody opened it");
  const auto stopped_at = past.add(stream_of(strange),
                                   stream_of(strange),
                                   {phase::approval_awaited{an_id<approval_id>("x"), 1}});
  past.add_run("after");
  const auto done = write_all();
  EXPECT_EQ(of(done, "phases").stopped_at, stopped_at);
  EXPECT_EQ(of(done, "phases").position, stopped_at - 1);
  EXPECT_EQ(of(done, "runs").position, log->head());
  expect_rows_of_the_log();
}

TEST_P(the_writer, drops_what_it_folded_ahead_when_the_store_refuses_a_batch) {
  past.add_run("r0");
  write_all();
  meddle("create unique index only_one on {runs} (requirements)");
  past.add_session("s1");
  const auto second = an_id<run_id>("twin");
  run::created made;
  made.run = second;
  made.requirements = "do r0"; // as the first one, which the index does not allow
  const auto refused_at = past.add(stream_of(second), stream_of(second), {made});
  past.add_run("r2");
  past.add_session("s2");
  const auto done = write_all();
  EXPECT_EQ(of(done, "runs").stopped_at, refused_at);
  EXPECT_EQ(of(done, "runs").code, "internal_error");
  EXPECT_EQ(of(done, "messages").position, log->head());
  expect_rows_of_the_log();
}

TEST_P(the_writer, writes_over_a_row_that_was_there_before_the_fact_that_makes_it) {
  const auto key = stream_of(an_id<session_id>("s1")).text();
  write_all();
  meddle("insert into {agents} values ('" + key + "', 1, 'nobody', '', '', 0)");
  past.add_session("s1");
  for (int i = 0; i < 60; ++i) // so many rows that Postgres takes them by COPY
    past.add_run("r" + std::to_string(i));
  for (const auto& each : write_all(writer::most_facts))
    EXPECT_EQ(each.position, log->head()) << each.view << ": " << each.message;
  expect_rows_of_the_log();
}

ASH_EACH_STORE(the_writer);

} // namespace
} // namespace ash::projections::testing
