// Random histories, read by readers that begin, stop and resume anywhere, beside a ring so small
// that they fall behind it: what each was given has to be what the log holds.
#include "events/base/match.hpp"
#include "events/feed/broadcaster.hpp"
#include "tests/events/feed/a_log.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace ash::feed {
namespace {

using namespace testing;

/// One fact as the readers' feeds see it.
struct written {
  stream_id stream;
  stream_id root;
  std::string type;
};

struct view {
  std::string name;
  std::vector<std::string> types;
  std::function<bool(const written&)> has;
};

std::vector<view> views() {
  std::vector<view> out{
      {"all", {}, [](const written&) { return true; }},
      {"all", {"run.*"}, [](const written& w) { return w.type.starts_with("run."); }},
      {"category/phase", {}, [](const written& w) {
         return w.stream.kind() == entity_kind::phase;
       }}};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    out.push_back({a_run(i).text(), {}, [i](const written& w) { return w.root == a_run(i); }});
    out.push_back({a_run(i).text(), {"*.titled"}, [i](const written& w) {
                     return w.root == a_run(i) && w.type == "session.titled";
                   }});
    out.push_back(
        {a_phase(i).text(), {}, [i](const written& w) { return w.stream == a_phase(i); }});
    out.push_back({a_phase(i).text(), {"run.*"}, [i](const written& w) {
                     return w.stream == a_phase(i) && w.type.starts_with("run.");
                   }});
  }
  return out;
}

class history {
public:
  explicit history(std::uint64_t seed) : bits{seed} {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      write(a_run(i), a_run(i));
      write(a_phase(i), a_run(i));
    }
  }

  std::uint64_t below(std::uint64_t bound) { return bits() % bound; }

  void write(const stream_id& stream, const stream_id& root) {
    std::vector<any_fact> facts;
    for (auto left = below(4) + 1; left > 0; --left) {
      const auto which = below(3);
      facts.push_back(which == 0   ? titled(std::string(below(300), 'x'))
                      : which == 1 ? delta(a_turn(1), std::string(below(300), 'y'))
                                   : any_fact{run::interrupted{}});
      all.push_back({stream, root, std::string{type_of(facts.back())}});
    }
    log.write(stream, root, facts);
  }
  void write_somewhere() {
    const auto root = below(3) + 1;
    below(2) == 0 ? write(a_run(root), a_run(root)) : write(a_phase(root), a_run(root));
  }

  a_log log;
  std::vector<written> all; ///< by position, from 1
  std::mt19937_64 bits;
};

/// A client: what it was given is held against the history at once.
class client {
public:
  client(history& of, broadcaster& live, const view& what, pruned_form form)
      : of_{of}, live_{live}, what_{what}, form_{form} {
    begin({});
  }

  /// One step. False where there is nothing now.
  bool step() {
    auto next = must(by_->next());
    return std::visit(match{[&](const an_event& e) {
                              check_prev(e.prev);
                              EXPECT_EQ(e.what->position(), next_after(last_)) << what_.name;
                              last_ = e.what->position();
                              own_ = must(parse_cursor(std::string{e.what->cursor_text()}));
                              ++events;
                              return true;
                            },
                            [&](const a_gap& gap) {
                              check_prev(gap.prev);
                              for (auto at = next_after(last_); at != 0 && at <= gap.position;
                                   at = next_after(at)) {
                                EXPECT_EQ(of_.all[at - 1].type, "llm.call.delta");
                                EXPECT_EQ(of_.all[at - 1].stream, gap.stream);
                                last_ = at;
                              }
                              EXPECT_EQ(last_, gap.position);
                              own_ = by_->where();
                              return true;
                            },
                            [](feed::caught_up) { return true; },
                            [](feed::over) { return false; },
                            [](feed::idle) { return false; },
                            [](feed::again) { return true; },
                            [](feed::held) { return false; }},
                      next);
  }

