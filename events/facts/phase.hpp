// What happens in one phase of a run: its turns, its artifact and its end.
#pragma once

#include "events/facts/run.hpp"
#include "events/facts/turn.hpp"

namespace ash::phase {

/// What the artifact of a phase has to be.
enum class artifact_kind : std::uint8_t {
  json,     ///< valid by a schema
  markdown, ///< with the headings of `artifact_check`
  patch,    ///< that `git apply` takes
  command,  ///< whatever, where the command of `artifact_check` ends with 0
};
BOOST_DESCRIBE_ENUM(artifact_kind, json, markdown, patch, command)

/// What a phase is to do; fixed when it starts.
struct assignment {
  phase_id phase;
  run_id run;
  std::string key;
  std::string role;
  std::int64_t attempt = 1;
  std::string artifact_path; ///< relative to the worktree
  std::string schema_ref;    ///< for example `dev/spec@1`
  document schema;
  bool approval = false; ///< someone approves the artifact before the phase completes
  std::string worktree;  ///< absolute path
  agent_terms agent;
  std::vector<budget_terms> scopes;
  std::string prompt; ///< the envelope
  artifact_kind kind = artifact_kind::json;
  std::vector<std::string> artifact_check = {}; ///< the headings, or the one command
  std::int64_t time_limit_ms = 0;               ///< 0: none
  std::int64_t approval_limit_ms = 0;           ///< 0: an approval waits for ever
  run::decision_kind on_approval_limit = run::decision_kind::reject;
  bool attended = true; ///< someone can be asked

  friend bool operator==(const assignment&, const assignment&) = default;
};
BOOST_DESCRIBE_STRUCT(assignment,
                      (),
                      (phase,
                       run,
                       key,
                       role,
                       attempt,
                       artifact_path,
                       schema_ref,
                       schema,
                       approval,
                       worktree,
                       agent,
                       scopes,
                       prompt,
                       kind,
                       artifact_check,
                       time_limit_ms,
                       approval_limit_ms,
                       on_approval_limit,
                       attended))

struct started {
  static constexpr std::string_view type = "phase.started";
  assignment work;
  instant due = {}; ///< when its time is up; 0: never
};
BOOST_DESCRIBE_STRUCT(started, (), (work, due))

/// A tool wrote the expected artifact.
struct artifact_written {
  static constexpr std::string_view type = "artifact.written";
  std::string path;
  std::string sha256;
};
BOOST_DESCRIBE_STRUCT(artifact_written, (), (path, sha256))

struct artifact_validated {
  static constexpr std::string_view type = "artifact.validated";
  std::string path;
  std::string sha256;
  document content;
};
BOOST_DESCRIBE_STRUCT(artifact_validated, (), (path, sha256, content))

struct artifact_rejected {
  static constexpr std::string_view type = "artifact.rejected";
  std::string path;
  std::string code; ///< `artifact_invalid` or `artifact_missing`
  std::vector<artifact_finding> findings;
  document content; ///< what was rejected, where there was a file
};
BOOST_DESCRIBE_STRUCT(artifact_rejected, (), (path, code, findings, content))

struct repair_requested {
  static constexpr std::string_view type = "phase.repair.requested";
  std::int64_t repair = 0; ///< from 1
};
BOOST_DESCRIBE_STRUCT(repair_requested, (), (repair))

struct approval_awaited {
  static constexpr std::string_view type = "phase.approval.awaited";
  approval_id approval;
  std::int64_t round = 1;
};
BOOST_DESCRIBE_STRUCT(approval_awaited, (), (approval, round))

struct feedback_recorded {
  static constexpr std::string_view type = "phase.feedback.recorded";
  approval_id approval;
  std::int64_t round = 1;
  std::string by;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(feedback_recorded, (), (approval, round, by, text))

struct completed {
  static constexpr std::string_view type = "phase.completed";
  std::string artifact_path;
  std::string sha256;
  document artifact;
  std::string summary;
  usd cost;
  token_usage usage;
  std::int64_t calls = 0;
};
BOOST_DESCRIBE_STRUCT(completed, (), (artifact_path, sha256, artifact, summary, cost, usage, calls))

struct failed {
  static constexpr std::string_view type = "phase.failed";
  std::string code;
  std::string message;
  usd cost;
  token_usage usage;
  std::int64_t calls = 0;
};
BOOST_DESCRIBE_STRUCT(failed, (), (code, message, cost, usage, calls))

struct aborted {
  static constexpr std::string_view type = "phase.aborted";
  std::string reason;
  usd cost;
  token_usage usage;
  std::int64_t calls = 0;
};
BOOST_DESCRIBE_STRUCT(aborted, (), (reason, cost, usage, calls))

using fact = std::variant<started,
                          artifact_written,
                          artifact_validated,
                          artifact_rejected,
                          repair_requested,
                          approval_awaited,
                          feedback_recorded,
                          completed,
                          failed,
                          aborted,
                          ASH_TURN_FACTS>;

} // namespace ash::phase
