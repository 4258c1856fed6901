#include "actors/shells/run_plan.hpp"

#include "actors/aggregates/policy.hpp"
#include "actors/definitions/binding.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/performers/git.hpp"
#include "actors/performers/workspace.hpp"
#include "actors/tools/tool.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace ash {
namespace {

namespace fs = std::filesystem;
namespace defs = definitions;

result<void> check_requirements(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return refuse(errc::argument_invalid, "the requirements are empty: say what the run is to do");
  if (text.size() > max_requirements_bytes)
    return refuse(errc::argument_invalid,
                  "the requirements have " + std::to_string(text.size()) + " bytes, at most " +
                      std::to_string(max_requirements_bytes) +
                      " are possible: put details into files of the repository");
  if (!is_valid_utf8(text))
    return refuse(errc::argument_invalid, "the requirements are not valid UTF-8");
  return success();
}

error no_repository(const std::string& path, const std::string& why) {
  return refuse(errc::repo_path_invalid, "'" + printable(path) + "' " + why).with("path", path);
}

/// The top of the repository's working tree, absolute, links resolved.
result<std::string> repository_at(const std::string& path) {
  std::error_code failed;
  const auto real = fs::canonical(path, failed);
  if (failed || path.empty())
    return no_repository(path, "does not exist or can't be reached");
  if (!fs::is_directory(real, failed))
    return no_repository(path, "is not a directory");
  TRY(auto common, performers::common_dir_of(real.string()));
  TRY(auto top,
      performers::try_git({real.string()},
                          {"rev-parse", "--path-format=absolute", "--show-toplevel"}));
  if (top.exit_code != 0)
    return no_repository(path, "is a bare repository or the inside of one: name a working tree");
  while (!top.output.empty() && top.output.back() == '\n')
    top.output.pop_back();
  const auto directory = fs::canonical(top.output, failed);
  if (failed)
    return no_repository(path, "has a working tree that can't be reached");
  if (!is_valid_utf8(directory.string()))
    return no_repository(path, "has a path that is not valid UTF-8, which a run can't record");
  return directory.string();
}

budget_policy policy_of(defs::budget_policy from) {
  switch (from) {
  case defs::budget_policy::block:
    return budget_policy::block;
  case defs::budget_policy::warn_continue:
    return budget_policy::warn_continue;
  case defs::budget_policy::prompt:
    return budget_policy::prompt;
  }
  return budget_policy::block;
}

usd share_of(usd whole, std::int64_t percent) {
  return {whole.pico / 100 * percent + whole.pico % 100 * percent / 100};
}

std::vector<budget_terms> scopes_of(const run_id& run,
                                    const defs::workflow& workflow,
                                    const run_request& asked,
                                    const defs::budget_settings& settings) {
  const auto cap = asked.run_cap.value_or(workflow.budget.cap.value_or(settings.run_cap));
  const auto warn = asked.run_cap
                        ? share_of(cap, settings.warn_at_percent)
                        : workflow.budget.warn_at.value_or(share_of(cap, settings.warn_at_percent));
  return {{"run:" + to_string(run),
           cap,
           warn,
           policy_of(workflow.budget.policy.value_or(settings.policy))},
          day_scope_of(settings)};
}

constexpr std::string_view scripted = "scripted";

/// The demo's personas are always at hand; nobody wants them in a run by accident.
bool asks_for_script(const run_request& asked,
                     const std::optional<std::string>& model,
                     const defs::library& library) {
  if (model && model->starts_with(scripted))
    return true;
  return std::any_of(asked.overrides.begin(), asked.overrides.end(), [&](const auto& each) {
    const auto named = library.find_persona(each.second);
    return named && named.value().backend == scripted;
  });
}

defs::bind_options options_of(const run_request& asked, const binding_grounds& with) {
  return {asked.overrides, asked.model ? asked.model : with.config.default_model};
}

/// It looks at `with` as long as it lives.
defs::availability availability_of(const run_request& asked, const binding_grounds& with) {
  const auto wants_script = asks_for_script(asked, options_of(asked, with).model, with.library);
  defs::availability usable;
  // Each is asked once: a keyring takes its time to answer.
  const auto known = std::make_shared<std::map<std::string, std::optional<std::string>>>();
  usable.backend_problem = [with, wants_script, known](const std::string& backend) {
    if (backend == scripted && !wants_script)
      return std::optional<std::string>{
          "a script answers only where it is asked for, with --model or --bind"};
    const auto [at, is_new] = known->try_emplace(backend);
    if (is_new)
      if (const auto fine = with.providers.usable(backend); !fine)
        at->second = fine.error().message;
    return at->second;
  };
  usable.consented = [with](const defs::persona& who) {
    return check_consent(who, with.providers, with.consented).has_value();
  };
  return usable;
}

result<std::vector<defs::binding>> bind_roles(const run_request& asked,
                                              const defs::workflow& workflow,
                                              const planning& with,
                                              consent_check consent) {
  const binding_grounds grounds{with.library, with.providers, with.config, with.consented};
  auto usable = availability_of(asked, grounds);
  const auto options = options_of(asked, grounds);
  auto bound = defs::bind(workflow, with.library.personas(), usable, options);
  if (bound)
    return bound;
  // Where nothing but consent is missing, that is what there is to say.
  usable.consented = nullptr;
  const auto otherwise = defs::bind(workflow, with.library.personas(), usable, options);
  if (!otherwise)
    return bound;
  if (consent == consent_check::left_out)
    return otherwise;
  for (const auto& each : otherwise.value()) {
    TRY(check_consent(each.persona, with));
  }
  return bound;
}

result<void> check_persona(const defs::persona& who, const planning& with) {
  TRY(with.providers.find(who.model));
  static const auto known = tool::builtin_tools();
  for (const auto& name : who.tools)
    if (std::none_of(
            known.begin(), known.end(), [&](const auto& t) { return t->describe().name == name; }))
      return refuse(errc::tool_unknown,
                    "persona " + identity(who) + " names the tool '" + name +
                        "', which does not exist");
  return success();
}

result<defs::persona> with_model(defs::persona who, const std::optional<std::string>& model) {
  if (!model)
    return who;
  TRY(auto named, defs::parse_model(*model));
  who.model = *model;
  who.backend = named.provider;
  who.fallback_models.clear();
  return who;
}

/// Whoever can be asked for help in the run, by those who work in it or by each other: fixed with
/// it, as they are now.
result<std::vector<run::binding>> subagents_of(const run_request& asked,
                                               const std::vector<defs::binding>& bindings,
                                               const planning& with) {
  const auto model = asked.model ? asked.model : with.config.default_model;
  std::vector<defs::persona> askers;
  for (const auto& binding : bindings)
    askers.push_back(binding.persona);
  std::vector<run::binding> out;
  for (std::size_t at = 0; at < askers.size(); ++at) {
    const auto asker = identity(askers[at]);
    const auto names = askers[at].subagents;
    for (const auto& name : names) {
      const auto role = role_of_subagent(name);
      if (std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.role == role; }))
        continue;
      TRY(auto named, with.library.find_persona(name));
      TRY(auto who, with_model(std::move(named), model));
      TRY(check_consent(who, with));
      TRY(check_persona(who, with));
      out.push_back(
          {role, identity(who), hash_of(who), canonical(who), "may be asked by " + asker});
      askers.push_back(std::move(who));
    }
  }
  return out;
}

