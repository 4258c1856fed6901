#include "gateway/metrics/metrics.hpp"

#include "gateway/metrics/bounded.hpp"
#include "gateway/metrics/fact_meter.hpp"
#include "gateway/metrics/process_figures.hpp"

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <tuple>

namespace ash::gateway {
namespace {

constexpr auto request_bounds =
    std::to_array<double>({0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});

constexpr std::array<entity_kind, 6> all_kinds{entity_kind::session,
                                               entity_kind::run,
                                               entity_kind::phase,
                                               entity_kind::tool_call,
                                               entity_kind::budget,
                                               entity_kind::log};

double number(std::uint64_t count) {
  return static_cast<double>(count);
}

/// 64 µs to 8 s, by powers of two.
constexpr std::size_t first_sync_power = 6;
constexpr auto sync_bounds = [] {
  std::array<double, std::tuple_size_v<log::counts_by_power> - first_sync_power - 1> bounds{};
  double us = 64;
  for (auto& each : bounds) {
    each = us / 1e6;
    us *= 2;
  }
  return bounds;
}();

/// 1 to 4,194,304 facts, by powers of two.
constexpr auto batch_bounds = [] {
  std::array<double, std::tuple_size_v<log::counts_by_power> - 1> bounds{};
  double facts = 1;
  for (auto& each : bounds) {
    each = facts;
    facts *= 2;
  }
  return bounds;
}();

spread by_power(std::span<const double> bounds,
                const log::counts_by_power& counts,
                std::size_t first_power,
                double sum) {
  spread out{bounds};
  for (std::size_t i = 0; i < counts.size(); ++i)
    out.add(i < first_power ? 0 : i - first_power, counts[i]);
  out.add_sum(sum);
  return out;
}

double seconds(std::uint64_t us) {
  return static_cast<double>(us) / 1e6;
}

void write_log(sheet& to, const log::log_stats& of) {
  to.put("actor_shell_log_appends_total", number(of.appends));
  to.put("actor_shell_log_syncs_total", number(of.sync_count));
  to.put("actor_shell_log_sync_duration_seconds",
         by_power(sync_bounds, of.sync_times, first_sync_power, seconds(of.sync_us)));
  to.put("actor_shell_log_batch_facts",
         by_power(batch_bounds, of.batch_sizes, 0, number(of.batch_facts)));
  to.put("actor_shell_log_queued_bytes", number(of.queued_bytes));
  to.put("actor_shell_log_head_position", number(of.head));
  to.put("actor_shell_log_disk_bytes", number(of.disk_bytes));
  to.put("actor_shell_log_streams", number(of.open_streams), {{"status", "open"}});
  to.put("actor_shell_log_streams", number(of.streams - of.open_streams), {{"status", "closed"}});
  to.put("actor_shell_log_blobs", number(of.blobs));
  to.put("actor_shell_log_snapshots", number(of.snapshots));
}

void write_actors(sheet& to, const shells_stats& of) {
  for (const auto kind : all_kinds)
    to.put("actor_shell_actors_live",
           number(of.live[static_cast<std::size_t>(kind)]),
           {{"kind", std::string{to_string(kind)}}});
  to.put("actor_shell_actor_activations_total", number(of.activations));
  to.put("actor_shell_actor_passivations_total", number(of.passivations));
  to.put("actor_shell_actor_crashes_total", number(of.crashes));
  to.put("actor_shell_actors_broken", number(of.broken));
  to.put_sum("actor_shell_mailbox_wait_seconds", seconds(of.waited_us), of.commands);
  to.put("actor_shell_mailbox_longest_wait_seconds", seconds(of.longest_wait_us));
  to.put("actor_shell_commands_unanswered", number(of.unanswered));
  to.put("actor_shell_appends_in_flight", number(of.appends_in_flight));
  to.put("actor_shell_timers_waiting", number(of.waiting_timers));
}

std::uint64_t behind(std::uint64_t head, std::uint64_t position) {
  return head > position ? head - position : 0;
}

void write_feeds(sheet& to, const feed_figures& of, std::uint64_t head) {
  to.put("actor_shell_feed_subscribers", number(of.subscribers));
  to.put("actor_shell_feed_lag_facts", number(behind(head, of.ring_head)));
  to.put("actor_shell_feed_ring_bytes", number(of.ring_bytes));
  to.put("actor_shell_feed_log_pages_total", number(of.log_pages));
  to.put("actor_shell_feed_events_total", number(of.events));
  to.put("actor_shell_feed_snapshots_total", number(of.snapshots));
  to.put("actor_shell_feed_commands_total", number(of.commands));
  to.put("actor_shell_feed_closed_slow_total", number(of.closed_slow));
  to.put("actor_shell_feed_resyncs_total", number(of.resyncs));
}

void write_projections(sheet& to, const projection_figures& of, std::uint64_t head) {
  for (const auto& each : of.views) {
    const label_set labels{{"view", each.view}};
    to.put("actor_shell_projection_lag_facts", number(behind(head, each.position)), labels);
    to.put("actor_shell_projection_rows_total", number(each.rows), labels);
    to.put("actor_shell_projection_stopped", each.stopped ? 1 : 0, labels);
  }
  to.put("actor_shell_projection_lag_seconds", of.lag_seconds);
  to.put("actor_shell_projection_store_up", of.store_up ? 1 : 0);
  to.put("actor_shell_projection_reconnects_total", number(of.reconnects));
}

void write_http(sheet& to, const http_figures& of) {
  for (const auto& each : of.answered)
    to.put("actor_shell_http_requests_total",
           number(each.count),
           {{"route", each.route}, {"status_class", each.status_class}});
  const auto live = of.websockets + of.sse;
  const auto http = of.connections > live ? of.connections - live : 0;
  to.put("actor_shell_http_connections", number(http), {{"kind", "http"}});
  to.put("actor_shell_http_connections", number(of.websockets), {{"kind", "websocket"}});
  to.put("actor_shell_http_connections", number(of.sse), {{"kind", "sse"}});
  to.put("actor_shell_http_accepted_total", number(of.accepted));
  to.put("actor_shell_http_refused_connections_total", number(of.refused_connections));
  to.put("actor_shell_http_timed_out_total", number(of.timed_out));
  to.put("actor_shell_http_stalled_total", number(of.stalled));
  to.put("actor_shell_http_tls_failures_total", number(of.tls_failures));
  to.put("actor_shell_http_received_bytes_total", number(of.bytes_in));
  to.put("actor_shell_http_sent_bytes_total", number(of.bytes_out));
  to.put("actor_shell_live_frames_total", number(of.frames_in), {{"direction", "in"}});
  to.put("actor_shell_live_frames_total", number(of.frames_out), {{"direction", "out"}});
  to.put("actor_shell_http_waiting_requests", number(of.waiting_requests));
}

} // namespace

class metrics::parts {
public:
  parts(log::event_log& of, metric_sources from) : log(of), sources(std::move(from)), facts(of) {}

