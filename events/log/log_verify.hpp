// Verifying a whole log: every record's hashes, the chain, dense positions and versions, the
// indexes, keys, heads, blobs and snapshots. Reads only. Private to events/log.
#pragma once

#include "events/log/log_reads.hpp"

#include <functional>

namespace ash::log {

/// `progress(done, total)` counts records. Damage is reported, not refused; an error means that
/// verifying itself was impossible.
result<verify_report> verify_log(const moment& now,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress);

/// Checks the newest records only: that they are dense and chained, end at the head, and that their
/// streams' heads agree. Errors: `log_corrupt`.
result<void> check_tail(const moment& now);

} // namespace ash::log
