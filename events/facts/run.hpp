// What happens to a run: from its creation over its phases to its report.
#pragma once

#include "events/facts/common.hpp"

#include <variant>

namespace ash::run {

enum class decision_kind : std::uint8_t { approve, reject, request_changes, abort, cancel };
BOOST_DESCRIBE_ENUM(decision_kind, approve, reject, request_changes, abort, cancel)

/// What an earlier artifact must say for a phase to be done. Without a phase: nothing.
struct phase_condition {
  std::string phase = {};   ///< the earlier phase's key
  std::string pointer = {}; ///< JSON pointer into its artifact
  std::string is =
      {}; ///< `equals`, `not_equals`, `exists`, `absent`, `less`, `greater`, `contains`
  std::string value = {}; ///< JSON text

  friend bool operator==(const phase_condition&, const phase_condition&) = default;
};
BOOST_DESCRIBE_STRUCT(phase_condition, (), (phase, pointer, is, value))

/// One phase of the template, as far as the run itself needs it.
struct planned_phase {
  std::string key;
  std::string role;
  std::string artifact_path;
  bool approval = false;
  std::vector<std::string> needs = {}; ///< keys of phases that are done before it
  phase_condition condition = {};
  std::int64_t retries = 0; ///< further attempts after a failure

  friend bool operator==(const planned_phase&, const planned_phase&) = default;
};
BOOST_DESCRIBE_STRUCT(planned_phase,
                      (),
                      (key, role, artifact_path, approval, needs, condition, retries))

/// An artifact schema as it was when the run began: a later phase, and a resume, use this one.
struct kept_schema {
  std::string ref; ///< `dev/spec@1`
  document content;

  friend bool operator==(const kept_schema&, const kept_schema&) = default;
};
BOOST_DESCRIBE_STRUCT(kept_schema, (), (ref, content))

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
  std::int64_t parallel = 1; ///< phases at once; with more than one, each has its own worktree
  bool attended = true;      ///< someone can be asked; otherwise asking is a refusal
  std::int64_t approval_limit_ms = 0; ///< 0: an approval waits for ever
  decision_kind on_approval_limit = decision_kind::reject;
  std::vector<kept_schema> schemas = {};
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
                       started_by,
                       parallel,
                       attended,
                       approval_limit_ms,
                       on_approval_limit,
                       schemas))

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
  std::string worktree = {}; ///< of its own; empty: the run's
  std::string branch = {};
};
BOOST_DESCRIBE_STRUCT(phase_opened, (), (key, phase, attempt, worktree, branch))

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

/// A phase is left out: its condition does not hold. Phases that need it go on without it.
struct phase_omitted {
  static constexpr std::string_view type = "run.phase.omitted";
  std::string key = {};
  std::string reason = {};
};
BOOST_DESCRIBE_STRUCT(phase_omitted, (), (key, reason))

/// What a phase did in its own worktree is on the run's branch.
struct phase_merged {
  static constexpr std::string_view type = "run.phase.merged";
  std::string key = {};
  phase_id phase = {};
  std::string commit = {};
};
BOOST_DESCRIBE_STRUCT(phase_merged, (), (key, phase, commit))

/// Paths that may be written besides those of the persona, from now on.
struct path_granted {
  static constexpr std::string_view type = "permission.path.granted";
  std::string path = {}; ///< a glob relative to the worktree
  std::string by = {};
};
BOOST_DESCRIBE_STRUCT(path_granted, (), (path, by))

/// Paths that may not be written any more, whatever the persona says.
struct path_revoked {
  static constexpr std::string_view type = "permission.path.revoked";
  std::string path = {};
  std::string by = {};
};
BOOST_DESCRIBE_STRUCT(path_revoked, (), (path, by))

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
  instant expires;           ///< 0: never
  std::string question = {}; ///< for a person
  document content = {};     ///< what is to be approved, where that is a text
  usd amount = {};           ///< of a budget approval: what the call may cost
  decision_kind on_expiry = decision_kind::reject;
};
BOOST_DESCRIBE_STRUCT(approval_requested,
                      (),
                      (approval,
                       kind,
                       asker,
                       phase_key,
                       subject,
                       round,
                       expires,
                       question,
                       content,
                       amount,
                       on_expiry))

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

/// What a hook did: in the stream of the run, session or tool call that it was run for.
struct hook_ran {
  static constexpr std::string_view type = "hook.ran";
  hook_event on = hook_event::pre_tool;
  std::string command;
  std::int64_t exit_code = 0;
  bool blocked = false; ///< what it was run for does not happen
  bool timed_out = false;
  std::string message; ///< what it said: for the model or a person, bounded
  document output;     ///< the whole of it, where `message` was cut
  std::int64_t duration_ms = 0;
};
BOOST_DESCRIBE_STRUCT(hook_ran,
                      (),
                      (on, command, exit_code, blocked, timed_out, message, output, duration_ms))

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
                          resumed,
                          phase_omitted,
                          phase_merged,
                          path_granted,
                          path_revoked,
                          hook_ran>;

} // namespace ash::run
