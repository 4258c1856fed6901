#include "projections/fact_reader.hpp"

#include "events/log/memory_log.hpp"
#include "tests/projections/place.hpp"

namespace ash::projections::testing {
namespace {

class the_fact_reader : public ::testing::Test {
protected:
  std::unique_ptr<log::event_log> log = log::make_memory_log();
  history past{*log};
  fact_reader from{*log, 7};

  void SetUp() override {
    for (int i = 0; i < 4; ++i)
      past.add_run("r" + std::to_string(i)); // more pages than are read ahead
  }
  /// Reads a range to its end. The facts that were not as in the log.
  int wrong_in(position_range of) {
    int out = 0;
    while (of.after < of.until) {
      const auto page = must(from.read(of));
      EXPECT_LE(page.facts.size(), 7U);
      for (const auto& each : page.facts) {
        const auto stored = must(log->read(of.after, {1}));
        out += each.record.position != ++of.after || each.record.type != stored[0].type ||
               !each.fact || type_of(each.fact.value()) != stored[0].type;
      }
    }
    return out;
  }
};

TEST_F(the_fact_reader, gives_every_fact_of_a_range_once) {
  EXPECT_EQ(wrong_in({0, log->head()}), 0);
  EXPECT_EQ(wrong_in({0, log->head()}), 0) << "and again";
}

TEST_F(the_fact_reader, goes_where_it_is_sent) {
  const auto head = log->head();
  for (const auto& each : {position_range{0, head},
                           position_range{30, head},
                           position_range{7, 9},
                           position_range{9, head}})
    EXPECT_EQ(must(from.read(each)).facts.front().record.position, each.after + 1);
  EXPECT_EQ(wrong_in({3, head}), 0);
}

TEST_F(the_fact_reader, gives_nothing_after_the_end_of_a_range_though_it_read_on) {
  const auto head = log->head();
  must(from.read({0, head}));
  must(from.read({7, head}));
  EXPECT_EQ(must(from.read({14, 16})).last(), 16U);
  EXPECT_EQ(must(from.read({16, 18})).last(), 18U);
  EXPECT_EQ(wrong_in({18, head}), 0);
}

TEST_F(the_fact_reader, goes_on_when_the_log_has_grown) {
  EXPECT_EQ(wrong_in({0, log->head()}), 0);
  const auto before = log->head();
  past.add_run("later");
  EXPECT_EQ(wrong_in({before, log->head()}), 0);
}

TEST_F(the_fact_reader, says_that_the_log_ends_before_the_range_does) {
  const auto head = log->head();
  const auto beyond = from.read({head, head + 1});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, errc::log_corrupt);
  // Met by the thread, which is ahead.
  must(from.read({head - 10, head + 100}));
  must(from.read({head - 3, head + 100}));
  const auto ahead = from.read({head, head + 100});
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().code, errc::log_corrupt);
  past.add_run("later");
  EXPECT_EQ(wrong_in({head, log->head()}), 0) << "what was missing has come";
}

} // namespace
} // namespace ash::projections::testing
