#include "tests/events/log/log_fixture.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace ash::log {
namespace {

const auto one = a_stream("one");
const auto two = a_stream("two");

TEST_P(log_contract, an_empty_log_has_nothing) {
  EXPECT_EQ(log->head(), 0U);
  EXPECT_TRUE(log->read(0).value().empty());
  EXPECT_TRUE(log->read_stream(one, 0).value().empty());
  EXPECT_TRUE(log->read_root(one, 0).value().empty());
  EXPECT_FALSE(log->find_stream(one).value().has_value());
  EXPECT_FALSE(log->find_key(one, "k").value().has_value());
  EXPECT_FALSE(log->load_snapshot(one).value().has_value());
  EXPECT_EQ(log->read_blob(sha256("none")).error().code, errc::blob_not_found);
  EXPECT_FALSE(log->incarnation().is_nil());
  expect_sound(*log);
}

TEST_P(log_contract, gives_back_what_was_appended) {
  auto what = an_append(one, 0, "payload", "key");
  what.root = two;
  what.entries[0].facts[0].schema_version = 7;
  const auto at = log->append_now(what).value();
  EXPECT_EQ(at, (receipt{1, 1, 1, false}));
  const auto read = all_of(*log);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].position, 1U);
  EXPECT_EQ(read[0].stream, one);
  EXPECT_EQ(read[0].stream.kind(), entity_kind::run);
  EXPECT_EQ(read[0].root, two);
  EXPECT_EQ(read[0].version, 1U);
  EXPECT_EQ(read[0].type, "run.noted");
  EXPECT_EQ(read[0].schema_version, 7);
  EXPECT_EQ(read[0].at, instant{1'000});
  EXPECT_EQ(read[0].correlation, "correlation");
  EXPECT_EQ(read[0].causation, "causation");
  EXPECT_EQ(read[0].idempotency_key, "key");
  EXPECT_EQ(read[0].payload, "payload");
  EXPECT_EQ(read[0].payload_hash, sha256("payload"));
  EXPECT_EQ(read[0].previous, sha256_digest{});
  EXPECT_EQ(log->find_key(one, "key").value()->first_position, 1U);
  expect_sound(*log);
}

TEST_P(log_contract, chains_each_record_to_the_one_before) {
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  ASSERT_TRUE(log->append_now(an_append(two, 0, "b")));
  const auto read = all_of(*log);
  EXPECT_EQ(read[1].previous, read[0].hash);
  EXPECT_NE(read[1].hash, read[0].hash);
}

TEST_P(log_contract, refuses_a_stale_version) {
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  EXPECT_EQ(log->append_now(an_append(one, 0, "b")).error().code, errc::version_conflict);
  EXPECT_EQ(log->append_now(an_append(one, 2, "b")).error().code, errc::version_conflict);
  EXPECT_EQ(log->append_now(an_append(two, 1, "b")).error().code, errc::version_conflict);
  EXPECT_EQ(log->head(), 1U);
}

TEST_P(log_contract, refuses_what_is_no_append) {
  const auto code = [&](append_request what) {
    return log->append_now(std::move(what)).error().code;
  };
  auto nameless = an_append(one, 0, "a");
  nameless.stream = {};
  EXPECT_EQ(code(nameless), errc::argument_invalid);
  auto empty = an_append(one, 0, "a");
  empty.entries.clear();
  EXPECT_EQ(code(empty), errc::argument_invalid);
  auto factless = an_append(one, 0, "a");
  factless.entries[0].facts.clear();
  EXPECT_EQ(code(factless), errc::argument_invalid);
  EXPECT_EQ(code(an_append(one, 0, "a", std::string(201, 'k'))), errc::argument_invalid);
  auto twice = an_append(one, 0, "a", "k");
  twice.entries.push_back(twice.entries[0]);
  EXPECT_EQ(code(twice), errc::argument_invalid);
  auto false_blob = an_append(one, 0, "a");
  false_blob.blobs.push_back({sha256("x"), "y"});
  EXPECT_EQ(code(false_blob), errc::argument_invalid);
  EXPECT_EQ(code(an_append(one, 0, std::string(max_append_bytes, 'x'))), errc::limit_exceeded);
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  auto moved = an_append(one, 1, "b");
  moved.root = two;
  EXPECT_EQ(code(moved), errc::argument_invalid);
  EXPECT_EQ(log->head(), 1U);
}

TEST_P(log_contract, answers_a_known_key_with_what_was_stored) {
  const auto first = log->append_now(an_append(one, 0, "a", "k")).value();
  ASSERT_TRUE(log->append_now(an_append(one, 1, "b", "l")));
  for (const auto expected : {0U, 1U, 2U, 9U}) {
    const auto again = log->append_now(an_append(one, expected, "a", "k")).value();
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.first_position, first.first_position);
    EXPECT_EQ(again.first_version, first.first_version);
    EXPECT_EQ(again.count, 1U);
  }
  EXPECT_EQ(log->head(), 2U);
  ASSERT_TRUE(log->append_now(an_append(two, 0, "a", "k"))); // a key is its stream's own
}

