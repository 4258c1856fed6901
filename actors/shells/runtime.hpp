// The facade over everything that runs: the log, the actors and the performers of one data
// directory. The CLI and the gateway hold one and talk to nothing beneath it; reads go through
// `log()`.
#pragma once

#include "actors/shells/inspect.hpp"
#include "actors/shells/run_plan.hpp"
#include "actors/shells/session_plan.hpp"
#include "actors/shells/shells.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ash {

/// What becomes of runs that a crash interrupted, when their data directory is opened.
enum class after_crash : std::uint8_t {
  wait,   ///< for `resume_run`: one-shot commands
  resume, ///< at once: servers
};

struct runtime_options {
  std::string data_dir;
  definitions::config config;
  std::string config_file;                  ///< hidden from commands: it may hold keys
  std::vector<std::string> definition_dirs; ///< searched first, in order
  std::string started_by;                   ///< who, for the record
  after_crash crashed = after_crash::wait;
  /// Reads an environment variable; absent: the process's own environment.
  std::function<std::optional<std::string>(std::string_view)> environment;
  shells_options shells =
      {}; ///< `on_broken` and `on_log_failed` are called besides the runtime's own
};

/// Whether a session may only read.
enum class plan_mode : std::uint8_t { on, off };

/// Where a command comes from.
struct command_source {
  std::string by; ///< who gives it, for the record
  /// Under which the entity's stream keeps what the command leads to (1–200 bytes): the same
  /// command again is answered and does nothing. Empty: it is a new one each time.
  std::string key = {};
  std::string causation = {}; ///< what led to it; kept with its facts
};

/// A run that could not be taken up when the data directory was opened.
struct set_aside_run {
  run_id run;
  error why;
};

struct run_explanation;
struct run_preview;

/// Thread-safe, but for `stop`.
class runtime {
public:
  /// Takes the log's lock, marks the runs that a crash left `executing` as interrupted, and starts
  /// the actors. Errors: `log_locked`, `permission_denied`, `storage_full`, `log_corrupt`,
  /// `io_failed`.
  static result<std::unique_ptr<runtime>> open(runtime_options options);
  /// Stops, without waiting for what is in flight.
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  // -- runs --------------------------------------------------------------------------------------

  /// Who would do each role of a run, and why nobody else. Errors: as of `ash::explain_run`.
  result<run_explanation> explain_run(const run_request& asked);
  /// What a run would cost. Errors: as of `preview_run`.
  result<run_preview> preview_run(const run_request& asked);
  /// Starts a run: durable when this returns. Errors: those of `plan_run`, `active_run_exists`.
  result<run_id> start_run(const run_request& asked, const command_source& from = {});
  /// With `cap` the run's budget is raised (or lowered) first. Errors: `run_not_found`,
  /// `run_already_terminal`, `run_metadata_missing`, `active_run_exists`, `consent_missing`.
  result<void>
  resume_run(const run_id& run, const command_source& from, std::optional<usd> cap = std::nullopt);
  /// Errors: `run_not_found`, `run_already_terminal`.
  result<void> abort_run(const run_id& run, const std::string& reason, const command_source& from);
  /// Errors: `run_not_found`, `approval_not_found`, `approval_already_decided`, `argument_invalid`
  /// for `cancel`, which is the run's own.
  result<void> decide_approval(const run_id& run,
                               const approval_id& approval,
                               run::decision_kind decision,
                               const std::string& comment,
                               const command_source& from);
  /// From now on `path`, a glob relative to the worktree, may be written in the run, or may not,
  /// whatever a persona says. Errors: `run_not_found`, `run_already_terminal`, `argument_invalid`.
  result<void> grant_path(const run_id& run, const std::string& path, const command_source& from);
  result<void> revoke_path(const run_id& run, const std::string& path, const command_source& from);
  /// The run that asked for an approval, among those that are not over. Errors:
  /// `approval_not_found`, and those of reading.
  result<run_id> run_of_approval(const approval_id& approval);

  /// The same of a session that is not over: those that ask no run. Errors: `approval_not_found`,
  /// and those of reading.
  result<session_id> session_of_approval(const approval_id& approval);

  // -- consent -----------------------------------------------------------------------------------

  /// Grants or revokes; false where it stands already. Errors: those of `change_consent`.
  result<bool>
  set_consent(consent_change what, const std::string& subject, const command_source& from);

  // -- sessions ----------------------------------------------------------------------------------

  /// Opens a session: durable when this returns. Errors: those of `plan_session`.
  result<session_id> create_session(const session_request& asked, const command_source& from);
  /// Adds a user's message and begins the turn that answers it. Errors: `session_not_found`,
  /// `session_ended`, `response_in_progress`, `message_exists`, `argument_invalid`,
  /// `provider_unavailable`, `consent_missing`.
  result<void> post_message(const session_id& session,
                            const message_id& message,
                            const std::string& text,
                            const command_source& from);
  /// A turn that a budget blocked goes on, in the session and beneath it; nothing where none waits.
  /// Errors: `session_not_found`, `session_ended`, `consent_missing`, `invalid_transition` for a
  /// sub-agent's session.
  result<void> resume_session(const session_id& session, const command_source& from);
  /// Stops a running turn; nothing where it is over. Errors: `session_not_found`,
  /// `session_ended`, `turn_not_found`.
  result<void> stop_turn(const session_id& session,
                         const turn_id& turn,
                         const std::string& reason,
                         const command_source& from);
  /// Ends a session for good. Errors: `session_not_found`, `session_ended`.
  result<void>
  end_session(const session_id& session, const std::string& reason, const command_source& from);

  /// Errors: `session_not_found`, `session_ended`, `approval_not_found`,
  /// `approval_already_decided`, `argument_invalid` for `cancel`, which is the session's own.
  result<void> decide_approval(const session_id& session,
                               const approval_id& approval,
                               run::decision_kind decision,
                               const std::string& comment,
                               const command_source& from);
  /// On: at once. Off: an approval is asked for, of the kind `plan`, and leads to it. Errors:
  /// `session_not_found`, `session_ended`.
  result<void> set_plan_mode(const session_id& session, plan_mode mode, const command_source& from);

  // -- looks -------------------------------------------------------------------------------------

  /// Waits until a run is over, its report written and everything beneath it settled; or until it
  /// is interrupted or waits for an approval. Errors: `run_not_found`, `cancelled` once `stop` is
  /// requested, `shutting_down`, and those of reading.
  result<inspect::run_summary> wait(const run_id& run, std::stop_token stop = {});

  [[nodiscard]] log::event_log& log() noexcept;
  [[nodiscard]] const data_layout& layout() const noexcept;
  [[nodiscard]] shells& actors() noexcept;
  [[nodiscard]] const definitions::budget_settings& budgets() const noexcept;
  /// Definitions as their files are now. Errors: those of `library::load`.
  result<std::shared_ptr<const definitions::library>> definitions();
  /// The runs that were interrupted when the data directory was opened.
  [[nodiscard]] const std::vector<run_id>& swept() const noexcept;
  /// The runs that stay as they are, for a person to look at: their history can't be folded, or
  /// they could not be resumed.
  [[nodiscard]] const std::vector<set_aside_run>& set_aside() const noexcept;

  /// Takes no more work, lets what is in flight end for `grace`, calls the rest off, and records
  /// `run.interrupted` for every run that was executing: the last fact of each. Idempotent.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds{30});

private:
  class parts;
  explicit runtime(std::unique_ptr<parts> with);

  std::unique_ptr<parts> parts_;
};

} // namespace ash
