// What happens to a run: from its creation over its phases to its report.
#pragma once

#include "events/facts/common.hpp"

#include <variant>

namespace ash::run {

/// One phase of the template, as far as the run itself needs it.
struct planned_phase {
  std::string key;
  std::string role;
  std::string artifact_path;
  bool approval = false;

  friend bool operator==(const planned_phase&, const planned_phase&) = default;
};
BOOST_DESCRIBE_STRUCT(planned_phase, (), (key, role, artifact_path, approval))

struct created {
  static constexpr std::string_view type = "run.created";
  run_id run;
  std::string workflow; ///< `name@version`
  std::string workflow_hash;
  std::string workflow_json; ///< the whole template, canonical
  std::vector<planned_phase> phases;
  std::string repo_path; ///< absolute, links resolved
  std::string project_key;
  std::string base_branch;
  std::string requirements;
  std::string worktree; ///< where the run works
  std::string branch;   ///< that will hold its result
  std::string report_dir;
  std::vector<budget_terms> scopes; ///< that pay, narrowest first
  tool_terms tool_bounds;
  std::string started_by;
};
BOOST_DESCRIBE_STRUCT(created,
                      (),
                      (run,
                       workflow,
                       workflow_hash,
                       workflow_json,
                       phases,
                       repo_path,
                       project_key,
                       base_branch,
                       requirements,
                       worktree,
                       branch,
                       report_dir,
                       scopes,
                       tool_bounds,
                       started_by))

struct binding {
  std::string role;
  std::string persona; ///< `name@version`
  std::string persona_hash;
  std::string persona_json; ///< the whole persona, canonical
  std::string reason;

  friend bool operator==(const binding&, const binding&) = default;
};
BOOST_DESCRIBE_STRUCT(binding, (), (role, persona, persona_hash, persona_json, reason))

struct bound {
  static constexpr std::string_view type = "run.bound";
  std::vector<binding> bindings;
};
BOOST_DESCRIBE_STRUCT(bound, (), (bindings))

struct started {
  static constexpr std::string_view type = "run.started";
  run_id run;
};
BOOST_DESCRIBE_STRUCT(started, (), (run))

struct workspace_prepared {
  static constexpr std::string_view type = "run.workspace.prepared";
  std::string worktree;
  std::string branch;
  std::string base_commit;
};
BOOST_DESCRIBE_STRUCT(workspace_prepared, (), (worktree, branch, base_commit))

struct phase_opened {
  static constexpr std::string_view type = "run.phase.opened";
  std::string key;
  phase_id phase;
  std::int64_t attempt = 1;
};
BOOST_DESCRIBE_STRUCT(phase_opened, (), (key, phase, attempt))

enum class phase_outcome : std::uint8_t { completed, failed, aborted };
BOOST_DESCRIBE_ENUM(phase_outcome, completed, failed, aborted)

struct phase_closed {
  static constexpr std::string_view type = "run.phase.closed";
  std::string key;
  phase_id phase;
  phase_outcome outcome = phase_outcome::completed;
  std::string artifact_path;
  std::string sha256;
  document artifact;
  std::string summary;
  std::string code; ///< of a failure
  std::string message;
  usd cost;
  token_usage usage;
  std::int64_t calls = 0;
};
BOOST_DESCRIBE_STRUCT(phase_closed,
                      (),
                      (key,
                       phase,
                       outcome,
                       artifact_path,
                       sha256,
                       artifact,
                       summary,
                       code,
                       message,
                       cost,
                       usage,
                       calls))

/// A resumed run passes over a phase that is complete.
struct phase_skipped {
  static constexpr std::string_view type = "phase.skipped";
  std::string key;
  phase_id phase;
};
BOOST_DESCRIBE_STRUCT(phase_skipped, (), (key, phase))

enum class approval_kind : std::uint8_t { artifact, tool, budget, plan };
BOOST_DESCRIBE_ENUM(approval_kind, artifact, tool, budget, plan)

struct approval_requested {
  static constexpr std::string_view type = "approval.requested";
  approval_id approval;
  approval_kind kind = approval_kind::artifact;
  stream_id asker;
  std::string phase_key;
  std::string subject; ///< the artifact's path, the tool's name, the scope
  std::int64_t round = 1;
  instant expires; ///< 0: never
};
BOOST_DESCRIBE_STRUCT(approval_requested,
                      (),
                      (approval, kind, asker, phase_key, subject, round, expires))

enum class decision_kind : std::uint8_t { approve, reject, request_changes, abort, cancel };
BOOST_DESCRIBE_ENUM(decision_kind, approve, reject, request_changes, abort, cancel)

struct approval_decided {
  static constexpr std::string_view type = "approval.decided";
  approval_id approval;
  decision_kind decision = decision_kind::approve;
  std::string by;
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(approval_decided, (), (approval, decision, by, comment))

struct report_composed {
  static constexpr std::string_view type = "run.report.composed";
  std::string json_path;
  std::string markdown_path;
  std::string branch;
  std::string commit;
  usd cost;
};
BOOST_DESCRIBE_STRUCT(report_composed, (), (json_path, markdown_path, branch, commit, cost))

struct report_failed {
  static constexpr std::string_view type = "run.report.failed";
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(report_failed, (), (code, message))

struct completed {
  static constexpr std::string_view type = "run.completed";
  run_id run;
};
BOOST_DESCRIBE_STRUCT(completed, (), (run))

struct failed {
  static constexpr std::string_view type = "run.failed";
  std::string code;
  std::string message;
  std::string phase_key;
};
BOOST_DESCRIBE_STRUCT(failed, (), (code, message, phase_key))

struct aborted {
  static constexpr std::string_view type = "run.aborted";
  std::string reason;
  std::string by;
};
BOOST_DESCRIBE_STRUCT(aborted, (), (reason, by))

enum class interruption : std::uint8_t { shutdown, crash, budget };
BOOST_DESCRIBE_ENUM(interruption, shutdown, crash, budget)

struct interrupted {
  static constexpr std::string_view type = "run.interrupted";
  interruption cause = interruption::crash;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(interrupted, (), (cause, message))

struct resumed {
  static constexpr std::string_view type = "run.resumed";
  std::string by;
};
BOOST_DESCRIBE_STRUCT(resumed, (), (by))

using fact = std::variant<created,
                          bound,
                          started,
                          workspace_prepared,
                          phase_opened,
                          phase_closed,
                          phase_skipped,
                          approval_requested,
                          approval_decided,
                          report_composed,
                          report_failed,
                          completed,
                          failed,
                          aborted,
                          interrupted,
                          resumed>;

} // namespace ash::run