/// Ids made within a minute begin alike; their ends do not.
std::string branch_of(const run_id& run) {
  const auto id = to_string(run);
  return "actor-shell/" + id.substr(id.size() - 12);
}

constexpr std::int64_t default_parallel = 4;

run::planned_phase planned_of(const defs::phase& from) {
  run::planned_phase out{from.key, from.role, from.artifact.path, from.approval};
  out.needs = from.needs;
  out.retries = from.retries;
  if (from.when)
    out.condition = {from.when->phase,
                     from.when->pointer,
                     std::string{to_string(from.when->is)},
                     from.when->value};
  return out;
}

/// Errors: those of `schema_registry::find`.
result<std::vector<run::kept_schema>> schemas_of(const defs::workflow& workflow,
                                                 const planning& with) {
  std::vector<run::kept_schema> out;
  for (const auto& phase : workflow.phases) {
    const auto& ref = phase.artifact.schema;
    const auto same = [&](const auto& kept) { return kept.ref == ref; };
    if (ref.empty() || std::any_of(out.begin(), out.end(), same))
      continue;
    TRY(const auto schema, with.schemas.find(ref));
    const auto& text = schema->text();
    out.push_back({ref, {text, sha256_hex(text), static_cast<std::int64_t>(text.size())}});
  }
  return out;
}

