#include "gateway/metrics/catalogue.hpp"

#include <array>

namespace ash::gateway {
namespace {

constexpr auto counter = metric_kind::counter;
constexpr auto gauge = metric_kind::gauge;
constexpr auto histogram = metric_kind::histogram;
constexpr auto summary = metric_kind::summary;

constexpr std::string_view model_labels = "provider, model";
constexpr auto specs = std::to_array<metric_spec>({
    {"actor_shell_build_info", gauge, "version", "Always 1; the version is in the label."},

    {"actor_shell_log_appends_total", counter, "", "Appends that were committed."},
    {"actor_shell_log_facts_total",
     counter,
     "",
     "Facts that were written; over the syncs, how large the batches are."},
    {"actor_shell_log_syncs_total", counter, "", "Syncs of the write-ahead log."},
    {"actor_shell_log_sync_duration_seconds", histogram, "", "Time of syncs."},
    {"actor_shell_log_batch_facts", histogram, "", "Facts that were committed at once."},
    {"actor_shell_log_queued_bytes", gauge, "", "Bytes that wait for the committer."},
    {"actor_shell_log_head_position", gauge, "", "The last durable position."},
    {"actor_shell_log_disk_bytes", gauge, "", "Bytes of the log on the disk."},
    {"actor_shell_log_streams", gauge, "status", "Streams, by whether they are open or closed."},
    {"actor_shell_log_blobs", gauge, "", "Payloads that are kept by their content."},
    {"actor_shell_log_snapshots", gauge, "", "Snapshots of streams."},

    {"actor_shell_actors_live", gauge, "kind", "Entities in memory, by their kind."},
    {"actor_shell_actor_activations_total", counter, "", "Entities that were brought into memory."},
    {"actor_shell_actor_passivations_total", counter, "", "Entities that were laid to rest."},
    {"actor_shell_actor_crashes_total", counter, "", "Crashes of entities."},
    {"actor_shell_actors_broken", gauge, "", "Entities that crashed too often and are given up."},
    {"actor_shell_mailbox_wait_seconds", summary, "", "How long commands waited in mailboxes."},
    {"actor_shell_mailbox_longest_wait_seconds", gauge, "", "The longest such wait so far."},
    {"actor_shell_commands_unanswered",
     gauge,
     "",
     "Commands that were taken and not yet answered."},
    {"actor_shell_appends_in_flight", gauge, "", "Appends that actors wait for."},
    {"actor_shell_timers_waiting", gauge, "", "Timers that are set."},

    {"actor_shell_runs_total",
     counter,
     "event",
     "What happened to runs: started, resumed, completed, failed, aborted, interrupted."},
    {"actor_shell_approvals_total", counter, "event", "Approvals that were requested and decided."},

    {"gen_ai_client_operation_duration_seconds",
     histogram,
     "gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model, error_type",
     "Time of model calls, also of those that failed."},
    {"gen_ai_client_token_usage",
     histogram,
     "gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model, gen_ai_token_type",
     "Tokens of model calls."},
    {"gen_ai_execute_tool_duration_seconds",
     histogram,
     "gen_ai_tool_name, error_type",
     "Time of tool calls that ran."},
    {"actor_shell_model_calls_total",
     counter,
     "provider, model, outcome",
     "Attempts at model calls: completed, failed, refused, lost."},
    {"actor_shell_model_tokens_total",
     counter,
     "provider, model, kind",
     "Tokens: input, output; cached is part of input, reasoning of output."},
    {"actor_shell_model_estimated_calls_total",
     counter,
     model_labels,
     "Calls whose tokens were estimated, since the provider gave none."},
    {"actor_shell_model_cost_usd_total", counter, model_labels, "Dollars that model calls cost."},
    {"actor_shell_model_retries_total", counter, model_labels, "Model calls that were made again."},
    {"actor_shell_model_fallbacks_total",
     counter,
     model_labels,
     "Times that another model took over from this one."},
    {"actor_shell_tool_calls_total",
     counter,
     "tool, outcome",
     "Tool calls: completed, failed, denied, cancelled, in_doubt."},

    {"actor_shell_budget_spent_usd_total",
     counter,
     "scope_kind",
     "Dollars that were settled. A call is settled in every scope that pays for it."},
    {"actor_shell_budget_settled_usd",
     gauge,
     "scope_kind",
     "Dollars settled in the active scopes: today's, and those with a fact within the last hour."},
    {"actor_shell_budget_reserved_usd",
     gauge,
     "scope_kind",
     "Dollars reserved in the active scopes."},
    {"actor_shell_budget_cap_usd", gauge, "scope_kind", "The caps of the active scopes."},
    {"actor_shell_budget_used_ratio",
     gauge,
     "scope_kind",
     "The largest share of its cap that an active scope has used."},
    {"actor_shell_budget_exhausted_total",
     counter,
     "scope_kind",
     "Times that a scope reached its cap."},

    {"actor_shell_feed_subscribers", gauge, "", "Live subscriptions."},
    {"actor_shell_feed_lag_facts",
     gauge,
     "",
     "How far the ring of new events is behind the log's head."},
    {"actor_shell_feed_ring_bytes", gauge, "", "Bytes in the ring of new events."},
    {"actor_shell_feed_log_pages_total",
     counter,
     "",
     "Pages that subscriptions behind the ring read from the log."},
    {"actor_shell_feed_events_total", counter, "", "Events that were given to live clients."},
    {"actor_shell_feed_snapshots_total", counter, "", "Snapshots that were given to live clients."},
    {"actor_shell_feed_commands_total", counter, "", "Commands that came over live connections."},
    {"actor_shell_feed_closed_slow_total",
     counter,
     "",
     "Subscriptions that were closed since their client took nothing."},
    {"actor_shell_feed_resyncs_total", counter, "", "Cursors of another incarnation of the log."},

    {"actor_shell_projection_lag_facts",
     gauge,
     "view",
     "How many facts a read model is behind the log's head."},
    {"actor_shell_projection_lag_seconds",
     gauge,
     "",
     "How long ago the oldest fact came that is not in the read models."},
    {"actor_shell_projection_rows_total",
     counter,
     "view",
     "Rows that were written, an update counted as one."},
    {"actor_shell_projection_stopped",
     gauge,
     "view",
     "1 where a read model met a fact that it can't apply."},
    {"actor_shell_projection_store_up", gauge, "", "1 while the store of the read models answers."},
    {"actor_shell_projection_reconnects_total", counter, "", "Times that the store came back."},

    {"actor_shell_http_requests_total",
     counter,
     "route, status_class",
     "Requests that were answered."},
    {"http_server_request_duration_seconds",
     histogram,
     "http_route, http_request_method",
     "Time from a whole request to its answer; of a live feed to its start."},
    {"actor_shell_http_connections", gauge, "kind", "Open connections: http, websocket, sse."},
    {"actor_shell_http_accepted_total", counter, "", "Connections that were accepted."},
    {"actor_shell_http_refused_connections_total",
     counter,
     "",
     "Connections that were closed over a limit."},
    {"actor_shell_http_timed_out_total",
     counter,
     "",
     "Connections that were closed for a request that did not come whole in time."},
    {"actor_shell_http_stalled_total",
     counter,
     "",
     "Connections that were closed for a client that took nothing."},
    {"actor_shell_http_tls_failures_total", counter, "", "TLS handshakes that failed."},
    {"actor_shell_http_received_bytes_total", counter, "", "Bytes from clients."},
    {"actor_shell_http_sent_bytes_total", counter, "", "Bytes to clients."},
    {"actor_shell_live_frames_total", counter, "direction", "Frames of live clients, in and out."},
    {"actor_shell_http_waiting_requests", gauge, "", "Requests that wait for a worker."},

    {"actor_shell_metrics_lag_facts",
     gauge,
     "",
     "How many facts these figures are behind the log's head."},
    {"actor_shell_metrics_unreadable_facts_total",
     counter,
     "",
     "Facts that could not be decoded and are not counted here."},

    {"process_cpu_seconds_total", counter, "", "Processor time of the process."},
    {"process_resident_memory_bytes", gauge, "", "Memory of the process."},
    {"process_open_fds", gauge, "", "Open file descriptors."},
    {"process_max_fds", gauge, "", "File descriptors that may be open."},
    {"process_start_time_seconds", gauge, "", "When the process began, in seconds since 1970."},
});

} // namespace

std::string_view to_string(metric_kind kind) noexcept {
  switch (kind) {
  case metric_kind::counter:
    return "counter";
  case metric_kind::gauge:
    return "gauge";
  case metric_kind::histogram:
    return "histogram";
  case metric_kind::summary:
    return "summary";
  }
  return "untyped";
}

std::span<const metric_spec> metric_catalogue() noexcept {
  return specs;
}

} // namespace ash::gateway
