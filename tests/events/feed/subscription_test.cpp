#include "events/base/json.hpp"
#include "events/base/match.hpp"
#include "events/feed/broadcaster.hpp"
#include "tests/events/feed/a_log.hpp"

#include <atomic>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace ash::feed {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// What a subscription gave until it was idle or over: (position, prev), and words for the rest.
struct given {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> events;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
  int caught_up = 0;
  bool over = false;
};

given take_all(subscription& from) {
  given out;
  for (bool goes_on = true; goes_on;) {
    auto next = must(from.next());
    std::visit(
        match{[&](const an_event& e) { out.events.emplace_back(e.what->position(), e.prev); },
              [&](const a_gap& gap) { out.gaps.emplace_back(gap.position, gap.prev); },
              [&](feed::caught_up) { ++out.caught_up; },
              [&](feed::over) {
                out.over = true;
                goes_on = false;
              },
              [&](feed::idle) { goes_on = false; },
              [&](feed::again) {},
              [&](feed::held) { goes_on = false; }},
        next);
  }
  return out;
}

class subscriptions : public ::testing::Test {
protected:
  std::unique_ptr<subscription> follow(std::string_view name,
                                       start_point from = {},
                                       std::vector<std::string> types = {},
                                       pruned_form form = pruned_form::events) {
    while (live().stats().ring_head < log.log->head())
      std::this_thread::yield(); // so that what was written is there without waiting
    return must(live().subscribe(
        must(selector::parse(name)), must(type_filter::make(std::move(types))), from, form, [this] {
          ++wakes;
        }));
  }
  broadcaster& live() {
    if (!live_)
      live_ = std::make_unique<broadcaster>(*log.log, options);
    return *live_;
  }
  void wait_for_wakes(int count) const {
    while (wakes < count)
      std::this_thread::yield();
  }

  a_log log;
  broadcaster_options options;
  std::atomic<int> wakes{0};

private:
  std::unique_ptr<broadcaster> live_;
};

TEST_F(subscriptions, give_a_run_with_all_beneath_it_and_nothing_else) {
  log.write(a_run(1), titled("1"));
  log.write(a_run(2), titled("2"));
  log.write(a_phase(3), a_run(1), {titled("3"), titled("4")});
  const auto reader = follow(a_run(1).text());
  const auto all = take_all(*reader);
  EXPECT_THAT(all.events, ElementsAre(Pair(1, 0), Pair(3, 1), Pair(4, 3)));
  EXPECT_EQ(all.caught_up, 1);
}

TEST_F(subscriptions, go_on_live_without_a_gap) {
  log.write(a_run(1), titled("1"));
  const auto reader = follow(a_run(1).text());
  take_all(*reader);
  EXPECT_TRUE(reader->is_idle());
  log.write(a_phase(3), a_run(1), {titled("2")});
  wait_for_wakes(1);
  EXPECT_THAT(take_all(*reader).events, ElementsAre(Pair(2, 1)));
}

