// Approvals: what a person is asked, and the answer.
#include "gateway/api/context.hpp"

#include <array>
#include <chrono>

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

constexpr std::chrono::milliseconds catch_up{2'000};

/// None where the read models are behind; then only the runs and sessions themselves know, and
/// all that are open have to be looked at. Errors: `approval_not_found` where there is none.
result<std::optional<json::object>> row_of(const context& in, const approval_id& approval) {
  TRY(auto known, in.reads().get("approvals", to_string(approval)));
  if (known || !in.reads().wait_for(in.log().head(), catch_up))
    return known;
  TRY(known, in.reads().get("approvals", to_string(approval)));
  if (!known)
    return refuse(errc::approval_not_found, "there is no approval " + to_string(approval));
  return known;
}

/// The run or session that asked.
result<stream_id> root_of(const context& in, const approval_id& approval) {
  TRY(const auto known, row_of(in, approval));
  const auto named = [&](std::string_view kind) -> result<std::optional<uuid>> {
    if (!known)
      return std::optional<uuid>{};
    const auto* id = known->if_contains(json::string_view{kind.data(), kind.size()});
    if (id == nullptr || !id->is_string() || id->get_string().empty())
      return std::optional<uuid>{};
    TRY(const auto parsed, parse_uuid({id->get_string().data(), id->get_string().size()}));
    return std::optional<uuid>{parsed};
  };
  TRY(const auto run, named("run"));
  if (run)
    return stream_of(run_id{*run});
  TRY(const auto session, named("session"));
  if (session)
    return stream_of(session_id{*session});
  if (const auto asked = in.work().run_of_approval(approval); asked)
    return stream_of(asked.value());
  else if (asked.error().code != errc::approval_not_found)
    return asked.error();
  TRY(const auto asked, in.work().session_of_approval(approval));
  return stream_of(asked);
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
  TRY(const auto root, root_of(in, approval));
  TRY(const auto root_id, parse_uuid(root.key()));
  const auto is_run = root.kind() == entity_kind::run;
  TRY(const auto key, key_of(asked, in.log(), "decide " + to_string(approval), body.canonical()));
  TRY(const auto how, perform(in, key, root, [&](const command_source& from) {
        auto& work = in.work();
        return is_run
                   ? work.decide_approval(run_id{root_id}, approval, decision, comment, from)
                   : work.decide_approval(session_id{root_id}, approval, decision, comment, from);
      }));
  return commanded(in,
                   {{"approval", to_string(approval)},
                    {is_run ? "run" : "session", std::string{root.key()}},
                    {"decision", named}},
                   how);
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