  /// The connection is cut; it resumes by its last event's cursor, or by where the feed was.
  void cut() {
    const auto from = of_.below(2) == 0 ? own_ : by_->where();
    if (from.position == 0)
      return begin({});
    last_ = from.position;
    begin({from.position, from.last, from.feed});
  }

  /// Everything up to the end of the history, waiting where it has to.
  void drain() {
    while (next_after(last_) != 0) {
      if (step())
        continue;
      while (next_after(last_) != 0 && !woken_)
        std::this_thread::yield();
      woken_ = false;
    }
  }

  std::size_t events = 0;

private:
  void begin(const start_point& from) {
    by_.reset();
    woken_ = false;
    last_ = from.after;
    by_ = must(live_.subscribe(must(selector::parse(what_.name)),
                               must(type_filter::make(what_.types)),
                               from,
                               form_,
                               [this] { woken_ = true; }));
  }
  std::uint64_t next_after(std::uint64_t position) const {
    for (auto at = position + 1; at <= of_.all.size(); ++at)
      if (what_.has(of_.all[at - 1]))
        return at;
    return 0;
  }
  void check_prev(std::uint64_t prev) const {
    std::uint64_t expected = last_;
    while (expected > 0 && !what_.has(of_.all[expected - 1]))
      --expected;
    EXPECT_EQ(prev, expected) << what_.name << " after " << last_;
  }

  history& of_;
  broadcaster& live_;
  const view& what_;
  pruned_form form_;
  std::atomic<bool> woken_{false};
  std::uint64_t last_ = 0; ///< the position that it has seen everything up to
  cursor own_;
  std::unique_ptr<subscription> by_;
};

void play(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  history of{seed};
  broadcaster_options options;
  options.ring_bytes = (of.below(30) + 1) * 1'024;
  broadcaster live{*of.log.log, options};
  const auto all = views();
  std::vector<std::unique_ptr<client>> clients;
  for (const auto& each : all)
    for (const auto form : {pruned_form::events, pruned_form::gaps})
      clients.push_back(std::make_unique<client>(of, live, each, form));
  for (int round = 0; round < 400; ++round) {
    const auto what = of.below(10);
    auto& one = *clients[of.below(clients.size())];
    if (what < 3)
      of.write_somewhere();
    else if (what == 3)
      of.log.prune(of.below(2) == 0 ? a_run(of.below(3) + 1) : a_phase(of.below(3) + 1));
    else if (what == 4)
      one.cut();
    else
      for (auto steps = of.below(40); steps > 0 && one.step(); --steps) {
      }
  }
  for (const auto& each : clients)
    each->drain();
  EXPECT_GT(clients.front()->events, 0U);
}

TEST(feeds, give_every_reader_what_the_log_holds) {
  for (std::uint64_t seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed)
    play(seed);
}

TEST(feeds, give_many_threads_what_a_writer_appends_meanwhile) {
  constexpr std::uint64_t facts = 5'000;
  a_log log;
  log.write(a_run(1), titled("first"));
  broadcaster_options options;
  options.ring_bytes = 50'000;
  broadcaster live{*log.log, options};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      std::atomic<bool> woken{false};
      const auto reader = must(
          live.subscribe(must(selector::parse(a_run(1).text())), {}, {}, pruned_form::events, [&] {
            woken = true;
          }));
      for (std::uint64_t last = 0; last < facts;) {
        auto next = must(reader->next());
        if (const auto* event = std::get_if<an_event>(&next)) {
          EXPECT_EQ(event->prev, last);
          last = event->what->position();
        } else if (std::holds_alternative<idle>(next)) {
          while (!woken.exchange(false))
            std::this_thread::yield();
        }
      }
    });
  for (std::uint64_t i = 1; i < facts; ++i)
    log.write(a_phase(i % 3), a_run(1), {titled(std::string(i % 200, 'x'))});
  for (auto& each : readers)
    each.join();
  EXPECT_EQ(live.stats().subscriptions, 0U);
}

} // namespace
} // namespace ash::feed
