// What the parts of a server count, as the metrics want it. Plain conversions.
#pragma once

#include "events/feed/broadcaster.hpp"
#include "gateway/http/server.hpp"
#include "gateway/live/live.hpp"
#include "gateway/metrics/metrics.hpp"
#include "projections/read_models.hpp"

namespace ash::cli {

gateway::http_figures figures_of(const gateway::server_counters& from);
gateway::feed_figures figures_of(const feed::broadcaster_stats& ring,
                                 const gateway::live_stats& live);
gateway::projection_figures figures_of(const projections::projection_status& from);

} // namespace ash::cli
