#include "tests/events/log/log_fixture.hpp"

namespace ash::log {
namespace {

class log_forks : public log_contract {
protected:
  void append(const stream_id& stream,
              std::uint64_t expected,
              const std::string& payload,
              durability keep = durability::synced) {
    const auto at = log->append_now(an_append(stream, expected, payload, {}, keep));
    ASSERT_TRUE(at) << to_string(at.error());
  }
  [[nodiscard]] std::string
  payloads(const stream_id& stream, std::uint64_t after = 0, read_limit limit = {}) const {
    std::string all;
    const auto read = log->read_stream(stream, after, limit).value();
    for (const auto& each : read)
      all += each.payload;
    return all;
  }
};

const auto parent = a_stream("parent");
const auto child = a_stream("child");
const auto grandchild = a_stream("grandchild");

TEST_P(log_forks, share_the_prefix_of_their_parent) {
  for (std::uint64_t i = 0; i < 4; ++i)
    append(parent, i, std::string(1, static_cast<char>('a' + i)));
  ASSERT_TRUE(log->fork(child, child, parent, 2));
  append(parent, 4, "e");
  EXPECT_EQ(payloads(child), "ab");
  const auto head = log->find_stream(child).value();
  EXPECT_EQ(head->version, 2U);
  EXPECT_EQ(head->position, 2U);
  EXPECT_EQ(head->parent, parent);
  append(child, 2, "X");
  append(child, 3, "Y");
  ASSERT_TRUE(log->fork(grandchild, grandchild, child, 3));
  append(grandchild, 3, "Z");
  EXPECT_EQ(payloads(child), "abXY");
  EXPECT_EQ(payloads(grandchild), "abXZ");
  EXPECT_EQ(payloads(grandchild, 1), "bXZ");
  EXPECT_EQ(payloads(grandchild, 2), "XZ");
  EXPECT_EQ(payloads(grandchild, 3), "Z");
  EXPECT_EQ(payloads(grandchild, 1, {2, 100}), "bX");
  EXPECT_EQ(payloads(parent), "abcde");
  // Beneath the prefix that its parent shares with another.
  ASSERT_TRUE(log->fork(a_stream("deep"), a_stream("deep"), grandchild, 1));
  EXPECT_EQ(payloads(a_stream("deep")), "a");
  EXPECT_EQ(log->find_stream(a_stream("deep")).value()->position, 1U);
  EXPECT_EQ(log->stats().value().streams, 4U);
  expect_sound(*log);
}

TEST_P(log_forks, are_refused_where_they_make_no_sense) {
  EXPECT_EQ(log->fork(child, child, parent, 1).error().code, errc::feed_not_found);
  append(parent, 0, "a");
  EXPECT_EQ(log->fork(child, child, parent, 2).error().code, errc::version_conflict);
  EXPECT_EQ(log->fork(child, child, parent, 0).error().code, errc::argument_invalid);
  ASSERT_TRUE(log->fork(child, child, parent, 1));
  EXPECT_EQ(log->fork(child, child, parent, 1).error().code, errc::version_conflict);
  EXPECT_EQ(log->append_now(an_append(child, 0, "x")).error().code, errc::version_conflict);
}

class log_pruning : public log_forks {};

TEST_P(log_pruning, leaves_stubs_that_keep_the_chain_whole) {
  append(parent, 0, "kept");
  append(parent, 1, "delta 1", durability::transient);
  append(parent, 2, "delta 2", durability::transient);
  append(parent, 3, "final");
  append(parent, 4, "delta 3", durability::transient);
  const auto before = all_of(*log);
  ASSERT_TRUE(log->prune_transient(parent, 4));
  const auto after = all_of(*log);
  ASSERT_EQ(after.size(), 5U);
  EXPECT_EQ(payloads(parent), "keptfinaldelta 3");
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].hash, before[i].hash);
    EXPECT_EQ(after[i].payload_hash, before[i].payload_hash);
    EXPECT_EQ(after[i].pruned, i == 1 || i == 2);
    EXPECT_EQ(after[i].keep, before[i].keep);
  }
  expect_sound(*log);
  ASSERT_TRUE(log->prune_transient(parent, 99));
  EXPECT_EQ(payloads(parent), "keptfinal");
  append(parent, 5, "more");
  EXPECT_EQ(payloads(parent), "keptfinalmore");
  EXPECT_EQ(log->prune_transient(child, 1).error().code, errc::feed_not_found);
  expect_sound(*log);
}

TEST_P(log_pruning, goes_through_any_number_of_facts_and_large_ones) {
  auto what = an_append(parent, 0, std::string(50'000, 'x'), {}, durability::transient);
  for (int i = 0; i < 2'500; ++i)
    what.entries[0].facts.push_back(a_fact("delta", durability::transient));
  ASSERT_TRUE(log->append_now(what));
  ASSERT_TRUE(log->fork(child, child, parent, 2'501));
  append(child, 2'501, "own delta", durability::transient);
  ASSERT_TRUE(log->prune_transient(child, 3'000));
  EXPECT_NE(payloads(child, 0, {5'000, 1 << 20}), "");
  ASSERT_TRUE(log->prune_transient(parent, 2'501));
  EXPECT_EQ(payloads(child, 0, {5'000, 1 << 20}), "");
  expect_sound(*log);
}

const auto names = [](const auto& each) { return each.param; };
INSTANTIATE_TEST_SUITE_P(each, log_forks, testing::Values("memory", "rocksdb"), names);
INSTANTIATE_TEST_SUITE_P(each, log_pruning, testing::Values("memory", "rocksdb"), names);

} // namespace
} // namespace ash::log
