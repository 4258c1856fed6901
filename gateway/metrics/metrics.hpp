// The text at /metrics: what the parts of the process count, and what the log's facts say. Owned by
// the composition root, which tells it where each part's figures come from. It changes nothing.
#pragma once

#include "actors/shells/shells.hpp"
#include "events/log/event_log.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ash::gateway {

/// Of the live feeds: the ring of new events and its subscribers. Counts are since the start.
struct feed_figures {
  std::uint64_t subscribers = 0;
  std::uint64_t ring_head = 0; ///< the last position that the ring has seen
  std::uint64_t ring_bytes = 0;
  std::uint64_t log_pages = 0; ///< that subscriptions behind the ring have read
  std::uint64_t events = 0;    ///< given to clients
  std::uint64_t snapshots = 0; ///< likewise
  std::uint64_t commands = 0;  ///< from clients
  std::uint64_t closed_slow = 0;
  std::uint64_t resyncs = 0;
};

/// Of one read model.
struct view_figures {
  std::string view;
  std::uint64_t position = 0; ///< the last fact in its rows
  std::uint64_t rows = 0;     ///< written since the start
  bool stopped = false;       ///< at a fact that it can't apply
};

struct projection_figures {
  std::vector<view_figures> views;
  double lag_seconds = 0; ///< since the oldest fact that is not in the rows
  bool store_up = true;
  std::uint64_t reconnects = 0; ///< since the start
};

/// Of the server: requests by class of route and of status, connections and bytes.
struct http_figures {
  struct requests {
    std::string route;
    std::string status_class; ///< `2xx`
    std::uint64_t count = 0;
  };
  std::vector<requests> answered;
  std::uint64_t connections = 0; ///< open, WebSockets and SSE among them
  std::uint64_t websockets = 0;
  std::uint64_t sse = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused_connections = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t stalled = 0;
  std::uint64_t tls_failures = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t waiting_requests = 0;
};

/// Where the figures come from. A function that is empty means that there is no such part; each is
/// called at every scrape, from a thread that may block.
struct metric_sources {
  std::function<shells_stats()> actors;
  std::function<http_figures()> http;
  std::function<feed_figures()> feeds;
  std::function<projection_figures()> projections;
  std::string version;
};

/// Thread-safe.
class metrics {
public:
  /// Counts the facts from the log's present head on. `log` outlives this.
  metrics(log::event_log& log, metric_sources sources);
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// One HTTP request was answered. `route` is a class of routes, not a path.
  void on_answered(std::string_view route, std::string_view method, std::chrono::microseconds took);

  /// The exposition format of Prometheus, version 0.0.4, as `content_type` says.
  [[nodiscard]] std::string text() const;
  /// Everything up to this position of the log is counted.
  [[nodiscard]] std::uint64_t position() const;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
  class parts;
  std::unique_ptr<parts> parts_;
};

} // namespace ash::gateway
