#include "actors/performers/phase_effects.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/definitions/envelope.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/performers/documents.hpp"
#include "actors/performers/tell_again.hpp"
#include "actors/performers/workspace.hpp"

#include <algorithm>

namespace ash::performers {
namespace {

namespace defs = definitions;

error unloadable(const error& why, std::string_view what) {
  return refuse(errc::template_load_failed,
                "the run's stored " + std::string{what} + " can't be read: " + why.message);
}

/// The run's scopes with the persona's day among them: from the narrowest to the widest.
std::vector<budget_terms> scopes_of(const effect::open_phase& what,
                                    const defs::persona& who,
                                    const performer_options& options) {
  std::vector<budget_terms> own;
  if (options.persona_day) {
    own.push_back(*options.persona_day);
    own.back().scope = budget::scope_of_persona(who.name, utc_date(system_now()));
  }
  return budget::scopes_beneath(std::move(own), what.scopes);
}

result<agent_terms> terms_of(const effect::open_phase& what,
                             const defs::persona& who,
                             const defs::phase& phase,
                             const performer_options& options) {
  const auto prices = options.prices ? options.prices->now() : nullptr;
  auto out = agent_terms_of(who, prices ? *prices : defs::price_table::shipped());
  TRY(out.tools, tool_specs_of(who, options.tools));
  out.tool_bounds = what.tool_bounds;
  out.tool_bounds.network =
      what.tool_bounds.network && who.network == defs::network_access::granted;
  add_permissions(out.tool_bounds, who, phase.artifact.path);
  out.policy_hash = policy::hash(tool_call::rules_of(out.tool_bounds));
  out.max_steps = phase.max_steps.value_or(who.max_turns);
  return out;
}

result<std::vector<defs::earlier_artifact>> earlier_of(const effect::open_phase& what,
                                                       const log::event_log& log) {
  std::vector<defs::earlier_artifact> out;
  for (const auto& artifact : what.earlier) {
    TRY(auto text, text_of(artifact.content, log));
    out.push_back({artifact.phase_key, artifact.path, std::move(text)});
  }
  return out;
}

/// As the run keeps it; a run of before that was kept looks it up. Empty for an artifact that has
/// none.
result<std::string> schema_of(const effect::open_phase& what,
                              const defs::artifact& artifact,
                              const performer_options& options) {
  if (artifact.kind != defs::artifact_kind::json)
    return std::string{};
  for (const auto& kept : what.schemas)
    if (kept.ref == artifact.schema)
      return text_of(kept.content, *options.log);
  TRY(auto found, options.schemas->find(artifact.schema));
  return found->text();
}

/// Whether the phase keeps its assignment in its own stream already: issued again after a restart,
/// whatever has become of the definitions since, there is nothing to do.
bool has_begun(const effect::open_phase& what, const performer_options& options) {
  const auto begun = options.log->find_stream(stream_of(what.phase));
  return begun && begun.value();
}

/// A worktree of its own stands on what the run's branch holds by now.
result<void> prepare_own_worktree(const effect::open_phase& what, std::stop_token stop) {
  if (what.branch.empty())
    return success();
  TRY(prepare_workspace({what.repo_path, what.run_branch, what.worktree, what.branch},
                        std::move(stop)));
  return success();
}

} // namespace

result<phase::assignment> assignment_of(const effect::open_phase& what,
                                        const performer_options& options) {
  auto workflow = defs::workflow_from_json(what.workflow_json);
  if (!workflow)
    return unloadable(workflow.error(), "workflow");
  auto who = defs::persona_from_json(what.persona_json);
  if (!who)
    return unloadable(who.error(), "persona");
  const auto& phases = workflow.value().phases;
  const auto found =
      std::find_if(phases.begin(), phases.end(), [&](const auto& p) { return p.key == what.key; });
  if (found == phases.end())
    return refuse(errc::run_metadata_missing,
                  "the run's stored workflow has no phase '" + what.key + "'");
  TRY(auto schema, schema_of(what, found->artifact, options));
  TRY(auto earlier, earlier_of(what, *options.log));
  phase::assignment out;
  out.phase = what.phase;
  out.run = what.run;
  out.key = what.key;
  out.role = found->role;
  out.attempt = what.attempt;
  out.artifact_path = found->artifact.path;
  out.schema_ref = found->artifact.schema;
  if (!schema.empty())
    out.schema = {schema, sha256_hex(schema), static_cast<std::int64_t>(schema.size())};
  out.kind = static_cast<phase::artifact_kind>(found->artifact.kind);
  out.artifact_check = found->artifact.headings;
  if (found->artifact.kind == defs::artifact_kind::command)
    out.artifact_check = {found->artifact.command};
  out.time_limit_ms = found->time_limit_s.value_or(0) * 1'000;
  out.approval = found->approval;
  out.attended = what.attended;
  out.approval_limit_ms =
      found->approval_time_limit_s ? *found->approval_time_limit_s * 1'000 : what.approval_limit_ms;
  out.on_approval_limit = found->approval_time_limit_s ? outcome_of(found->on_approval_time_limit)
                                                       : what.on_approval_limit;
  out.worktree = what.worktree;
  TRY(out.agent, terms_of(what, who.value(), *found, options));
  out.scopes = scopes_of(what, who.value(), options);
  out.prompt = defs::render_envelope(workflow.value(), *found, what.requirements, earlier, schema);
  return out;
}

namespace {

/// The assignment, with the worktree that it names.
result<phase::assignment> ready_to_start(const effect::open_phase& what,
                                         const performer_options& options,
                                         std::stop_token stop) {
  TRY(auto work, assignment_of(what, options));
  TRY(prepare_own_worktree(what, std::move(stop)));
  return work;
}

} // namespace

void perform_open_phase(effect_ptr effect,
                        const effect::open_phase& what,
                        const performer_options& options,
                        entity_directory& directory,
                        timer_thread& timers) {
  if (has_begun(what, options))
    return effect->end(std::nullopt);
  auto work = ready_to_start(what, options, effect->stop_token());
  if (!work && work.error().code == errc::cancelled)
    return effect->drop();
  if (!work)
    return effect->end(run::phase_unstartable{what.phase, std::move(work).error()});
  const auto keep_trying = [effect](const error& why) {
    return may_pass(why) && !effect->stop_token().stop_requested();
  };
  tell_again(directory,
             timers,
             {stream_of(what.phase), stream_of(what.run)},
             {"start:" + to_string(what.phase),
              effect->owner().root.text(),
              effect->id(),
              system_now(),
              phase::start{std::move(work).value()}},
             keep_trying,
             [effect, id = what.phase](result<void> reply) {
               if (reply)
                 effect->end(std::nullopt);
               else if (reply.error().code == errc::shutting_down || may_pass(reply.error()))
                 effect->drop();
               else
                 effect->end(run::phase_unstartable{id, std::move(reply).error()});
             });
}

} // namespace ash::performers
