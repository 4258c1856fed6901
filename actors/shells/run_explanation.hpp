// Who would do each role of a workflow, and why nobody else: what `run --explain` shows, alone and
// beside a server. It looks at definitions, keys and consents as they are now, and starts nothing.
#pragma once

#include "actors/shells/run_plan.hpp"
#include "events/base/json.hpp"

#include <boost/json/object.hpp>
#include <vector>

namespace ash {

struct run_explanation {
  definitions::workflow workflow;
  std::vector<definitions::role_view> roles; ///< in the workflow's order
};

/// Of a request, only the workflow, the model and the overrides count. Errors:
/// `template_not_found`, `definition_invalid`, `argument_invalid`.
result<run_explanation> explain_run(const run_request& asked, const binding_grounds& with);

/// {"workflow", "roles"}: a role has its terms, its phases, who is "chosen" (null: nobody, and then
/// there is a "problem"), and every candidate.
json::object to_json(const run_explanation& from);

} // namespace ash
