// A log in memory with the whole contract of `event_log`, for tests and simulations. Each append is
// committed, and answered, on the calling thread before `append` returns. Gone with the object.
#pragma once

#include "events/log/event_log.hpp"

namespace ash::log {

struct memory_log_options {
  incarnation_id incarnation; ///< nil: a random one
};

std::unique_ptr<event_log> make_memory_log(memory_log_options options = {});

} // namespace ash::log
