// What the tests of the live protocol share: a log, its feeds, and clients without a socket.
#pragma once

#include "gateway/live/live.hpp"
#include "tests/events/feed/a_log.hpp"

#include <atomic>
#include <deque>
#include <thread>

namespace ash::gateway::testing {

using namespace feed::testing;

inline std::string text_of(const frame& of) {
  return of.head + (of.shared ? *of.shared : std::string{}) + std::string{of.tail};
}

/// A server's live side. Its worker runs a job when the test says so.
class a_server {
public:
  explicit a_server(live_limits limits = {}, feed::broadcaster_options options = {})
      : feeds{*log.log, std::move(options)},
        live{{.feeds = feeds,
              .commands = [this](const request& what) { return answer(what); },
              .run_on_worker =
                  [this](std::function<void()> job) {
                    if (is_busy)
                      return false;
                    jobs.push_back(std::move(job));
                    return true;
                  },
              .is_token = [](std::string_view shown) { return shown == "secret"; },
              .fold = [](const stream_id& stream,
                         std::uint64_t position) -> result<std::shared_ptr<const std::string>> {
                if (stream.kind() == entity_kind::budget)
                  return refuse(errc::log_corrupt, "damaged");
                return std::make_shared<const std::string>(
                    to_json_text(json::object{{"stream", stream.text()},
                                              {"version", position},
                                              {"position", position},
                                              {"at", "2025-11-21T12:00:00.000000Z"},
                                              {"state", {{"kind", "active"}}}}));
              },
              .version = "0.1.0",
              .limits = limits}} {}

  /// So that what was written can be read without waiting.
  void settle() const {
    while (feeds.stats().ring_head < log.log->head())
      std::this_thread::yield();
  }
  void work() {
    for (; !jobs.empty(); jobs.pop_front())
      jobs.front()();
  }

  a_log log;
  feed::broadcaster feeds;
  live_feeds live;
  std::deque<std::function<void()>> jobs;
  std::vector<request> asked;
  bool is_busy = false;

private:
  response answer(const request& from) {
    asked.push_back(from);
    if (from.path == "/api/v1/text")
      return {.status = 200, .content_type = "text/plain", .body = "a \"text\""};
    return {.status = from.method == "POST" ? 202 : 200, .body = R"({"done":true})"};
  }
};

/// A client that takes what it is given at once.
class a_client {
public:
  explicit a_client(a_server& of,
                    live_feeds::authorisation shown = live_feeds::authorisation::given)
      : server_{of}, by_{of.live.make_conversation(shown, "test")} {
    by_->on_ready([this] { ++wakes; });
  }
  a_client(a_server& of, std::unique_ptr<outlet> stream) : server_{of}, by_{nullptr} {
    stream_ = std::move(stream);
    stream_->on_ready([this] { ++wakes; });
  }

  void says(std::string_view text) { by_->on_message(text); }

  /// Everything that there is for it now, and that it takes.
  std::vector<std::string> hears(bool takes = true) {
    server_.settle();
    std::vector<std::string> out;
    for (int before = -1; before != wakes;) { // woken meanwhile: there may be more
      before = wakes;
      while (auto next = connection().next())
        out.push_back(text_of(*next));
    }
    if (takes && !out.empty())
      connection().taken(now);
    return out;
  }
  json::object hears_one() {
    const auto all = hears();
    if (all.size() != 1)
      throw std::runtime_error{"heard " + std::to_string(all.size()) + " frames"};
    return must(parse_json(all.front(), "the frame")).as_object();
  }
  /// A second at a time, as a connection does.
  void after(std::chrono::seconds time) {
    for (const auto end = now + time; now < end;) {
      now += std::chrono::seconds{1};
      connection().tick(now);
    }
  }
  outlet& connection() { return by_ ? *by_ : *stream_; }

  std::atomic<int> wakes{0};
  std::chrono::steady_clock::time_point now{};

private:
  a_server& server_;
  std::unique_ptr<conversation> by_;
  std::unique_ptr<outlet> stream_;
};

} // namespace ash::gateway::testing
