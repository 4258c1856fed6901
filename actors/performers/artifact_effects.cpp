#include "actors/performers/artifact_effects.hpp"

#include "actors/definitions/envelope.hpp"
#include "actors/definitions/markdown_check.hpp"
#include "actors/performers/documents.hpp"
#include "actors/performers/run_history.hpp"
#include "actors/performers/tool_effects.hpp"
#include "actors/performers/workspace.hpp"
#include "actors/tools/beneath.hpp"
#include "actors/tools/builtin.hpp"
#include "actors/tools/file_bytes.hpp"
#include "events/base/fail_point.hpp"

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

void perform_check_artifact(running_effect& effect,
                            const effect::check_artifact& what,
                            const performer_options& options) {
  pass(fail_point::artifact_before);
  auto came = check_artifact(what, options, effect.stop_token());
  pass(fail_point::artifact_after);
  // Called off by a stop: judged again after the restart.
  if (effect.stop_token().stop_requested())
    return effect.drop();
  effect.end(std::move(came));
}

} // namespace ash::performers
