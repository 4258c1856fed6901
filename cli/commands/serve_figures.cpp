#include "cli/commands/serve_figures.hpp"

namespace ash::cli {

gateway::http_figures figures_of(const gateway::server_counters& from) {
  gateway::http_figures out;
  for (std::size_t route = 0; route < gateway::route_classes; ++route) {
    const std::string name{gateway::to_string(static_cast<gateway::route_class>(route))};
    for (std::size_t digit = 0; digit < from.requests[route].size(); ++digit)
      if (const auto count = from.requests[route][digit]; count > 0)
        out.answered.push_back({name, std::to_string(digit + 1) + "xx", count});
  }
  out.connections = from.connections;
  out.websockets = from.websockets;
  out.sse = from.sse;
  out.accepted = from.accepted;
  out.refused_connections = from.refused_connections;
  out.timed_out = from.timed_out;
  out.stalled = from.stalled;
  out.tls_failures = from.tls_failures;
  out.bytes_in = from.bytes_in;
  out.bytes_out = from.bytes_out;
  out.frames_in = from.frames_in;
  out.frames_out = from.frames_out;
  out.waiting_requests = from.waiting_requests;
  return out;
}

gateway::feed_figures figures_of(const feed::broadcaster_stats& ring,
                                 const gateway::live_stats& live) {
  return {.subscribers = ring.subscriptions,
          .ring_head = ring.ring_head,
          .ring_bytes = ring.ring_bytes,
          .log_pages = ring.log_pages,
          .events = live.events,
          .snapshots = live.snapshots,
          .commands = live.commands,
          .closed_slow = live.closed_slow,
          .resyncs = live.resyncs};
}

gateway::projection_figures figures_of(const projections::projection_status& from) {
  gateway::projection_figures out;
  for (const auto& each : from.views)
    out.views.push_back({each.view, each.position, each.rows, each.stopped_at != 0});
  out.lag_seconds = from.lag_seconds;
  out.store_up = from.doing == projections::activity::following ||
                 from.doing == projections::activity::rebuilding;
  out.reconnects = from.reconnects;
  return out;
}

} // namespace ash::cli
