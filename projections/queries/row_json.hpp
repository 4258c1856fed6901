// A row of a read model as JSON. Private to queries.
#pragma once

#include "events/base/json.hpp"
#include "events/base/money.hpp"
#include "projections/store/store.hpp"

#include <boost/json/object.hpp>

namespace ash::projections {

/// A decimal number of dollars.
std::string decimal(usd amount);
/// The columns under their names, but for the sequence; money under `NAME_usd`.
json::object row_json(const table_shape& shape, const row& of);

} // namespace ash::projections
