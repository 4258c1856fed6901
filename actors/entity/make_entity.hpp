// The entity for a stream, by its kind.
#pragma once

#include "actors/entity/any_entity.hpp"

namespace ash {

/// An entity without facts. Errors: `argument_invalid` for a stream that no aggregate owns.
result<std::unique_ptr<any_entity>> make_entity(entity_setup setup);

} // namespace ash
