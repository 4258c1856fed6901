// A log in memory that the tests of the metrics write facts into, and the figures with every part
// there is. Not thread-safe.
#pragma once

#include "events/codec/codec.hpp"
#include "events/log/memory_log.hpp"
#include "gateway/metrics/metrics.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace ash::gateway {

class fact_writer {
public:
  fact_writer() : log_(log::make_memory_log()) {}

  log::event_log& log() { return *log_; }

  void write(const stream_id& to, const any_fact& fact, instant at = system_now()) {
    const auto encoded = codec::encode(fact);
    log::append_request what;
    what.stream = to;
    what.root = to;
    what.expected_version = versions_[to];
    what.at = at;
    what.entries.push_back({{}, "test", "test", {}});
    what.entries.front().facts.push_back({std::string{encoded.type},
                                          encoded.schema_version,
                                          log::durability::synced,
                                          encoded.payload});
    for (const auto& each : encoded.blobs)
      what.blobs.push_back({each.hash, each.bytes});
    const auto written = log_->append_now(std::move(what));
    ASSERT_TRUE(written) << written.error().message;
    ++versions_[to];
  }

  /// Bytes that are no fact.
  void write_raw(const stream_id& to, const std::string& type) {
    log::append_request what;
    what.stream = to;
    what.root = to;
    what.expected_version = versions_[to]++;
    what.at = system_now();
    what.entries.push_back({{}, "test", "test", {{type, 1, log::durability::synced, "no fact"}}});
    ASSERT_TRUE(log_->append_now(std::move(what)));
  }

private:
  std::unique_ptr<log::event_log> log_;
  std::map<stream_id, std::uint64_t> versions_;
};

/// The text once everything in the log is counted. A minute without that is a failure.
inline std::string settled_text(const metrics& of, const log::event_log& log) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (of.position() < log.head()) {
    if (std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "the facts are not counted";
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return of.text();
}

/// Figures from every part.
inline metric_sources all_sources() {
  metric_sources all;
  all.version = "0.1.0";
  all.actors = [] {
    shells_stats stats;
    stats.live[1] = 3;
    stats.commands = 4;
    stats.waited_us = 1'500'000;
    return stats;
  };
  all.http = [] {
    http_figures of;
    of.answered = {{"api", "2xx", 7}};
    of.connections = 5;
    of.websockets = 2;
    of.sse = 1;
    return of;
  };
  all.feeds = [] { return feed_figures{.subscribers = 3}; };
  all.projections = [] {
    return projection_figures{{{"runs", 12, 30, false}, {"messages", 0, 0, true}}, 0.5, true, 2};
  };
  return all;
}

/// A model call with all its facts, a tool call, a run with an approval, and money.
inline void write_everything(fact_writer& to) {
  const call_id call{random_uuid()};
  const call_id cut{random_uuid()};
  const tool_call_id tool{random_uuid()};
  const auto phase = stream_of(phase_id{random_uuid()});
  const auto run = stream_of(run_id{random_uuid()});
  to.write(run, run::started{});
  to.write(run, run::approval_requested{});
  turn::call_requested asked;
  asked.call = call;
  asked.model = "openai:gpt-4o";
  to.write(phase, asked);
  turn::call_completed answered;
  answered.call = call;
  answered.usage = {1'000, 50, 200, 10, true};
  answered.cost = {2'500'000'000};
  answered.latency_ms = 1'200;
  to.write(phase, answered);
  asked.call = cut;
  to.write(phase, asked);
  turn::call_failed failed;
  failed.call = cut;
  failed.code = "provider_unavailable";
  failed.latency_ms = 30;
  to.write(phase, failed);
  turn::call_retried retried;
  retried.call = cut;
  to.write(phase, retried);
  tool_call::requested wanted;
  wanted.call = tool;
  wanted.name = "read_file";
  to.write(stream_of(tool), wanted);
  tool_call::completed done;
  done.call = tool;
  done.duration_ms = 15;
  to.write(stream_of(tool), done);
  const auto day = "day:" + utc_date(system_now());
  budget::opened opened;
  opened.terms = {day, {10'000'000'000'000}, {}, budget_policy::block};
  to.write(stream_of_budget(day), opened);
  budget::reserved reserved;
  reserved.call = call;
  reserved.amount = {3'000'000'000'000};
  to.write(stream_of_budget(day), reserved);
}

} // namespace ash::gateway