run::created created_of(const run_request& asked,
                        const defs::workflow& workflow,
                        const std::string& repo,
                        const planning& with) {
  run::created out;
  out.run = asked.id.value_or(run_id{random_uuid()});
  out.workflow = identity(workflow);
  out.workflow_hash = hash_of(workflow);
  out.workflow_json = canonical(workflow);
  for (const auto& phase : workflow.phases)
    out.phases.push_back(planned_of(phase));
  if (is_graph(workflow))
    out.parallel = workflow.parallel.value_or(default_parallel);
  out.repo_path = repo;
  out.project_key = sha256_hex(repo).substr(0, 16);
  out.base_branch = asked.base_branch;
  out.requirements = asked.requirements;
  out.worktree = with.layout.worktree(out.run);
  out.branch = branch_of(out.run);
  out.report_dir = with.layout.report(out.run);
  out.scopes = scopes_of(out.run, workflow, asked, with.config.budget);
  out.tool_bounds = tool_bounds_of(with.config);
  if (asked.permission_mode)
    out.tool_bounds.mode = static_cast<permission_mode>(*asked.permission_mode);
  out.attended = asked.attended;
  out.approval_limit_ms = with.config.approvals.time_limit_s.value_or(0) * 1'000;
  out.on_approval_limit = performers::outcome_of(with.config.approvals.on_time_limit);
  out.started_by = with.started_by;
  return out;
}

} // namespace

