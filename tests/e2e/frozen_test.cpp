// Clients that stop reading, beside a thousand that keep up, on live runs of the real server.
#include "events/base/clock.hpp"
#include "events/base/json.hpp"
#include "tests/e2e/feed_socket.hpp"
#include "tests/e2e/live_runs.hpp"
#include "tests/e2e/sockets.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ash::e2e {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t good_clients = 1'000;
constexpr std::size_t frozen_clients = 3;
/// Of a frozen client: were it all kept for it, that would be hundreds of megabytes.
constexpr std::size_t frozen_subscriptions = 100;
/// The log's sorted tables and the ring of the newest events may still grow.
constexpr std::size_t memory_slack = std::size_t{128} << 20;
constexpr seconds limit{120};

std::size_t resident_bytes_of(pid_t process) {
  std::ifstream in{"/proc/" + std::to_string(process) + "/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// What one subscription was sent.
struct follower {
  std::vector<std::uint64_t> positions;
  std::uint64_t wrong_prev = 0;
  std::string cursor;
  std::string closed; ///< the code, once it is

  void take(const json::object& frame) {
    const auto& type = frame.at("type").as_string();
    if (type == "event") {
      const auto last = positions.empty() ? 0 : positions.back();
      wrong_prev += frame.at("prev").to_number<std::uint64_t>() != last ? 1 : 0;
      positions.push_back(frame.at("position").to_number<std::uint64_t>());
    }
    if (type == "closed")
      closed = json::value_to<std::string>(frame.at("code"));
    if (type == "event" || type == "closed")
      cursor = json::value_to<std::string>(frame.at("cursor"));
  }
};

json::object parsed(std::string_view frame) {
  return parse_json(frame, "a frame").value().as_object();
}

class a_thousand_readers : public testing::Test {
protected:
  a_thousand_readers() : good_(good_clients), crowd_{good_clients} {}

  /// The thousand read, for so long.
  void read_for_ms(std::int64_t time_ms) {
    crowd_.read_for(time_ms * us_per_ms, [&](std::size_t which, std::string_view frame) {
      good_[which].take(parsed(frame));
    });
    most_memory_ = std::max(most_memory_, resident_bytes_of(under_.process()));
  }

  [[nodiscard]] std::uint64_t metric(const std::string& name) const {
    const auto all = http_get(under_.port(), "/metrics", under_.token());
    const auto at = all.find('\n' + name + ' ');
    return at == std::string::npos ? 0 : std::stoull(all.substr(at + name.size() + 2));
  }

  /// Reads until `holds`; false once it takes too long.
  bool read_until(const std::function<bool()>& holds) {
    for (const auto end = steady_clock::now() + limit; steady_clock::now() < end;) {
      read_for_ms(100);
      if (holds())
        return true;
    }
    return false;
  }

  /// What the first of a frozen client's subscriptions was sent, read to the connection's end.
  static follower thawed(feed_socket& from) {
    follower out;
    const auto take = [&](std::string_view text) {
      if (const auto frame = parsed(text); frame.contains("id") && frame.at("id") == "0")
        out.take(frame);
    };
    while (from.read(take))
      ;
    return out;
  }

  /// Goes on where a client was left, up to `head`.
  void resume(follower& with, std::uint64_t head) const {
    feed_socket again{under_.port(), under_.token(), "all", '"' + with.cursor + '"'};
    while (with.positions.empty() || with.positions.back() < head)
      ASSERT_TRUE(again.read([&](std::string_view frame) { with.take(parsed(frame)); }));
  }

  temporary_directory home_;
  live_runs under_{{.directory = home_.path(), .serve_options = {"--stall-time", "8"}}};
  std::vector<follower> good_;
  feed_crowd crowd_;
  std::size_t most_memory_ = 0;
};

std::vector<std::uint64_t> positions_of(const feed_facts& facts) {
  std::vector<std::uint64_t> out;
  for (const auto& [position, pruned] : facts)
    out.push_back(position);
  return out;
}

TEST_F(a_thousand_readers, miss_nothing_beside_frozen_ones_that_are_let_go) {
  ASSERT_TRUE(under_.start_server()) << under_.output();
  ASSERT_TRUE(under_.start_runs()) << under_.output();
  std::vector<feed_socket> frozen;
  for (std::size_t i = 0; i < frozen_clients; ++i) {
    frozen.emplace_back(under_.port(), under_.token(), feed_socket::room::little);
    for (std::size_t n = 0; n < frozen_subscriptions; ++n)
      frozen.back().subscribe(std::to_string(n), "all", "0");
  }
  for (std::size_t i = 0; i < good_clients; ++i) {
    const auto& feed = under_.feeds()[i % under_.feeds().size()];
    crowd_.add({under_.port(), under_.token(), feed, "0"});
    if (i % 50 == 0)
      read_for_ms(1);
  }
  most_memory_ = 0;
  read_for_ms(100);
  const auto memory_before = most_memory_;

  // One takes something again before it is cut off, and is told where to resume.
  ASSERT_TRUE(read_until([&] {
    return metric("actor_shell_feed_closed_slow_total") >= frozen_clients * frozen_subscriptions;
  })) << under_.output();
  auto told = thawed(frozen.front());
  EXPECT_EQ(told.closed, "timed_out");

  // The others never do.
  ASSERT_TRUE(read_until([&] {
    return metric("actor_shell_http_stalled_total") >= frozen_clients - 1;
  })) << under_.output();
  auto cut_off = thawed(frozen.back());
  EXPECT_EQ(cut_off.closed, "");
  EXPECT_FALSE(cut_off.positions.empty());

  ASSERT_TRUE(read_until([&] {
    return std::all_of(
        good_.begin(), good_.end(), [](const follower& each) { return !each.closed.empty(); });
  })) << under_.output();
  EXPECT_LE(most_memory_, memory_before + memory_slack);
  const auto head = under_.end_of_log(steady_clock::now() + limit);
  resume(told, head);
  resume(cut_off, head);
  under_.kill_server();

  const auto facts = feeds_of_log(under_.data());
  const auto has_all = [&](const follower& who, const std::string& feed) {
    return who.wrong_prev == 0 && who.positions == positions_of(facts.at(feed));
  };
  EXPECT_TRUE(has_all(told, "all"));
  EXPECT_TRUE(has_all(cut_off, "all"));
  std::size_t whole = 0;
  for (std::size_t i = 0; i < good_clients; ++i)
    whole += has_all(good_[i], under_.feeds()[i % under_.feeds().size()]) ? 1 : 0;
  EXPECT_EQ(whole, good_clients);
  std::printf("%zu facts; the server had %zu MB before, %zu MB at most\n",
              facts.at("all").size(),
              memory_before >> 20,
              most_memory_ >> 20);
}

} // namespace
} // namespace ash::e2e
