// The live protocol of docs/protocol.md, without any socket: what a WebSocket or SSE connection is
// sent, and what becomes of what its client says. `gateway/http` carries the frames.
#pragma once

#include "events/base/json.hpp"
#include "events/feed/broadcaster.hpp"
#include "gateway/http/message.hpp"
#include "gateway/live/outlet.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ash::gateway {

/// The WebSocket subprotocol that `make_conversation` speaks.
constexpr std::string_view live_subprotocol = "actor-shell.v1.json";

/// What one client may have, and how long it is waited for.
struct live_limits {
  std::size_t subscriptions = 256;          ///< of one socket
  std::size_t message_bytes = 64 * 1024;    ///< of a frame from the client
  std::size_t commands = 16;                ///< in flight
  std::size_t unread_answers = 64;          ///< beyond it the client is cut off
  std::uint64_t credit = 1'000'000;         ///< that a subscription may have at once
  std::chrono::seconds auth_time{10};       ///< for the first frame, which brings the token
  std::chrono::seconds heartbeat_every{15}; ///< where nothing else was sent
  std::chrono::seconds stall_time{60};      ///< in which a client has to take something
};

/// What the live protocol works on; all of it outlives the outlets.
struct live_services {
  feed::broadcaster& feeds;
  /// Answers commands, on a worker.
  request_handler commands;
  /// Runs a job on the worker pool; false where too much waits there already.
  std::function<bool(std::function<void()>)> run_on_worker;
  /// Compares in constant time.
  std::function<bool(std::string_view token)> is_token;
  /// The text of the stream's state after its facts up to a position, as `inspect::stream_folds`
  /// gives it: all who come to that place share it.
  std::function<result<std::shared_ptr<const std::string>>(const stream_id& stream,
                                                           std::uint64_t position)>
      fold;
  std::string version; ///< of the server
  live_limits limits = {};
};

struct live_stats {
  std::uint64_t conversations = 0; ///< now
  std::uint64_t sse_streams = 0;   ///< now
  std::uint64_t frames = 0;        ///< that were given to connections
  std::uint64_t events = 0;        ///< of these
  std::uint64_t snapshots = 0;     ///< likewise
  std::uint64_t commands = 0;
  std::uint64_t closed_slow = 0; ///< subscriptions of clients that took nothing
  std::uint64_t resyncs = 0;     ///< cursors of another incarnation
};

struct live_shared;

/// Makes the outlets. Thread-safe.
class live_feeds {
public:
  explicit live_feeds(live_services with);
  ~live_feeds();
  live_feeds(const live_feeds&) = delete;
  live_feeds& operator=(const live_feeds&) = delete;

  enum class authorisation : std::uint8_t {
    given,  ///< the upgrade carried the token
    wanted, ///< the first frame has to bring it
  };
  /// A WebSocket's. `client` is who asks, for the record of its commands.
  std::unique_ptr<conversation> make_conversation(authorisation shown, std::string client);

  /// The outlet of an authorised `GET /api/v1/feeds/{feed}/events`, with `after`, `types` and
  /// `snapshots` in its query and `last-event-id` among its headers. Errors: `feed_not_found`,
  /// `run_not_found`, `session_not_found`, `argument_invalid`, `unknown_field`, `cursor_invalid`.
  result<std::unique_ptr<outlet>> make_sse(const request& asked);

  [[nodiscard]] live_stats stats() const;

private:
  std::shared_ptr<live_shared> shared_;
};

} // namespace ash::gateway
