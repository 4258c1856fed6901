// The kinds of connection, by how they begin: each puts itself into its thread and lives there
// until it is over. Called on that thread. Private to gateway/http.
#pragma once

#include "gateway/http/io_thread.hpp"
#include "gateway/http/serving.hpp"
#include "gateway/http/wire.hpp"

#include <memory>
#include <utility>

namespace ash::gateway {

/// What a connection is made of, handed on when its protocol changes.
struct connection_parts {
  std::shared_ptr<io_thread> on;
  std::shared_ptr<serving> of;
  std::shared_ptr<wire> bytes;
  guest who;
  std::uint64_t counted_in = 0;
  std::uint64_t counted_out = 0;

  /// Adds what has come and gone since the last time to the server's counters.
  void count_bytes() {
    of->counts.bytes_in += bytes->bytes_in() - std::exchange(counted_in, bytes->bytes_in());
    of->counts.bytes_out += bytes->bytes_out() - std::exchange(counted_out, bytes->bytes_out());
  }
};

/// Serves HTTP/1.1 requests, one after another.
void begin_http(connection_parts with);

/// An upgrade that was admitted and is still to be answered.
struct upgrade {
  live_request asked;
  std::string leftover;                                     ///< bytes that came after it
  std::vector<std::pair<std::string, std::string>> headers; ///< for the answer
};
void begin_websocket(connection_parts with, upgrade asked);

/// Sends an outlet's frames as an event stream.
void begin_sse(connection_parts with,
               std::unique_ptr<outlet> from,
               std::vector<std::pair<std::string, std::string>> headers);

} // namespace ash::gateway