TEST_P(log_contract, looks_up_keys_that_count_as_new_where_the_stream_has_moved_on) {
  const auto fresh = [](std::uint64_t expected, std::string payload, std::string key) {
    auto what = an_append(one, expected, std::move(payload), std::move(key));
    what.keys_are_new = true;
    return what;
  };
  ASSERT_TRUE(log->append_now(fresh(0, "a", "k")));
  EXPECT_EQ(log->append_now(fresh(1, "b", "l")).value(), (receipt{2, 2, 1, false}));
  // Sent again by a writer that did not hear the answer.
  EXPECT_EQ(log->append_now(fresh(1, "b", "l")).value(), (receipt{2, 2, 1, true}));
  EXPECT_EQ(log->append_now(fresh(0, "other", "k")).error().code, errc::idempotency_conflict);
  EXPECT_EQ(log->append_now(fresh(1, "c", "m")).error().code, errc::version_conflict);
  EXPECT_EQ(log->head(), 2U);
}

TEST_P(log_contract, refuses_a_known_key_with_other_facts) {
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a", "k")));
  for (const auto expected : {0U, 1U})
    EXPECT_EQ(log->append_now(an_append(one, expected, "b", "k")).error().code,
              errc::idempotency_conflict);
  auto other_type = an_append(one, 1, "a", "k");
  other_type.entries[0].facts[0].type = "run.paused";
  EXPECT_EQ(log->append_now(other_type).error().code, errc::idempotency_conflict);
  EXPECT_EQ(log->head(), 1U);
}

TEST_P(log_contract, keeps_all_entries_of_an_append_or_none) {
  auto what = an_append(one, 0, "a", "k");
  what.entries.push_back(an_entry("l", {a_fact("b"), a_fact("c")}));
  what.entries.push_back(an_entry("", {a_fact("d")}));
  EXPECT_EQ(log->append_now(what).value(), (receipt{1, 1, 4, false}));
  EXPECT_EQ(log->append_now(what).value(), (receipt{1, 1, 4, true}));
  EXPECT_EQ(*log->find_key(one, "l").value(), (receipt{2, 2, 2, true}));

  const auto alone = an_append(one, 4, "a", "k");
  EXPECT_EQ(log->append_now(alone).value(), (receipt{1, 1, 1, true}));

  auto mixed = an_append(one, 4, "a", "k");
  mixed.entries.push_back(an_entry("new", {a_fact("e")}));
  EXPECT_EQ(log->append_now(mixed).error().code, errc::idempotency_conflict);
  mixed.expected_version = 2;
  EXPECT_EQ(log->append_now(mixed).error().code, errc::version_conflict);
  EXPECT_EQ(log->head(), 4U);
  expect_sound(*log);
}

TEST_P(log_contract, gives_dense_positions_to_many_appenders) {
  constexpr std::uint64_t threads = 8;
  constexpr std::uint64_t each = 50;
  std::vector<std::thread> running;
  for (std::uint64_t i = 0; i < threads; ++i)
    running.emplace_back([&, i] {
      const auto stream = a_stream("of-" + std::to_string(i));
      for (std::uint64_t version = 0; version < each; ++version) {
        const auto at = log->append_now(an_append(stream, version, "x", std::to_string(version)));
        ASSERT_EQ(at.value().first_version, version + 1);
        ASSERT_GE(log->head(), at.value().first_position);
        ASSERT_EQ(log->read_stream(stream, version).value().size(), 1U);
      }
    });
  for (auto& thread : running)
    thread.join();
  const auto read = all_of(*log);
  ASSERT_EQ(read.size(), threads * each);
  for (std::size_t i = 0; i < read.size(); ++i)
    EXPECT_EQ(read[i].position, i + 1);
  expect_sound(*log);
}

