// The text that both stores end an upsert with. Private to projections/store.
#pragma once

#include "projections/store/store.hpp"

namespace ash::projections {

/// ` on conflict (a) do update set b = excluded.b, …`
std::string on_conflict(const table_shape& shape);

} // namespace ash::projections
