#include "actors/performers/artifact_effects.hpp"

#include "actors/aggregates/hooks.hpp"
#include "actors/definitions/envelope.hpp"
#include "actors/definitions/markdown_check.hpp"
#include "actors/performers/documents.hpp"
#include "actors/performers/hook_effects.hpp"
#include "actors/performers/run_history.hpp"
#include "actors/performers/tell_again.hpp"
#include "actors/performers/tool_effects.hpp"
#include "actors/performers/workspace.hpp"
#include "actors/tools/beneath.hpp"
#include "actors/tools/builtin.hpp"
#include "actors/tools/file_bytes.hpp"
#include "events/base/fail_point.hpp"
#include "events/base/json.hpp"

namespace ash::performers {
namespace {

using definitions::artifact_schema;
using definitions::finding;

result<std::string> read_artifact(const effect::check_artifact& what) {
  TRY(auto worktree, tool::worktree::open(what.worktree));
  TRY(auto relative, worktree.relative(what.path));
  TRY(auto file, worktree.open_file(relative));
  return tool::read_all(file.get(), what.path, max_artifact_file_bytes);
}

/// Whether the model can mend what stands in the way of reading the file.
bool is_the_models_fault(errc code) {
  switch (code) {
  case errc::path_invalid:
  case errc::path_outside_root:
  case errc::limit_exceeded:
  case errc::permission_denied:
    return true;
  default:
    return false;
  }
}

definitions::artifact artifact_of(const effect::check_artifact& what) {
  definitions::artifact out{
      what.path, static_cast<definitions::artifact_kind>(what.kind), what.schema_ref, {}, {}};
  if (what.kind == phase::artifact_kind::markdown)
    out.headings = what.check;
  else if (what.kind == phase::artifact_kind::command && !what.check.empty())
    out.command = what.check.front();
  return out;
}

result<std::vector<finding>> check_patch(const effect::check_artifact& what,
                                         const performer_options& options,
                                         std::stop_token stop) {
  TRY(auto history, read_run_history(*options.log, what.run, history_depth::run_only));
  TRY(auto problem, patch_problem(history.plan.repo_path, what.worktree, what.path, stop));
  if (!problem)
    return std::vector<finding>{};
  return std::vector<finding>{{"", "patch", "git does not take the patch: " + *problem}};
}

/// A command that could not even be run is no fault of the artifact's.
result<std::vector<finding>> check_by_command(const effect::check_artifact& what,
                                              const performer_options& options,
                                              std::stop_token stop) {
  const auto arguments = to_json_text(json::object{{"command", what.check.front()}});
  const auto came = tool::make_run_command()->run(
      context_of(what.worktree, what.bounds, options), arguments, std::move(stop));
  if (!came.failed)
    return std::vector<finding>{};
  if (came.code != errc::tool_failed && came.code != errc::timed_out)
    return refuse(came.code, came.text);
  return std::vector<finding>{{"", "command", came.text}};
}

/// `schema`: of an artifact that has one.
result<std::vector<finding>> findings_in(const std::string& content,
                                         const effect::check_artifact& what,
                                         const std::shared_ptr<const artifact_schema>& schema,
                                         const performer_options& options,
                                         std::stop_token stop) {
  switch (what.kind) {
  case phase::artifact_kind::json:
    return schema->validate(content);
  case phase::artifact_kind::markdown:
    return definitions::check_markdown(content, what.check);
  case phase::artifact_kind::patch:
    return check_patch(what, options, std::move(stop));
  case phase::artifact_kind::command:
    return check_by_command(what, options, std::move(stop));
  }
  return std::vector<finding>{};
}

result<phase::artifact_checked> checked(const effect::check_artifact& what,
                                        const performer_options& options,
                                        std::stop_token stop) {
  std::string schema_text;
  std::shared_ptr<const artifact_schema> schema;
  if (what.kind == phase::artifact_kind::json) {
    TRY(schema_text, text_of(what.schema, *options.log));
    TRY(schema, artifact_schema::compile(schema_text, what.schema_ref));
  }
  phase::artifact_checked out;
  std::vector<finding> findings;
  auto content = read_artifact(what);
  if (content) {
    out.present = true;
    out.content = std::move(content).value();
    out.sha256 = sha256_hex(out.content);
    TRY(findings, findings_in(out.content, what, schema, options, std::move(stop)));
  } else if (is_the_models_fault(content.error().code)) {
    out.present = true;
    findings.push_back({"", "file", content.error().message});
  } else if (content.error().code != errc::file_not_found) {
    return content.error();
  }
  if (!out.present || !findings.empty())
    out.repair_prompt = definitions::render_repair(findings, artifact_of(what), schema_text);
  for (auto& one : findings)
    out.findings.push_back({std::move(one.path), std::move(one.keyword), std::move(one.message)});
  return out;
}

} // namespace

any_command check_artifact(const effect::check_artifact& what,
                           const performer_options& options,
                           std::stop_token stop) {
  // A worktree that is gone is no missing artifact: the model could not mend it.
  if (auto worktree = tool::worktree::open(what.worktree); !worktree)
    return phase::artifact_unreadable{std::move(worktree).error()};
  auto came = checked(what, options, std::move(stop));
  if (!came)
    return phase::artifact_unreadable{std::move(came).error()};
  return std::move(came).value();
}

namespace {

std::vector<hook_rule> hooks_of(const effect::check_artifact& what, const any_command& came) {
  const auto* checked = std::get_if<phase::artifact_checked>(&came);
  if (checked == nullptr || !checked->present || !checked->findings.empty())
    return {};
  return hooks::for_event(what.bounds.hooks, hook_event::phase_end);
}

hook_call call_of(const running_effect& effect,
                  const effect::check_artifact& what,
                  const phase::artifact_checked& checked) {
  const json::object details{
      {"root", stream_of(what.run).text()},
      {"run", to_string(what.run)},
      {"owner", effect.owner().stream.text()},
      {"phase", what.phase_key},
      {"directory", what.worktree},
      {"artifact", json::object{{"path", what.path}, {"sha256", checked.sha256}}}};
  return {hook_event::phase_end, effect.id(), what.worktree, to_json_text(details)};
}

/// What blocks the phase's end is for the model to mend, as any other finding.
void find_blocked(phase::artifact_checked& into,
                  const effect::check_artifact& what,
                  const std::vector<run::hook_ran>& results,
                  const performer_options& options) {
  const auto* by = hooks::blocked_by(results);
  if (by == nullptr)
    return;
  const auto message = hooks::refusal_of(*by).message;
  auto schema = text_of(what.schema, *options.log);
  into.repair_prompt = definitions::render_repair(
      {{"", "hook", message}}, artifact_of(what), schema ? schema.value() : std::string{});
  into.findings.push_back({"", "hook", message});
}

} // namespace

void perform_check_artifact(const effect_ptr& effect,
                            const effect::check_artifact& what,
                            const performer_options& options,
                            entity_directory& directory,
                            timer_thread& timers) {
  pass(fail_point::artifact_before);
  auto came = check_artifact(what, options, effect->stop_token());
  run::hooks_ran ran{hook_event::phase_end, {}};
  if (const auto rules = hooks_of(what, came); !rules.empty()) {
    auto& checked = std::get<phase::artifact_checked>(came);
    ran.results = run_hooks(
        rules, call_of(*effect, what, checked), *options.scrub->now(), effect->stop_token());
    find_blocked(checked, what, ran.results, options);
  }
  pass(fail_point::artifact_after);
  if (effect->is_cut())
    return effect->drop(); // judged again after the restart
  std::optional<any_command> answer;
  if (!effect->is_unwanted()) // who called it off has no use for what a cut check says
    answer = std::move(came);
  if (ran.results.empty())
    return effect->end(std::move(answer));
  // What they did is durable before anything follows from it.
  tell_again(
      directory,
      timers,
      {stream_of(what.run), stream_of(what.run)},
      {"hooks:" + effect->id(),
       effect->owner().root.text(),
       effect->id(),
       system_now(),
       std::move(ran)},
      [effect](const error& why) {
        return may_pass(why) && !effect->stop_token().stop_requested();
      },
      [effect, answer = std::move(answer)](result<void> reply) mutable {
        const auto lost =
            !reply && (may_pass(reply.error()) || reply.error().code == errc::shutting_down);
        if (lost && !effect->is_unwanted())
          effect->drop();
        else
          effect->end(std::move(answer));
      });
}

} // namespace ash::performers
