#include "actors/shells/session_plan.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/policy.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/shells/budget_caps.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <filesystem>

namespace ash {
namespace {

namespace fs = std::filesystem;

/// Absolute, links resolved.
result<std::string> directory_at(const std::string& path) {
  std::error_code failed;
  const auto real = fs::canonical(path, failed);
  if (failed || !fs::is_directory(real, failed))
    return refuse(errc::repo_path_invalid,
                  "'" + printable(path) + "' is no directory that can be reached")
        .with("path", path);
  if (!is_valid_utf8(real.string()))
    return refuse(errc::repo_path_invalid,
                  "'" + printable(path) +
                      "' has a path that is not valid UTF-8, which a session can't record");
  return real.string();
}

/// Meters, and blocks nothing: what blocks is the day's scope.
budget_terms own_scope(const session_id& session, const definitions::budget_settings& settings) {
  return {"session:" + to_string(session), settings.daily_cap, {}, budget_policy::warn_continue};
}

/// Narrowest first.
std::vector<budget_terms> scopes_of(const session_id& session,
                                    const std::string& persona,
                                    const definitions::budget_settings& settings) {
  std::vector<budget_terms> own{own_scope(session, settings)};
  const auto today = day_scope_of(settings);
  if (auto days = persona_day_terms_of(settings)) {
    days->scope = budget::scope_of_persona(persona, budget::date_of_scope(today.scope));
    own.push_back(std::move(*days));
  }
  return budget::scopes_beneath(std::move(own), {today});
}

} // namespace

result<session::create> plan_session(const session_request& asked, const planning& with) {
  TRY(auto who, with.library.find_persona(asked.persona));
  if (asked.model) {
    TRY(auto named, definitions::parse_model(*asked.model));
    who.model = *asked.model;
    who.backend = named.provider;
    who.fallback_models.clear();
  }
  TRY(check_consent(who, with));
  TRY(with.providers.find(who.model));
  TRY(check_reviewer(with));
  session::create out;
  auto& what = out.what;
  what.session = asked.id.value_or(session_id{random_uuid()});
  if (!asked.directory.empty()) {
    TRY(what.worktree, directory_at(asked.directory));
    what.project_key = sha256_hex(what.worktree).substr(0, 16);
  }
  auto agent = performers::agent_terms_of(who, *with.prices->now());
  agent.tool_bounds = tool_bounds_of(with.config);
  performers::add_permissions(agent.tool_bounds, who, {});
  agent.policy_hash = policy::hash(tool_call::rules_of(agent.tool_bounds));
  what.agent = std::move(agent);
  what.approval_limit_ms = with.config.approvals.time_limit_s.value_or(0) * 1'000;
  what.on_approval_limit = performers::outcome_of(with.config.approvals.on_time_limit);
  what.scopes = scopes_of(what.session, who.name, with.config.budget);
  return out;
}

} // namespace ash
