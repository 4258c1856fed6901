// Approvals: what a person is asked, and the answer.
#include "gateway/api/context.hpp"

#include <array>

namespace ash::gateway::api {
namespace {

struct named_decision {
  std::string_view name;
  run::decision_kind decision;
};
constexpr std::array decisions{
    named_decision{"approve", run::decision_kind::approve},
    named_decision{"reject", run::decision_kind::reject},
    named_decision{"request_changes", run::decision_kind::request_changes},
    named_decision{"abort", run::decision_kind::abort}};

result<run::decision_kind> decision_of(std::string_view text) {
  for (const auto& each : decisions)
    if (each.name == text)
      return each.decision;
  return refuse(errc::argument_invalid, "'decision' is approve, reject, request_changes or abort")
      .with("field", "/decision");
}

/// The run that asked. The read models know it, once they have caught up.
result<run_id> run_of(const context& in, const approval_id& approval) {
  TRY(const auto known, in.reads().get("approvals", to_string(approval)));
  if (known)
    if (const auto* run = known->if_contains("run"); run != nullptr && run->is_string()) {
      const auto& text = run->get_string();
      TRY(const auto id, parse_uuid({text.data(), text.size()}));
      return run_id{id};
    }
  return in.work().run_of_approval(approval);
}

result<response> decide(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto id, parse_uuid(asked.at("approval")));
  const approval_id approval{id};
  TRY(auto body, body_reader::of(asked));
  const auto named = body.text("decision");
  const auto comment = body.optional_text("comment").value_or(std::string{});
  TRY(body.done());
  TRY(const auto decision, decision_of(named));
  TRY(const auto run, run_of(in, approval));
  TRY(const auto key, key_of(asked, in.log(), "decide " + to_string(approval), body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(run), [&](const command_source& from) {
        return in.work().decide_approval(run, approval, decision, comment, from);
      }));
  return commanded(
      in, {{"approval", to_string(approval)}, {"run", to_string(run)}, {"decision", named}}, how);
}

} // namespace

void add_approval_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/approvals", [in](const call& c) { return rows(*in, c, "approvals"); });
  to.add("GET", "/api/v1/approvals/{approval}", [in](const call& c) {
    return row(*in, c, "approvals", c.at("approval"), errc::approval_not_found);
  });
  to.add("POST", "/api/v1/approvals/{approval}/decision", [in](const call& c) {
    return decide(*in, c);
  });
}

} // namespace ash::gateway::api