TEST_F(subscriptions, leave_nothing_read_ahead_once_they_have_caught_up) {
  constexpr std::size_t page = 256; // of the log
  log.write(a_run(1), a_run(1), std::vector<any_fact>(page, titled("old")));
  const auto first = follow("all", {page, 0, 0});
  take_all(*first);
  log.write(a_run(1), a_run(1), std::vector<any_fact>(10, titled("new")));
  wait_for_wakes(1);
  // The log's first page is followed by what the ring has.
  const auto second = follow("all");
  EXPECT_EQ(take_all(*second).events.size(), page + 10);
  for (int i = 0; i < 1'000 && live().stats().pages_ahead > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{1}); // a page is left where it is begun
  EXPECT_EQ(live().stats().pages_ahead, 0U);
}

TEST_F(subscriptions, are_not_woken_for_what_is_not_of_their_feed) {
  log.write(a_run(1), titled("1"));
  log.write(a_run(2), titled("2"));
  const auto one = follow(a_run(1).text());
  take_all(*one);
  log.write(a_run(2), titled("3"));
  log.write(a_run(1), titled("4"));
  wait_for_wakes(1);
  EXPECT_THAT(take_all(*one).events, ElementsAre(Pair(4, 1)));
  EXPECT_EQ(wakes, 1);
}

TEST_F(subscriptions, of_a_category_a_stream_and_everything_have_what_they_name) {
  log.write(a_run(1), titled("1"));
  log.write(a_phase(3), a_run(1), {titled("2"), titled("3")});
  log.write(a_run(2), titled("4"));
  EXPECT_THAT(take_all(*follow("category/run")).events, ElementsAre(Pair(1, 0), Pair(4, 1)));
  EXPECT_THAT(take_all(*follow(a_phase(3).text())).events, ElementsAre(Pair(2, 0), Pair(3, 2)));
  EXPECT_EQ(take_all(*follow("all")).events.size(), 4U);
}

TEST_F(subscriptions, of_a_turn_have_its_facts_and_its_tool_calls) {
  tool_call::requested mine;
  mine.turn = a_turn(7);
  tool_call::requested other;
  other.turn = a_turn(8);
  log.write(
      a_phase(3), a_run(1), {turn::started{a_turn(7), 1, "go"}, turn::started{a_turn(8), 2, ""}});
  log.write(a_tool_call(4), a_run(1), {mine, tool_call::started{}});
  log.write(a_tool_call(5), a_run(1), {other});
  log.write(a_phase(3), a_run(1), {turn::completed{a_turn(7), "done"}, titled("after")});
  const auto name = a_phase(3).text() + "/turn/" + to_string(a_turn(7));
  const auto all = take_all(*follow(name));
  EXPECT_THAT(all.events, ElementsAre(Pair(1, 0), Pair(3, 1), Pair(4, 3), Pair(6, 4)));
  EXPECT_TRUE(all.over);
  // Resumed after its last fact it is over too.
  EXPECT_TRUE(take_all(*follow(name, {7})).over);
  EXPECT_FALSE(take_all(*follow(a_phase(3).text() + "/turn/" + to_string(a_turn(8)), {7})).over);
}

TEST_F(subscriptions, with_types_have_those_and_their_chain) {
  log.write(a_run(1), run::interrupted{});
  log.write(a_run(1), titled("2"));
  log.write(a_run(1), run::interrupted{});
  EXPECT_THAT(take_all(*follow("all", {}, {"run.*"})).events, ElementsAre(Pair(1, 0), Pair(3, 1)));
}

TEST_F(subscriptions, that_begin_in_the_middle_know_what_was_before) {
  for (int i = 0; i < 5; ++i) {
    log.write(a_run(1), titled("run 1")); // 1, 3, …
    log.write(a_run(2), titled("run 2")); // 2, 4, …
  }
  EXPECT_THAT(take_all(*follow(a_run(1).text(), {7})).events, ElementsAre(Pair(9, 7)));
  EXPECT_THAT(take_all(*follow(a_run(1).text(), {8})).events, ElementsAre(Pair(9, 7)));
  EXPECT_THAT(take_all(*follow("category/run", {8})).events, ElementsAre(Pair(9, 8), Pair(10, 9)));
  EXPECT_THAT(take_all(*follow(a_run(2).text(), {1})).events.front(), Pair(2, 0));
}

TEST_F(subscriptions, do_not_trust_what_a_cursor_of_another_feed_says_was_before) {
  log.write(a_run(1), run::interrupted{});
  log.write(a_run(1), titled("2"));
  const auto filtered = follow(a_run(1).text(), {}, {"run.*"});
  take_all(*filtered);
  const auto where = filtered->where();
  EXPECT_EQ(where.position, 2U);
  EXPECT_EQ(where.last, 1U);
  log.write(a_run(1), titled("3"));
  EXPECT_THAT(take_all(*follow(a_run(1).text(), {where.position, where.last, where.feed})).events,
              ElementsAre(Pair(3, 2)));
}

TEST_F(subscriptions, refuse_what_is_not_there) {
  log.write(a_run(1), titled("1"));
  const auto refused = [&](std::string_view name, std::uint64_t after) {
    return live()
        .subscribe(must(selector::parse(name)), {}, {after}, pruned_form::events, [] {})
        .error()
        .code;
  };
  EXPECT_EQ(refused(a_run(2).text(), 0), errc::run_not_found);
  EXPECT_EQ(refused(a_session(2).text(), 0), errc::session_not_found);
  EXPECT_EQ(refused(a_phase(2).text(), 0), errc::feed_not_found);
}

TEST_F(subscriptions, wait_for_what_comes_after_a_place_beyond_the_end) {
  log.write(a_run(1), titled("1"));
  // What it says of the feed's last event is about events that nobody has seen.
  for (const auto& from : {start_point{3, 0, 0}, start_point{3, 3, 7}}) {
    const auto reader = follow(a_run(1).text(), from);
    auto seen = take_all(*reader);
    EXPECT_THAT(seen.events, IsEmpty());
    EXPECT_EQ(seen.caught_up, 1);
    EXPECT_TRUE(reader->is_ahead());
    EXPECT_EQ(reader->where().position, 3U);
  }
  const auto reader = follow(a_run(1).text(), {3});
  const auto of_all = follow("all", {3});
  take_all(*reader);
  take_all(*of_all);
  log.write(a_run(1), titled("2"));
  wait_for_wakes(2);
  EXPECT_THAT(take_all(*reader).events, IsEmpty());
  EXPECT_THAT(take_all(*of_all).events, IsEmpty());
  log.write(a_run(2), titled("3"));
  log.write(a_run(1), titled("4"));
  wait_for_wakes(4);
  EXPECT_THAT(take_all(*reader).events, ElementsAre(Pair(4, 2)));
  EXPECT_THAT(take_all(*of_all).events, ElementsAre(Pair(4, 3)));
  EXPECT_FALSE(reader->is_ahead());
}

TEST_F(subscriptions, are_refused_beyond_the_end_where_the_feed_is_over) {
  log.write(a_run(1), titled("1"));
  const auto reader = follow(a_run(1).text(), {9});
  take_all(*reader);
  log.write(a_run(1), a_run(1), {titled("2")}, log::stream_status::closed);
  wait_for_wakes(1);
  EXPECT_EQ(reader->next().error().code, errc::cursor_invalid);
  EXPECT_EQ(
      live()
          .subscribe(must(selector::parse(a_run(1).text())), {}, {3}, pruned_form::events, [] {})
          .error()
          .code,
      errc::cursor_invalid);
  EXPECT_TRUE(take_all(*follow(a_run(1).text(), {2})).over);
}

TEST_F(subscriptions, end_once_the_root_is_over_and_settled) {
  bool is_settled = false;
  options.is_settled = [&](const stream_id&) -> result<bool> { return is_settled; };
  log.write(a_run(1), titled("1"));
  const auto reader = follow(a_run(1).text());
  EXPECT_FALSE(take_all(*reader).over);
  log.write(a_run(1), a_run(1), {titled("2")}, log::stream_status::closed);
  wait_for_wakes(1);
  EXPECT_FALSE(take_all(*reader).over) << "its phase still goes on";
  is_settled = true;
  log.write(a_phase(3), a_run(1), {titled("3")});
  wait_for_wakes(2);
  const auto last = take_all(*reader);
  EXPECT_THAT(last.events, ElementsAre(Pair(3, 2)));
  EXPECT_TRUE(last.over);
  EXPECT_TRUE(take_all(*follow(a_run(1).text(), {3})).over);
}

TEST_F(subscriptions, give_pruned_facts_as_they_were_asked_for) {
  log.write(a_session(1), titled("1"));
  log.write(a_session(1), a_session(1), {delta(a_turn(1), "a"), delta(a_turn(1), "b")});
  log.write(a_session(1), titled("4"));
  log.prune(a_session(1));
  EXPECT_EQ(take_all(*follow(a_session(1).text())).events.size(), 4U);
  const auto gaps = take_all(*follow(a_session(1).text(), {}, {}, pruned_form::gaps));
  EXPECT_THAT(gaps.events, ElementsAre(Pair(1, 0), Pair(4, 3)));
  EXPECT_THAT(gaps.gaps, ElementsAre(Pair(3, 1)));
}

TEST_F(subscriptions, without_an_allowance_give_no_event_and_lose_none) {
  log.write(a_run(1), titled("1"));
  const auto reader = follow(a_run(1).text());
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(std::holds_alternative<held>(must(reader->next(allowance::no_events))));
  EXPECT_THAT(take_all(*reader).events, ElementsAre(Pair(1, 0)));
  EXPECT_TRUE(std::holds_alternative<idle>(must(reader->next(allowance::no_events))));
}

TEST_F(subscriptions, that_forget_their_page_read_it_again) {
  for (int i = 0; i < 10; ++i)
    log.write(a_run(1), titled("x"));
  const auto reader = follow(a_run(1).text());
  std::vector<std::uint64_t> seen;
  while (seen.size() < 10) {
    auto next = must(reader->next());
    if (const auto* event = std::get_if<an_event>(&next))
      seen.push_back(event->what->position());
    reader->forget_page();
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST_F(subscriptions, that_do_not_read_take_no_more_than_the_ring) {
  options.ring_bytes = 64 << 10;
  log.write(a_run(1), titled("1"));
  const auto frozen = follow(a_run(1).text());
  take_all(*frozen);
  for (int i = 0; i < 2'000; ++i)
    log.write(a_run(1), titled(std::string(100, 'x')));
  while (live().stats().ring_head < 2'001)
    std::this_thread::yield();
  EXPECT_LE(live().stats().ring_bytes, 64U << 10);
  EXPECT_LT(live().stats().ring_events, 100U);
  const auto all = take_all(*frozen);
  ASSERT_EQ(all.events.size(), 2'000U);
  for (std::uint64_t i = 0; i < 2'000; ++i)
    EXPECT_EQ(all.events[i], std::pair(i + 2, i + 1));
}

TEST_F(subscriptions, share_the_bytes_of_an_event) {
  log.write(a_run(1), titled("1"));
  const auto one = follow(a_run(1).text());
  const auto two = follow("all");
  take_all(*one);
  take_all(*two);
  log.write(a_run(1), titled("2"));
  wait_for_wakes(2);
  const auto a = std::get<an_event>(must(one->next()));
  const auto b = std::get<an_event>(must(two->next()));
  EXPECT_EQ(a.what, b.what);
  EXPECT_EQ(event::shared_text(a.what).get(), event::shared_text(b.what).get());
}

TEST_F(subscriptions, give_events_with_their_position_cursor_and_record) {
  log.write(a_session(1), titled("a \"title\"\n"));
  const auto event = std::get<an_event>(must(follow("all")->next()));
  const auto text = must(event.what->text());
  const auto parsed = must(parse_json("{" + std::string{text} + "}", "the event"));
  EXPECT_EQ(parsed.at("position"), 1);
  EXPECT_EQ(must(parse_cursor(std::string{parsed.at("cursor").as_string()})),
            (cursor{log.log->incarnation(), 0, 1, 1, 0}));
  EXPECT_EQ(parsed.at("record").at("data").at("title"), "a \"title\"\n");
  EXPECT_EQ(event.what->cursor_text(), parsed.at("cursor").as_string());
}

TEST_F(subscriptions, end_with_an_error_at_a_fact_that_cannot_be_read) {
  log::append_request what;
  what.stream = what.root = a_run(1);
  what.entries = {{"", "", "", {{"run.unheard_of", 1, log::durability::synced, "x"}}}};
  must(log.log->append_now(what));
  EXPECT_EQ(follow("all")->next().error().code, errc::log_corrupt);
}

} // namespace
} // namespace ash::feed
