// Facts from their JSON, as a server's feed gives them: for clients that show them as if they had
// the log. What stands in the log is never read from JSON.
#pragma once

#include "events/base/json.hpp"
#include "events/facts/any.hpp"

namespace ash::codec {

/// The fact of this type that `to_json` of codec.hpp made. A member that is missing keeps its
/// default, one that is not known is passed over, as between versions of the schemas. Errors:
/// `argument_invalid` for an unknown type, or naming the member that can't be read.
result<any_fact> fact_from_json(std::string_view type, const json::value& data);

/// What `to_iso` made. Errors: `argument_invalid`.
result<instant> instant_from_json(const json::value& text);

} // namespace ash::codec
