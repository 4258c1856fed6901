// Many clients of the live feeds of a real server with runs on the scripted model, cut at random
// and at every frame boundary, while the server is killed and started again; then what each of them
// saw is held against the log.
#pragma once

#include <cstdint>
#include <string>

namespace ash::e2e {

struct chaos_options {
  std::string directory; ///< an empty one
  int clients = 24;      ///< half WebSockets, half event streams; half of each want snapshots
  int runs = 5;          ///< at once; of the clients one in `runs + 1` follows everything
  int answers = 8;       ///< of the model to each run, streamed for about a second
  int kills = 3;         ///< of the server, while the runs go on
  std::uint64_t seed = 1;
  int limit_s = 240; ///< a disk that is slow to sync makes everything slow
};

/// What went wrong is counted over all clients; 0 everywhere is what there should be.
struct chaos_report {
  std::string fault; ///< why there is no report
  int clients = 0;
  int runs = 0;                ///< that completed
  std::uint64_t facts = 0;     ///< in the log
  std::uint64_t events = 0;    ///< that were seen, in all
  std::uint64_t snapshots = 0; ///< likewise
  std::uint64_t turns = 0;     ///< of these, those of a turn that streamed
  std::uint64_t cuts = 0;      ///< by clients
  std::uint64_t losses = 0;    ///< connections that ended under a client
  int kills = 0;
  std::uint64_t gaps = 0; ///< facts of a client's feed that nothing stood for
  std::uint64_t reorders = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t strangers = 0;  ///< facts that are not of its feed
  std::uint64_t wrong_prev = 0; ///< frames whose `prev` is not the one before
};

chaos_report run_chaos(const chaos_options& how);

} // namespace ash::e2e
