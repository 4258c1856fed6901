// Many clients of the live feeds, cut at random and at every frame boundary, while the server is
// killed and started again; then what each of them saw is held against the log.
#pragma once

#include <cstdint>
#include <string>

namespace ash::e2e {

struct chaos_options {
  std::string directory; ///< an empty one
  int clients = 20;      ///< half WebSockets, half event streams
  int runs = 5;          ///< that are live; a quarter of the clients or so follow everything
  std::uint64_t facts = 4'000;
  std::uint64_t facts_per_s = 400;
  int kills = 3; ///< of the server, while facts are written
  std::uint64_t seed = 1;
  int limit_s = 120;
};

/// What went wrong is counted over all clients; 0 everywhere is what there should be.
struct chaos_report {
  std::string fault; ///< why there is no report
  int clients = 0;
  std::uint64_t events = 0; ///< that were seen, in all
  std::uint64_t cuts = 0;   ///< by clients
  std::uint64_t losses = 0; ///< connections that ended under a client
  int kills = 0;
  std::uint64_t gaps = 0; ///< facts of a client's feed that it did not see
  std::uint64_t reorders = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t strangers = 0;  ///< facts that are not of its feed
  std::uint64_t wrong_prev = 0; ///< events whose `prev` is not the one before
};

chaos_report run_chaos(const chaos_options& how);

} // namespace ash::e2e
