#include "actors/shells/inspect.hpp"
#include "actors/shells/stream_folds.hpp"
#include "tests/events/feed/a_log.hpp"

#include <boost/json/object.hpp>
#include <gtest/gtest.h>
#include <thread>

namespace ash::inspect {
namespace {

using namespace feed::testing;

/// A log of two sessions, whose facts alternate, and what is kept of them.
class folds_of_streams : public ::testing::Test {
protected:
  folds_of_streams() {
    for (const auto& each : {a, b})
      log.write(each, session::created{});
    for (int i = 1; i <= 20; ++i)
      for (const auto& each : {a, b})
        log.write(each, titled(std::to_string(i)));
  }

  [[nodiscard]] std::string plain(const stream_id& of, std::uint64_t position) const {
    return to_json_text(must(fold_stream(*log.log, of, {.position = position})));
  }
  static std::string text(stream_folds& from, const stream_id& of, std::uint64_t position) {
    return *must(from.at(of, position));
  }

  const stream_id a = a_session(1);
  const stream_id b = a_session(2);
  a_log log;
};

TEST_F(folds_of_streams, are_what_folding_from_the_beginning_gives_in_whatever_order) {
  stream_folds folds{*log.log};
  const auto last = log.log->head();
  for (std::uint64_t i = 0; i < 3 * last; ++i) {
    const auto position = 2 + (i * 5) % last; // 5 and the head have no common divisor
    for (const auto& each : {a, b})
      EXPECT_EQ(text(folds, each, position), plain(each, position)) << position;
  }
}

TEST_F(folds_of_streams, are_made_once_shared_and_continued) {
  stream_folds folds{*log.log};
  const auto first = must(folds.at(a, 11));
  EXPECT_EQ(must(folds.at(a, 11)), first);
  EXPECT_EQ(must(folds.at(a, 12)), first) << "position 12 is of the other session";
  EXPECT_EQ(folds.stats().begun, 1U);
  EXPECT_EQ(folds.stats().answered, 2U);
  EXPECT_NE(must(folds.at(a, 13)), first);
  EXPECT_EQ(folds.stats().begun, 1U);
  EXPECT_EQ(folds.stats().continued, 1U);
  EXPECT_EQ(must(folds.at(a, 11)), first) << "the earlier one is kept";
  must(folds.at(b, 11));
  EXPECT_EQ(folds.stats().begun, 2U);
  EXPECT_EQ(folds.stats().kept, 3U);
}

TEST_F(folds_of_streams, notice_what_is_written_after_the_end_that_they_saw) {
  stream_folds folds{*log.log};
  const auto before = must(folds.at(a, 1'000));
  EXPECT_EQ(must(folds.at(a, 1'000)), before) << "nothing was written meanwhile";
  const auto written = log.write(a, titled("new"));
  EXPECT_EQ(must(folds.at(a, written - 1)), before);
  EXPECT_EQ(text(folds, a, 1'000), plain(a, 1'000));
  EXPECT_NE(must(folds.at(a, written)), before);
  EXPECT_EQ(must(folds.at(a, written - 1)), before);
  EXPECT_EQ(folds.stats().begun, 1U);
}

TEST_F(folds_of_streams, are_bounded_in_number_and_bytes_and_stay_right) {
  stream_folds few{*log.log, {.folds = 16}}; // two a shard
  stream_folds small{*log.log, {.bytes = 8 * plain(a, 42).size()}};
  stream_folds none{*log.log, {.bytes = 0}};
  for (std::uint64_t position = 2; position <= log.log->head(); ++position)
    for (const auto& each : {a, b}) {
      const auto wanted = plain(each, position);
      EXPECT_EQ(text(few, each, position), wanted);
      EXPECT_EQ(text(small, each, position), wanted);
      EXPECT_EQ(text(none, each, position), wanted);
      EXPECT_LE(few.stats().kept, 4U);
      EXPECT_LE(small.stats().bytes, 8 * plain(a, 42).size());
      EXPECT_EQ(none.stats().kept, 0U);
    }
  EXPECT_EQ(few.stats().begun, 2U) << "what was used lately is not forgotten";
}

TEST_F(folds_of_streams, refuse_what_a_plain_fold_refuses_and_keep_nothing_of_it) {
  stream_folds folds{*log.log};
  EXPECT_EQ(folds.at(b, 1).error().code, errc::argument_invalid);
  EXPECT_EQ(folds.at(a_session(9), 5).error().code, errc::feed_not_found);
  EXPECT_EQ(folds.at(stream_id{entity_kind::log, "x"}, 5).error().code, errc::argument_invalid);
  EXPECT_EQ(folds.stats().kept, 0U);
  EXPECT_EQ(text(folds, b, 2), plain(b, 2));
}

TEST_F(folds_of_streams, are_the_same_for_readers_of_many_threads) {
  stream_folds folds{*log.log, {.folds = 24}};
  std::vector<std::string> wanted(log.log->head() + 1);
  for (std::uint64_t i = 2; i < wanted.size(); ++i)
    wanted[i] = plain(a, i);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (std::uint64_t thread = 0; thread < 4; ++thread)
    readers.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < 400; ++i) {
        const auto position = 2 + (i * (2 * thread + 1)) % (wanted.size() - 2);
        const auto got = folds.at(a, position);
        wrong += got && *got.value() == wanted[position] ? 0 : 1;
      }
    });
  readers.clear();
  EXPECT_EQ(wrong.load(), 0);
}

} // namespace
} // namespace ash::inspect
