// What the tools of a run may do, and what its calls would have come to under other rules.
#include "actors/shells/permission_review.hpp"
#include "gateway/api/context.hpp"

#include <boost/json/array.hpp>

namespace ash::gateway::api {
namespace {

namespace defs = definitions;

constexpr std::size_t longest_source = 1'024;

result<defs::permission_rule> rule_of(body_reader& from) {
  const auto glob = [&](std::string_view name) {
    auto text = from.optional_text(name).value_or(std::string{});
    if (auto fault = defs::fault_of_rule_glob(name, text); !fault.empty())
      from.wrong(name, std::move(fault));
    return text;
  };
  const auto verdict = defs::permission_verdict_named(from.text("verdict"));
  if (!verdict)
    from.wrong("verdict", "is allow, ask or deny");
  defs::permission_rule out;
  out.tool = glob("tool");
  out.pattern = glob("pattern");
  out.path = glob("path");
  TRY(from.done());
  out.verdict = *verdict;
  return out;
}

result<std::vector<defs::permission_rule>> rules_of(std::vector<body_reader>& from) {
  std::vector<defs::permission_rule> out;
  std::size_t bytes = 0;
  for (auto& each : from) {
    TRY(auto rule, rule_of(each));
    bytes += rule.tool.size() + rule.pattern.size() + rule.path.size();
    out.push_back(std::move(rule));
  }
  if (bytes > defs::max_permission_rules_bytes)
    return refuse(errc::argument_invalid,
                  "all rules together have more than " +
                      std::to_string(defs::max_permission_rules_bytes) + " bytes")
        .with("field", "/rules");
  return out;
}

result<permissions::change> change_of(body_reader& body) {
  permissions::change out;
  const auto mode = body.optional_text("mode");
  out.origin = body.optional_text("source").value_or("the request");
  auto rules = body.optional_objects("rules", defs::max_permission_rules);
  if (mode && !(out.mode = defs::permission_mode_named(*mode)))
    body.wrong("mode", "is default, accept-edits, plan, dont-ask or bypass");
  if (out.origin.size() > longest_source)
    body.wrong("source", "is longer than " + std::to_string(longest_source) + " bytes");
  TRY(body.done());
  if (rules) {
    TRY(out.rules, rules_of(*rules));
  }
  if (!out.rules && !out.mode)
    return refuse(errc::argument_invalid, "nothing would change: give 'rules', 'mode', or both")
        .with("field", "");
  return out;
}

result<response> show(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(const auto held, permissions::of_run(in.log(), run));
  json::array roles;
  for (const auto& each : held)
    roles.push_back(permissions::to_json(each));
  return one(asked, json::object{{"run", to_string(run)}, {"roles", std::move(roles)}});
}

result<response> test(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto run, run_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  TRY(const auto under, change_of(body));
  TRY(const auto found, permissions::replay(in.log(), run, under));
  return json_answer(permissions::to_json(run, found));
}

} // namespace

void add_permission_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/runs/{run}/permissions", [in](const call& c) { return show(*in, c); });
  to.add(
      "POST", "/api/v1/runs/{run}/permissions/test", [in](const call& c) { return test(*in, c); });
}

} // namespace ash::gateway::api
