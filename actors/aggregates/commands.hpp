// What can be asked of each aggregate. A command is imperative and may be refused; the results of
// effects come back as commands too. Time and ids enter here: nothing below reads a clock or makes
// an id.
#pragma once

#include "events/base/result.hpp"
#include "events/facts/any.hpp"

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ash {

// -- turn: commands that phases and sessions share ------------------------------------------------

namespace turn {

/// Every scope has reserved the call's estimate.
struct budget_reserved {
  call_id call;
};
/// A scope refused. Those before it in the list still hold their reservation.
struct budget_refused {
  call_id call;
  std::string scope;
  error why;
};
/// Every scope has settled or released the call.
struct budget_settled {
  call_id call;
};
struct model_streamed {
  call_id call;
  std::string text;
  bool thinking = false;
};
struct model_answered {
  call_id call;
  std::string text;
  std::vector<thinking_block> thinking;
  std::vector<tool_request> tool_calls;
  token_usage usage;
  std::optional<usd> reported_cost;
  std::string finish_reason;
  std::string raw;
  std::int64_t latency_ms = 0;
};
struct model_failed {
  call_id call;
  error why;
  bool retryable = false;
  bool emitted_output = false;
  std::string partial_text;
  std::optional<token_usage> usage;
  std::int64_t retry_after_ms = 0;
  std::int64_t latency_ms = 0;
};
/// The call had started when the process died.
struct model_lost {
  call_id call;
};
struct retry_due {
  call_id call;
};
struct tool_finished {
  tool_call_id tool_call;
  tool_answer answer = tool_answer::completed;
  std::string code;
  std::string text;
  std::vector<file_change> written;
};
struct stop {
  turn_id turn; ///< nil: whichever runs
  std::string reason;
};
/// Goes on after a budget blocked the turn.
struct resume {};
/// What was decided about the approval that the turn waits for.
struct approval_answered {
  approval_id approval;
  run::decision_kind decision = run::decision_kind::reject;
  std::string by;
  std::string comment;
};

#define ASH_TURN_COMMANDS                                                                          \
  turn::budget_reserved, turn::budget_refused, turn::budget_settled, turn::model_streamed,         \
      turn::model_answered, turn::model_failed, turn::model_lost, turn::retry_due,                 \
      turn::tool_finished, turn::stop, turn::resume, turn::approval_answered

using command = std::variant<ASH_TURN_COMMANDS>;

} // namespace turn

// -- approvals: commands that whatever is a root (a run, a session) takes
// ------------------------------

namespace run {

struct request_approval {
  approval_requested what;
  std::int64_t limit_ms = 0; ///< from now on; 0: as the root says
};
struct decide_approval {
  approval_id approval;
  decision_kind decision = decision_kind::approve;
  std::string by;
  std::string comment;
};
/// The approval's time is over.
struct approval_due {
  approval_id approval;
};
/// Whoever asked does not need the answer any more.
struct withdraw_approval {
  approval_id approval;
  std::string reason;
};

/// From now on `path`, a glob relative to the worktree, may be written.
struct grant_path {
  std::string path;
  std::string by;
};
/// From now on it may not, whatever a persona says.
struct revoke_path {
  std::string path;
  std::string by;
};

/// What the hooks of one event did. What they may block goes on after this, or does not.
struct hooks_ran {
  hook_event on = hook_event::pre_tool;
  std::vector<hook_ran> results;
};

#define ASH_ROOT_COMMANDS                                                                          \
  run::request_approval, run::decide_approval, run::approval_due, run::withdraw_approval,          \
      run::grant_path, run::revoke_path, run::hooks_ran

} // namespace run

// -- session --------------------------------------------------------------------------------------

namespace session {

struct create {
  created what;
};
struct end {
  std::string reason;
};
struct set_model {
  std::vector<model_choice> models;
};
struct set_persona {
  agent_terms agent;
};
struct clear {};
struct set_plan_mode {
  bool on = false;
};
struct post {
  message_id message;
  std::string text;
};
struct edit {
  message_id message;
  std::string text;
  edit_mode mode = edit_mode::save;
};

/// A sub-agent's work is not wanted any more: its turn is stopped, and its session ends once that
/// has stopped. One that was not created yet is, and is over: `what` names it.
struct call_off {
  created what;
  std::string reason;
};
/// What a sub-agent did in a worktree of its own is where it belongs, or can't be brought there.
struct child_closed {
  ended what;
};

using command = std::variant<create,
                             call_off,
                             child_closed,
                             end,
                             set_model,
                             set_persona,
                             clear,
                             set_plan_mode,
                             post,
                             edit,
                             ASH_ROOT_COMMANDS,
                             ASH_TURN_COMMANDS>;

} // namespace session

// -- run ------------------------------------------------------------------------------------------

namespace run {

struct start {
  created what;
  std::vector<binding> bindings;
};
struct workspace_ready {
  std::string worktree;
  std::string branch;
  std::string base_commit;
};
struct workspace_failed {
  error why;
};
/// A phase could not even be started.
struct phase_unstartable {
  phase_id phase;
  error why;
};
struct phase_reported {
  phase_closed what;
};
/// Whether the condition of a phase holds; `why` where that can't be told.
struct condition_checked {
  std::string key;
  bool holds = false;
  std::string reason;
  std::optional<error> why = std::nullopt;
};
struct phase_merged_in {
  phase_id phase;
  std::string commit;
};
struct phase_unmergeable {
  phase_id phase;
  error why;
};
/// A budget blocks a phase, or a sub-agent that works for one.
struct phase_blocked {
  phase_id phase; ///< nil: a sub-agent
  std::string scope;
  error why;
};
/// `outcome` is the one that the report tells of; a run that has ended otherwise wants another.
struct report_ready {
  report_composed what;
  std::string outcome;
};
struct report_lost {
  error why;
  std::string outcome;
};
struct interrupt {
  interruption cause = interruption::shutdown;
  std::string message;
};
struct resume {
  std::string by;
};
struct abort {
  std::string reason;
  std::string by;
};

using command = std::variant<start,
                             workspace_ready,
                             workspace_failed,
                             phase_unstartable,
                             phase_reported,
                             condition_checked,
                             phase_merged_in,
                             phase_unmergeable,
                             phase_blocked,
                             ASH_ROOT_COMMANDS,
                             report_ready,
                             report_lost,
                             interrupt,
                             resume,
                             abort>;

} // namespace run

// -- phase ----------------------------------------------------------------------------------------

namespace phase {

struct start {
  assignment work;
};
/// What is at the artifact's path.
struct artifact_checked {
  bool present = false;
  std::string content;
  std::string sha256;
  std::vector<artifact_finding> findings;
  std::string repair_prompt; ///< what to tell the model where it is absent or has findings
};
struct artifact_unreadable {
  error why;
};
struct approval_settled {
  approval_id approval;
  run::decision_kind decision = run::decision_kind::approve;
  std::string by;
  std::string comment;
};
/// With the ids, a phase that was opened and has not begun is closed before it does.
struct abort {
  std::string reason;
  phase_id phase = {};
  run_id run = {};
  std::string key = {};
};

/// The phase's time is over.
struct time_up {};

using command = std::variant<start,
                             time_up,
                             artifact_checked,
                             artifact_unreadable,
                             approval_settled,
                             abort,
                             ASH_TURN_COMMANDS>;

} // namespace phase

// -- tool call ------------------------------------------------------------------------------------

namespace tool_call {

struct request {
  requested what;
};
struct review {
  review_verdict verdict = review_verdict::denied;
  std::string by;
  std::string reason;
  approval_id approval = {}; ///< nil where a model decided
};
struct finish {
  bool failed = false;
  std::string code;
  std::string text;
  std::string full; ///< the whole output where `text` was cut
  std::int64_t exit_code = 0;
  std::vector<file_change> written;
  bool unsandboxed = false;
  std::int64_t duration_ms = 0;
  session_id child = {}; ///< that answers; nil: a tool, or what was to start a child
};
/// With the request, a call that was asked for and has not come yet is closed before it does.
struct cancel {
  std::string reason;
  requested what = {};
};
/// The call ran when the process died, and must not run again.
struct doubt {};

using command = std::variant<request, review, finish, cancel, doubt, run::hooks_ran>;

} // namespace tool_call

// -- budget ---------------------------------------------------------------------------------------

namespace budget {

struct reserve {
  call_id call;
  stream_id owner;
  usd amount;
  budget_terms terms;        ///< the scope is opened under them where it does not exist yet
  approval_id approval = {}; ///< that lets it go beyond the cap of a scope which asks; nil: none
};
struct settle {
  call_id call;
  usd actual;
};
struct release {
  call_id call;
};
struct set_cap {
  usd cap;
  usd warn_at;
  std::string by;
  budget_terms terms = {}; ///< a scope that does not exist is opened under them, with this cap
};

using command = std::variant<reserve, settle, release, set_cap>;

} // namespace budget

// -- any ------------------------------------------------------------------------------------------

using every_command =
    boost::mp11::mp_rename<boost::mp11::mp_unique<boost::mp11::mp_append<session::command,
                                                                         run::command,
                                                                         phase::command,
                                                                         tool_call::command,
                                                                         budget::command>>,
                           std::variant>;

/// One of them; a class for the reason that `any_fact` is one.
struct any_command : every_command {
  using every_command::every_command;
  using every_command::operator=;
  any_command();
  any_command(const any_command& from);
  any_command(any_command&& from) noexcept;
  any_command& operator=(const any_command& from);
  any_command& operator=(any_command&& from) noexcept;
  ~any_command();
};

/// A command on its way to one stream.
struct command_envelope {
  std::string id; ///< the idempotency key of what it leads to; empty where repeating it is harmless
  std::string correlation;
  std::string causation;
  instant at;
  any_command what;
};

} // namespace ash