TEST_P(log_contract, lets_one_of_many_rivals_win) {
  std::vector<std::thread> running;
  std::atomic<int> won{0};
  std::atomic<int> conflicts{0};
  for (int i = 0; i < 8; ++i)
    running.emplace_back([&, i] {
      const auto at =
          log->append_now(an_append(one, 0, std::to_string(i), "key-" + std::to_string(i)));
      won += at ? 1 : 0;
      conflicts += !at && at.error().code == errc::version_conflict ? 1 : 0;
    });
  for (auto& thread : running)
    thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(conflicts, 7);
}

TEST_P(log_contract, stores_an_append_once_that_is_sent_by_many_at_once) {
  std::vector<std::thread> running;
  std::atomic<int> stored{0};
  for (int i = 0; i < 8; ++i)
    running.emplace_back([&] {
      const auto at = log->append_now(an_append(one, 0, "same", "key")).value();
      stored += at.duplicate ? 0 : 1;
      EXPECT_EQ(at.first_position, 1U);
    });
  for (auto& thread : running)
    thread.join();
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(log->head(), 1U);
}

TEST_P(log_contract, pages_with_any_limit_without_skipping_or_repeating) {
  std::uint64_t at_one = 0;
  std::uint64_t at_two = 0;
  for (int i = 0; i < 12; ++i) {
    auto& version = i % 3 == 0 ? at_two : at_one;
    auto what = an_append(i % 3 == 0 ? two : one, version, "first " + std::to_string(i));
    what.root = a_stream("root");
    for (int more = 0; more < i % 4; ++more)
      what.entries[0].facts.push_back(a_fact(std::string(static_cast<std::size_t>(more), 'x')));
    version += log->append_now(what).value().count;
  }
  ASSERT_TRUE(log->append_now(an_append(a_stream("root-2"), 0, "of another root")));
  const auto whole = all_of(*log);
  for (std::size_t max = 1; max < 9; ++max) {
    for (const std::size_t bytes : {1U, 30U, 100'000U}) {
      const read_limit limit{max, bytes};
      std::uint64_t after = 0;
      std::size_t count = 0;
      for (auto page = log->read(0, limit).value(); !page.empty();
           page = log->read(after, limit).value())
        for (const auto& each : page) {
          EXPECT_TRUE(same(each, whole[count++]));
          after = each.position;
        }
      EXPECT_EQ(count, whole.size());
      std::uint64_t version = 0;
      for (auto page = log->read_stream(one, 0, limit).value(); !page.empty();
           page = log->read_stream(one, version, limit).value())
        for (const auto& each : page)
          EXPECT_EQ(each.version, ++version);
      EXPECT_EQ(version, at_one);
      std::set<std::uint64_t> seen;
      after = 0;
      for (auto page = log->read_root(a_stream("root"), 0, limit).value(); !page.empty();
           page = log->read_root(a_stream("root"), after, limit).value())
        for (const auto& each : page) {
          EXPECT_GT(each.position, after);
          after = each.position;
          EXPECT_TRUE(seen.insert(after).second);
        }
      EXPECT_EQ(seen.size(), at_one + at_two);
    }
  }
}

TEST_P(log_contract, knows_the_heads_of_streams_and_which_are_open) {
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  ASSERT_TRUE(log->append_now(an_append(two, 0, "a")));
  ASSERT_TRUE(log->append_now(an_append(stream_id{entity_kind::phase, "p"}, 0, "a")));
  auto closing = an_append(one, 1, "b");
  closing.status = stream_status::closed;
  ASSERT_TRUE(log->append_now(closing));
  const auto head = log->find_stream(one).value();
  EXPECT_EQ(head->version, 2U);
  EXPECT_EQ(head->position, 4U);
  EXPECT_EQ(head->status, stream_status::closed);
  EXPECT_EQ(head->root, one);
  using listing = event_log::listing;
  const auto names = [&](std::string_view after, std::size_t max, listing which) {
    std::vector<std::string> all;
    const auto listed = log->list_streams(entity_kind::run, after, max, which).value();
    for (const auto& each : listed)
      all.push_back(each.stream.text());
    return all;
  };
  using testing::ElementsAre;
  EXPECT_THAT(names("", 10, listing::all), ElementsAre("run/one", "run/two"));
  EXPECT_THAT(names("", 10, listing::open), ElementsAre("run/two"));
  EXPECT_THAT(names("", 1, listing::all), ElementsAre("run/one"));
  EXPECT_THAT(names("run/one", 10, listing::all), ElementsAre("run/two"));
  EXPECT_THAT(names("run/two", 10, listing::all), ElementsAre());
  ASSERT_TRUE(log->append_now(an_append(one, 2, "again"))); // opens it again
  EXPECT_THAT(names("", 10, listing::open), ElementsAre("run/one", "run/two"));
  EXPECT_EQ(log->stats().value().open_streams, 3U);
  EXPECT_EQ(log->stats().value().streams, 3U);
  expect_sound(*log);
}

TEST_P(log_contract, keeps_the_newest_snapshot) {
  EXPECT_EQ(log->save_snapshot(one, {1, "s"}).error().code, errc::feed_not_found);
  for (std::uint64_t version = 0; version < 3; ++version)
    ASSERT_TRUE(log->append_now(an_append(one, version, "a")));
  EXPECT_EQ(log->save_snapshot(one, {4, "s"}).error().code, errc::version_conflict);
  ASSERT_TRUE(log->save_snapshot(one, {2, std::string(50'000, 's')}));
  ASSERT_TRUE(log->save_snapshot(one, {1, "older"}));
  const auto kept = log->load_snapshot(one).value();
  EXPECT_EQ(kept->version, 2U);
  EXPECT_EQ(kept->bytes, std::string(50'000, 's'));
  ASSERT_TRUE(log->save_snapshot(one, {3, ""}));
  EXPECT_EQ(log->load_snapshot(one).value()->version, 3U);
  EXPECT_EQ(log->stats().value().snapshots, 1U);
  expect_sound(*log);
}

TEST_P(log_contract, keeps_large_payloads_as_blobs_and_blobs_once) {
  const std::string large(100'000, 'L');
  const std::string edge(inline_payload_bytes, 'E');
  auto what = an_append(one, 0, large);
  what.entries[0].facts.push_back(a_fact(large));
  what.entries[0].facts.push_back(a_fact(edge));
  what.blobs.push_back({sha256("attached"), "attached"});
  ASSERT_TRUE(log->append_now(what));
  ASSERT_TRUE(log->append_now(an_append(two, 0, large)));
  const auto read = all_of(*log);
  EXPECT_EQ(read[0].payload, large);
  EXPECT_EQ(read[1].payload, large);
  EXPECT_EQ(read[2].payload, edge);
  EXPECT_EQ(read[3].payload, large);
  EXPECT_EQ(log->read_blob(sha256(large)).value(), large);
  EXPECT_EQ(log->read_blob(sha256("attached")).value(), "attached");
  EXPECT_EQ(log->stats().value().blobs, 2U);
  expect_sound(*log);
}

TEST_P(log_contract, tells_its_listeners_the_head_after_each_commit) {
  std::mutex lock;
  std::vector<std::uint64_t> heads;
  auto handle = log->on_commit([&](std::uint64_t head) {
    const std::lock_guard guard{lock};
    heads.push_back(head);
  });
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  ASSERT_TRUE(log->append_now(an_append(one, 1, "b")));
  EXPECT_FALSE(log->append_now(an_append(one, 1, "b")));
  {
    const std::lock_guard guard{lock};
    EXPECT_THAT(heads, testing::ElementsAre(1U, 2U));
  }
  handle.reset();
  ASSERT_TRUE(log->append_now(an_append(one, 2, "c")));
  EXPECT_EQ(heads.size(), 2U);
}

TEST_P(log_contract, reports_progress_while_it_verifies) {
  ASSERT_TRUE(log->append_now(an_append(one, 0, "a")));
  std::pair<std::uint64_t, std::uint64_t> last;
  ASSERT_TRUE(log->verify([&](std::uint64_t done, std::uint64_t total) { last = {done, total}; }));
  EXPECT_EQ(last, (std::pair<std::uint64_t, std::uint64_t>{1, 1}));
}

INSTANTIATE_TEST_SUITE_P(each,
                         log_contract,
                         testing::Values("memory", "rocksdb"),
                         [](const auto& each) { return each.param; });

} // namespace
} // namespace ash::log
