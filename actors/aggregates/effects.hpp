// What an aggregate wants done outside itself, as values. An effect's id is deterministic: issued
// again after a crash it is the same effect, and whoever performs it can tell.
#pragma once

#include "actors/aggregates/commands.hpp"

namespace ash::effect {

/// A scope whose cap a call may go beyond, and what lets it.
struct approved_scope {
  std::string scope;
  approval_id approval;
};
BOOST_DESCRIBE_STRUCT(approved_scope, (), (scope, approval))

/// Reserves `amount` for a call in every scope, in order. Answers turn::budget_reserved or
/// turn::budget_refused.
struct reserve {
  call_id call;
  std::vector<budget_terms> scopes;
  usd amount;
  std::vector<approved_scope> approved = {};
};

/// What lets a reservation go beyond the cap of the scope; nil: nothing.
inline approval_id approval_for(const reserve& what, std::string_view scope) {
  for (const auto& each : what.approved)
    if (each.scope == scope)
      return each.approval;
  return {};
}

/// Settles a call in every scope; scopes that never reserved it release nothing. With `spent` false
/// the reservation is released. Answers turn::budget_settled.
struct settle {
  call_id call;
  std::vector<budget_terms> scopes;
  usd actual;
  bool spent = true;
};

/// Makes a model call. Answers turn::model_streamed any number of times, then turn::model_answered
/// or turn::model_failed.
struct call_model {
  call_id call;
  std::string model; ///< `provider:model`
  document request;
};

/// Runs a tool. Answers tool_call::finish.
struct run_tool {
  tool_call::requested what;
};

/// Runs the user's hooks of an event, one after another. Over a crash they may run again, under the
/// same id. Answers run::hooks_ran.
struct run_hooks {
  hook_event on = hook_event::pre_tool;
  std::vector<hook_rule> rules; ///< those that the event is for
  std::string directory;        ///< where they run; empty, or gone: `/`
  std::string details;          ///< JSON object: what they are told of the event
};

/// Gives a command to the entity itself, at once or at `due`. Durable: it stands in `pending` until
/// what it leads to has happened.
struct tell_self {
  instant due; ///< 0: at once
  any_command what;
};

/// Gives a command to another entity. Where that refuses it, `if_refused` goes back to the sender.
struct send {
  stream_id to;
  any_command what;
  std::optional<any_command> if_refused;
};

/// Calls off an effect in flight, by its id: what runs for it is killed, and its end still comes.
struct call_off {
  std::string effect;
};

/// Reads and validates the artifact. Answers phase::artifact_checked or phase::artifact_unreadable.
struct check_artifact {
  std::string worktree;
  std::string path;
  std::string schema_ref;
  document schema;
  phase::artifact_kind kind = phase::artifact_kind::json;
  std::vector<std::string> check = {}; ///< the headings, or the one command
  tool_terms bounds = {};              ///< of that command
  run_id run = {};
  std::string phase_key = {};
};

/// Makes the run's own git worktree and branch. Answers run::workspace_ready or
/// run::workspace_failed.
struct prepare_workspace {
  std::string repo_path;
  std::string base_branch;
  std::string worktree;
  std::string branch;
};

/// An artifact that an earlier phase left.
struct earlier_artifact {
  std::string phase_key;
  std::string path;
  document content;
};

/// Starts a phase with what the run's definitions say. Answers run::phase_unstartable where that
/// fails.
struct open_phase {
  phase_id phase;
  run_id run;
  std::string key;
  std::int64_t attempt = 1;
  std::string workflow_json;
  std::string persona_json;
  std::string requirements;
  std::vector<earlier_artifact> earlier;
  std::string worktree;
  std::vector<budget_terms> scopes;
  tool_terms tool_bounds;
  std::vector<run::kept_schema> schemas;
  std::int64_t approval_limit_ms = 0;
  run::decision_kind on_approval_limit = run::decision_kind::reject;
  bool attended = true;
  std::string repo_path;
  std::string run_branch;
  std::string branch; ///< of a worktree of its own, which is made first; empty: the run's
};

/// Creates the session of a sub-agent as the call asks for it, with a worktree of its own where it
/// writes; one that exists is left as it is, and goes on. Silent; answers tool_call::finish where
/// it can't be created.
struct open_child {
  tool_call::requested what;
  session_id session;
};

/// Brings what a sub-agent did in its own worktree onto the branch of whoever asked, and removes
/// that worktree. Answers session::child_closed.
struct close_child {
  session::created what; ///< without its agent
  session::ended outcome;
};

/// Judges a condition over an artifact. Answers run::condition_checked.
struct check_condition {
  std::string key;
  run::phase_condition what;
  std::optional<document> artifact; ///< none: the phase left none
};

/// Brings what a phase did in its own worktree onto the run's branch, and removes that worktree.
/// Answers run::phase_merged_in or run::phase_unmergeable.
struct merge_phase {
  phase_id phase;
  std::string key;
  std::string repo_path;
  std::string run_worktree;
  std::string run_branch;
  std::string worktree;
  std::string branch;
  std::string artifact_path;
};

/// Saves the run's work on its branch and writes its report. Answers run::report_ready or
/// run::report_lost.
struct compose_report {
  run_id run;
  std::string outcome; ///< `completed`, `failed`, `aborted`
};

/// Drops the transient facts of the entity's own stream up to now.
struct prune {};

using any = std::variant<reserve,
                         settle,
                         call_model,
                         run_tool,
                         run_hooks,
                         tell_self,
                         send,
                         call_off,
                         check_artifact,
                         prepare_workspace,
                         open_phase,
                         open_child,
                         close_child,
                         check_condition,
                         merge_phase,
                         compose_report,
                         prune>;

} // namespace ash::effect

namespace ash {

struct effect_request {
  std::string id;
  effect::any what;
};
using effects = std::vector<effect_request>;

/// The facts that a command leads to, or why it is refused. No facts: there is nothing (more) to
/// do.
template <class Fact> using decision = result<std::vector<Fact>>;

/// Appends `more` to `all`.
inline void append(effects& all, effects more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

} // namespace ash
