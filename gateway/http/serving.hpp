// What all connections of a server share: its rules, its services, its counters and how many
// connections each client has. Private to gateway/http.
#pragma once

#include "gateway/http/gate.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/worker_pool.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace ash::gateway {

struct live_counts {
  std::atomic<std::uint64_t> websockets = 0;
  std::atomic<std::uint64_t> sse = 0;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> refused_connections = 0;
  std::atomic<std::uint64_t> timed_out = 0;
  std::atomic<std::uint64_t> stalled = 0;
  std::atomic<std::uint64_t> tls_failures = 0;
  std::atomic<std::uint64_t> bytes_in = 0;
  std::atomic<std::uint64_t> bytes_out = 0;
  std::atomic<std::uint64_t> frames_in = 0;
  std::atomic<std::uint64_t> frames_out = 0;
  std::array<std::array<std::atomic<std::uint64_t>, 5>, route_classes> requests{};
};

/// How many connections are open, and how many of each address have not shown the token.
class guest_book {
public:
  guest_book(std::size_t most, std::size_t most_unknown)
      : most_{most}, most_unknown_{most_unknown} {}

  enum class entry : std::uint8_t { welcome, full, too_many_unknown };
  entry come(const std::string& client);
  /// The client of one connection has shown the token.
  void know(const std::string& client);
  enum class guest : std::uint8_t { unknown, known };
  void leave(const std::string& client, guest was);
  [[nodiscard]] std::size_t count() const;

private:
  void drop_unknown(const std::string& client);

  const std::size_t most_;
  const std::size_t most_unknown_;
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::map<std::string, std::size_t> unknown_;
};

struct serving {
  serving(server_options o, services s)
      : options{std::move(o)}, with{std::move(s)}, book{options.limits.connections,
                                                        options.limits.unknown_connections},
        workers{options.worker_threads, options.limits.waiting_requests} {}

  server_options options;
  services with;
  gate_rules rules;
  live_counts counts;
  guest_book book;
  worker_pool workers; ///< last: its jobs refer to the rest

  void note(const answered& what);
};

/// One connection's entry in the guest book, for as long as it lives.
class guest {
public:
  guest(std::shared_ptr<serving> of, std::string client)
      : of_{std::move(of)}, client_{std::move(client)} {}
  ~guest();
  guest(guest&& other) noexcept = default;
  guest& operator=(guest&&) = delete;

  [[nodiscard]] const std::string& client() const noexcept { return client_; }
  void know();

private:
  std::shared_ptr<serving> of_;
  std::string client_;
  guest_book::guest state_ = guest_book::guest::unknown;
};

} // namespace ash::gateway
