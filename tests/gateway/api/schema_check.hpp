// Checks JSON against the schemas of the OpenAPI document: the keywords that it uses, and a failure
// for one that it does not know, so that no schema passes for being misread.
#pragma once

#include "events/base/json.hpp"

#include <string>
#include <vector>

namespace ash::gateway::test {

/// What is wrong with `value`, a line each; empty where it fits. `document` is what `$ref`s point
/// into.
std::vector<std::string>
faults_of(const json::value& value, const json::value& schema, const json::value& document);

/// The value that a `#/a/b` reference names; null where there is none.
const json::value* resolve(const json::value& document, std::string_view reference);

} // namespace ash::gateway::test
