// How much memory a command takes, about: what bounds the queues of the entities.
#pragma once

#include "actors/aggregates/commands.hpp"

#include <cstddef>

namespace ash {

/// Bytes, the texts that can be large included; not exact.
std::size_t approximate_bytes(const command_envelope& of);

} // namespace ash
