// Lists of what runs and sessions are made of, and of money: rows of the read models as they are.
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
    return row(*in, c, "budget_scopes", c.at("scope"), errc::feed_not_found);
  });
  to.add("GET", "/api/v1/stats", [in](const call& c) { return stats(*in, c); });
}

} // namespace ash::gateway::api