tool_terms tool_bounds_of(const defs::config& from) {
  const auto& settings = from.tools;
  tool_terms out;
  auto rules = policy::default_rules();
  out.secret_globs = std::move(rules.secret_globs);
  out.secret_exceptions = std::move(rules.secret_exceptions);
  out.command_rules = std::move(rules.command_rules);
  out.secret_globs.insert(
      out.secret_globs.end(), settings.secret_paths.begin(), settings.secret_paths.end());
  out.time_limit_ms = settings.command_time_limit_ms;
  out.network = settings.network == defs::network_access::granted;
  out.unsandboxed = settings.sandbox == defs::sandbox_setting::unsandboxed;
  performers::add_permissions(out, from.permissions, "config");
  if (from.permissions.mode)
    out.mode = static_cast<permission_mode>(*from.permissions.mode);
  out.reviewer = from.reviewer.value_or("");
  for (const auto& each : from.hooks)
    out.hooks.push_back(
        {static_cast<hook_event>(each.on), each.match, each.command, each.time_limit_s * 1'000});
  return out;
}

budget_terms day_scope_of(const defs::budget_settings& settings) {
  return {"day:" + utc_date(system_now()),
          settings.daily_cap,
          share_of(settings.daily_cap, settings.warn_at_percent),
          policy_of(settings.policy)};
}

result<void> check_consent(const defs::persona& who, const planning& with) {
  return check_consent(who, with.providers, with.consented);
}

result<void> check_consent(const defs::persona& who,
                           const provider::provider_registry& providers,
                           const consents& consented) {
  auto models = who.fallback_models;
  models.push_back(who.model);
  return check_consent(who.name, models, providers, consented);
}

result<void> check_consent(const std::string& persona,
                           const std::vector<std::string>& models,
                           const provider::provider_registry& providers,
                           const consents& consented) {
  if (consented.has("persona " + persona))
    return success();
  for (const auto& model : models) {
    TRY(const auto name, provider::split_model_name(model));
    if (!providers.is_local(name.provider) && !consented.has("backend " + name.provider))
      return refuse(errc::consent_missing,
                    "nobody has consented that content of repositories is sent to '" +
                        name.provider + "': run `actor-shell consent grant backend " +
                        name.provider + "`, or give `run` the option --yes")
          .with("backend", name.provider);
  }
  return success();
}

result<void> check_reviewer(const planning& with, consent_check consent) {
  const auto& model = with.config.reviewer;
  if (!model)
    return success();
  TRY(with.providers.find(*model));
  if (consent == consent_check::left_out)
    return success();
  return check_consent({}, {*model}, with.providers, with.consented);
}

result<std::vector<defs::role_view>> explain_bindings(const run_request& asked,
                                                      const defs::workflow& workflow,
                                                      const binding_grounds& with) {
  return defs::explain(
      workflow, with.library.personas(), availability_of(asked, with), options_of(asked, with));
}

result<data_layout> data_layout::make(const std::string& directory) {
  if (directory.empty())
    return refuse(errc::argument_invalid, "the data directory has no name");
  const auto refused = [&](const std::string& what, int number) {
    auto why = system_error("the data directory '" + printable(directory) + "' " + what, number);
    if (number == EACCES || number == EROFS || number == EPERM)
      why.code = errc::permission_denied;
    return why;
  };
  std::error_code failed;
  fs::create_directories(fs::path{directory}.parent_path(), failed);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return refused("can't be made", errno);
  const auto real = fs::canonical(directory, failed);
  if (failed)
    return refused("can't be reached", failed.value());
  if (!fs::is_directory(real, failed))
    return refused("is no directory", ENOTDIR);
  if (::access(real.c_str(), R_OK | W_OK | X_OK) != 0)
    return refused("can't be written: choose another with --data-dir", errno);
  const data_layout out{real.string()};
  for (const auto* name : {"/worktrees", "/runs"})
    if (::mkdir((out.directory + name).c_str(), 0700) != 0 && errno != EEXIST)
      return refused("can't be written: choose another with --data-dir", errno);
  return out;
}

std::string role_of_subagent(const std::string& name) {
  return "sub-agent " + name;
}

result<run::start> plan_run(const run_request& asked, const planning& with, consent_check consent) {
  TRY(check_requirements(asked.requirements));
  if (asked.run_cap && asked.run_cap->pico <= 0)
    return refuse(errc::argument_invalid, "the budget of a run must be above $0");
  TRY(auto workflow, with.library.find_workflow(asked.workflow));
  TRY(auto schemas, schemas_of(workflow, with));
  TRY(auto bindings, bind_roles(asked, workflow, with, consent));
  for (const auto& binding : bindings) {
    TRY(check_persona(binding.persona, with));
  }
  TRY(check_reviewer(with, consent));
  TRY(auto repo, repository_at(asked.repo));
  TRY(performers::commit_of_branch(repo, asked.base_branch));
  run::start out;
  out.what = created_of(asked, workflow, repo, with);
  out.what.schemas = std::move(schemas);
  for (const auto& binding : bindings) {
    std::string reason;
    for (const auto& one : binding.reasons)
      reason += (reason.empty() ? "" : "; ") + one;
    out.bindings.push_back({binding.role,
                            identity(binding.persona),
                            binding.hash,
                            canonical(binding.persona),
                            std::move(reason)});
  }
  TRY(auto subagents, subagents_of(asked, bindings, with));
  std::move(subagents.begin(), subagents.end(), std::back_inserter(out.bindings));
  return out;
}

} // namespace ash
