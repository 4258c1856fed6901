#include "actors/performers/artifact_effects.hpp"

#include "actors/definitions/envelope.hpp"
#include "actors/performers/documents.hpp"
#include "actors/tools/beneath.hpp"
#include "actors/tools/file_bytes.hpp"
#include "events/base/fail_point.hpp"

namespace ash::performers {
namespace {

using definitions::artifact_schema;

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

result<phase::artifact_checked> checked(const effect::check_artifact& what,
                                        const log::event_log& log) {
  TRY(auto schema_text, text_of(what.schema, log));
  TRY(auto schema, artifact_schema::compile(schema_text, what.schema_ref));
  phase::artifact_checked out;
  std::vector<definitions::finding> findings;
  auto content = read_artifact(what);
  if (content) {
    out.present = true;
    out.content = std::move(content).value();
    out.sha256 = sha256_hex(out.content);
    findings = schema->validate(out.content);
  } else if (is_the_models_fault(content.error().code)) {
    out.present = true;
    findings.push_back({"", "file", content.error().message});
  } else if (content.error().code != errc::file_not_found) {
    return content.error();
  }
  if (!out.present || !findings.empty())
    out.repair_prompt = definitions::render_repair(findings, what.path, schema_text);
  for (auto& one : findings)
    out.findings.push_back({std::move(one.path), std::move(one.keyword), std::move(one.message)});
  return out;
}

} // namespace

any_command check_artifact(const effect::check_artifact& what, const log::event_log& log) {
  // A worktree that is gone is no missing artifact: the model could not mend it.
  if (auto worktree = tool::worktree::open(what.worktree); !worktree)
    return phase::artifact_unreadable{std::move(worktree).error()};
  auto came = checked(what, log);
  if (!came)
    return phase::artifact_unreadable{std::move(came).error()};
  return std::move(came).value();
}

void perform_check_artifact(running_effect& effect,
                            const effect::check_artifact& what,
                            const performer_options& options) {
  pass(fail_point::artifact_before);
  auto came = check_artifact(what, *options.log);
  pass(fail_point::artifact_after);
  effect.end(std::move(came));
}

} // namespace ash::performers
