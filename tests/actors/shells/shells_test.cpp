#include "tests/actors/shells/fixture.hpp"

#include "actors/entity/any_entity.hpp"

namespace ash {

using namespace shells_testing;

struct shells_test : shells_fixture {};

TEST_F(shells_test, answer_a_thousand_reservations_of_one_scope_in_a_few_appends) {
  start();
  ASSERT_TRUE(tell(reserve(0)).has_value());
  log.hold();
  answers all;
  for (std::uint64_t i = 1; i <= 1'000; ++i)
    system->tell(scope, scope, reserve(i), all.one());
  ASSERT_TRUE(eventually([&] { return system->stats().commands == 1'001; }));
  log.release();
  ASSERT_TRUE(all.wait_for(1'000));
  EXPECT_EQ(all.good(), 1'000);
  EXPECT_EQ(log.find_stream(scope).value()->version, 1'002u);
  EXPECT_LE(log.appends.load(), 3);
}

TEST_F(shells_test, never_let_a_scope_beyond_its_cap_however_many_ask_at_once) {
  start();
  answers all;
  std::vector<std::thread> clients;
  for (std::uint64_t c = 0; c < 4; ++c)
    clients.emplace_back([&, c] {
      for (std::uint64_t i = 0; i < 100; ++i)
        system->tell(scope, scope, reserve(c * 100 + i, 50), all.one());
    });
  for (auto& each : clients)
    each.join();
  ASSERT_TRUE(all.wait_for(400));
  EXPECT_EQ(all.good(), 50);
  EXPECT_EQ(all.count(errc::budget_exhausted), 350);
}

TEST_F(shells_test, keep_one_live_actor_a_stream_while_it_rests_and_is_asked_for_again) {
  options.idle_ms = 1;
  options.final_idle_ms = 1;
  start();
  std::atomic<bool> done{false};
  std::thread sweeper([&] {
    while (!done) {
      system->sweep();
      std::this_thread::yield();
    }
  });
  for (std::uint64_t i = 0; i < 400; ++i) {
    ASSERT_TRUE(tell(reserve(i)).has_value()) << i;
    if (i % 8 == 0)
      std::this_thread::sleep_for(2ms);
  }
  done = true;
  sweeper.join();
  // Two live actors of one stream would have met as a version conflict.
  EXPECT_EQ(system->stats().crashes, 0u);
  EXPECT_TRUE(eventually([&] {
    system->sweep();
    return system->stats().passivations == system->stats().activations;
  }));
  EXPECT_GT(system->stats().activations, 1u);
  EXPECT_EQ(log.find_stream(scope).value()->version, 401u);
}

TEST_F(shells_test, answer_a_repeated_command_the_same_after_the_entity_was_loaded_again) {
  start();
  ASSERT_TRUE(tell(reserve(1)).has_value());
  system.reset();
  start();
  ASSERT_TRUE(tell(reserve(1)).has_value());
  EXPECT_EQ(log.find_stream(scope).value()->version, 2u);
}

TEST_F(shells_test, load_an_entity_from_its_snapshot_and_the_facts_after_it) {
  auto bounds = std::make_shared<entity_bounds>();
  bounds->snapshot_every = 10;
  options.bounds = bounds;
  start();
  for (std::uint64_t i = 0; i < 25; ++i)
    ASSERT_TRUE(tell(reserve(i, 30)).has_value());
  ASSERT_TRUE(eventually([&] { return log.load_snapshot(scope).value().has_value(); }));
  system.reset();
  start();
  for (std::uint64_t i = 20; i < 30; ++i)
    ASSERT_TRUE(tell(reserve(i, 30)).has_value());
  EXPECT_EQ(tell(reserve(30, 30)).error().code, errc::budget_exhausted);
}

TEST_F(shells_test, refuse_a_stream_that_no_entity_owns) {
  options.crashes.crashes = 1;
  start();
  const stream_id own{entity_kind::log, "main"};
  EXPECT_FALSE(system->tell_and_wait(own, own, reserve(1)).has_value());
}

TEST_F(shells_test, write_what_is_in_flight_before_they_stop_and_refuse_what_comes_later) {
  start();
  log.hold();
  answers all;
  for (std::uint64_t i = 0; i < 10; ++i)
    system->tell(scope, scope, reserve(i), all.one());
  ASSERT_TRUE(eventually([&] { return system->stats().appends_in_flight == 1; }));
  std::thread stopper([&] { system->stop(60s); });
  ASSERT_TRUE(eventually([&] { return performer->held.load(); }));
  EXPECT_EQ(tell(reserve(99)).error().code, errc::shutting_down);
  log.release();
  stopper.join();
  ASSERT_TRUE(all.wait_for(10));
  EXPECT_EQ(all.good(), 10);
  EXPECT_EQ(tell(reserve(98)).error().code, errc::shutting_down);
}

TEST_F(shells_test, wait_for_an_outside_effect_only_as_long_as_the_grace_lasts) {
  start();
  performer->busy = 1;
  EXPECT_FALSE(system->settle(5ms));
  performer->busy = 0;
  EXPECT_TRUE(system->settle(60s));
}

TEST_F(shells_test, refuse_options_that_make_no_sense) {
  options.idle_ms = 0;
  const auto made = shells::start(
      log, [](entity_directory&) { return std::make_unique<test_performer>(); }, options);
  EXPECT_EQ(made.error().code, errc::argument_invalid);
}

} // namespace ash
