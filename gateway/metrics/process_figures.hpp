// What the kernel says of this process, under the names that every Prometheus client uses.
#pragma once

#include "gateway/metrics/sheet.hpp"

namespace ash::gateway {

/// Reads /proc; a figure that can't be read is left out.
void write_process_figures(sheet& to);

} // namespace ash::gateway
