// Lists of what runs and sessions are made of, and of money: rows of the read models as they are.
#include "actors/shells/budget_caps.hpp"
#include "gateway/api/context.hpp"

namespace ash::gateway::api {
namespace {

result<response> stats(const context& in, const call& asked) {
  query_reader query{asked};
  const auto by = query.text("by").value_or("model");
  TRY(query.done());
  TRY(auto sums, in.reads().stats(by));
  return json_answer(std::move(sums));
}

result<response> set_cap(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  const std::string scope{asked.at("scope")};
  TRY(auto body, body_reader::of(asked));
  const auto cap = body.optional_usd("cap_usd");
  const auto warn_at = body.optional_usd("warn_at_usd");
  TRY(body.done());
  if (!cap)
    return refuse(errc::argument_invalid, "'cap_usd' is missing").with("field", "/cap_usd");
  const auto stream = stream_of_budget(scope);
  TRY(const auto key, key_of(asked, in.log(), "cap of " + scope, body.canonical()));
  TRY(const auto how, perform(in, key, stream, [&](const command_source& from) {
        return set_budget(in.work(), scope, *cap, warn_at, from);
      }));
  return commanded(in, {{"scope", scope}, {"cap_usd", to_string(*cap).substr(1)}}, how);
}

} // namespace

void add_row_routes(router& to, const context_ptr& in) {
  const auto list = [&](std::string_view path, std::string what) {
    to.add("GET", path, [in, what = std::move(what)](const call& c) { return rows(*in, c, what); });
  };
  list("/api/v1/phases", "phases");
  list("/api/v1/artifacts", "artifacts");
  list("/api/v1/tool-calls", "tool_calls");
  list("/api/v1/model-calls", "model_calls");
  list("/api/v1/budget/scopes", "budget_scopes");
  list("/api/v1/budget/ledger", "budget_ledger");
  to.add("GET", "/api/v1/budget/scopes/{scope}", [in](const call& c) {
    return row(*in, c, "budget_scopes", c.at("scope"), errc::budget_scope_not_found);
  });
  to.add(
      "POST", "/api/v1/budget/scopes/{scope}/cap", [in](const call& c) { return set_cap(*in, c); });
  to.add("GET", "/api/v1/stats", [in](const call& c) { return stats(*in, c); });
}

} // namespace ash::gateway::api
