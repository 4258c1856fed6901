// Tables in memory, for tests and simulations: ordered maps behind one lock.
#pragma once

#include "events/log/tables.hpp"

namespace ash::log {

std::unique_ptr<tables> make_memory_tables();

} // namespace ash::log