  void write_requests(sheet& to) {
    const std::lock_guard held{lock};
    for (const auto& [key, durations] : requests)
      to.put("http_server_request_duration_seconds",
             durations,
             {{"http_route", key.first}, {"http_request_method", key.second}});
  }

  log::event_log& log;
  const metric_sources sources;
  fact_meter facts;

  std::mutex lock; // guards what follows
  bounded_names routes{32};
  bounded_names methods{16};
  std::map<std::pair<std::string, std::string>, spread> requests; // by route and method
};

metrics::metrics(log::event_log& log, metric_sources sources)
    : parts_(std::make_unique<parts>(log, std::move(sources))) {}

metrics::~metrics() = default;

void metrics::on_answered(std::string_view route,
                          std::string_view method,
                          std::chrono::microseconds took) {
  const std::lock_guard held{parts_->lock};
  parts_->requests
      .try_emplace({parts_->routes.shown(route), parts_->methods.shown(method)}, request_bounds)
      .first->second.observe(static_cast<double>(took.count()) / 1e6);
}

std::string metrics::text() const {
  sheet all;
  const auto& from = parts_->sources;
  all.put("actor_shell_build_info", 1, {{"version", from.version}});
  if (const auto stats = parts_->log.stats())
    write_log(all, stats.value());
  if (from.actors)
    write_actors(all, from.actors());
  parts_->facts.write(all);
  const auto head = parts_->log.head();
  if (from.feeds)
    write_feeds(all, from.feeds(), head);
  if (from.projections)
    write_projections(all, from.projections(), head);
  if (from.http)
    write_http(all, from.http());
  parts_->write_requests(all);
  write_process_figures(all);
  return all.text();
}

std::uint64_t metrics::position() const {
  return parts_->facts.position();
}

} // namespace ash::gateway
