// The insides of `runtime`, for the two files that define its members.
#pragma once

#include "actors/aggregates/run.hpp"
#include "actors/performers/make_performer.hpp"
#include "actors/performers/work_pool.hpp"
#include "actors/secrets/key_store.hpp"
#include "actors/shells/audit_trail.hpp"
#include "actors/shells/hook_watch.hpp"
#include "actors/shells/run_slots.hpp"
#include "actors/shells/runtime.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace ash {

/// For a command whose answer nobody waits for.
inline const auto nobody = [](const result<void>&) {};

/// A run as its stream has it. Errors: `run_not_found`, and those of reading.
result<run::live> live_run(const log::event_log& log, const run_id& run);
/// The runs that are not finished for good.
struct unfinished_runs {
  std::vector<run::live> runs;
  std::vector<set_aside_run> unreadable; ///< their history can't be folded
};
result<unfinished_runs> open_runs(const log::event_log& log);

class runtime::parts {
public:
  explicit parts(runtime_options with);
  ~parts();

  result<void> open();
  result<void> sweep();
  result<void> start_actors();
  result<std::shared_ptr<const definitions::library>> load_definitions();
  /// The same for work that has begun: where a file is broken by now, as they were before.
  result<std::shared_ptr<const definitions::library>> last_definitions();
  [[nodiscard]] planning planning_with(const definitions::library& library,
                                       const consents& consented);
  result<void> resume(const run_id& run, const command_source& from);
  result<void> resume(const session_id& session, const command_source& from);
  /// Gives a scope another cap; a scope that nobody has used yet opens with it.
  result<void> set_cap(const std::string& scope, usd cap, const command_source& from);
  /// The configuration may allow more than it did when today's scopes were opened: the day's, and
  /// those of these personas, `name@version`.
  result<void> follow_daily_caps(const std::vector<std::string>& personas, const std::string& by);
  result<inspect::run_summary> wait(const run_id& run, std::stop_token stop);
  void stop(std::chrono::milliseconds grace);

  /// Gives a run or a session a command, under the source's key, or under `otherwise`.
  [[nodiscard]] result<void>
  tell(const stream_id& root, const command_source& from, std::string otherwise, any_command what);

  /// Consent may have been revoked since the personas were bound. Errors: `consent_missing`, and
  /// those of reading.
  [[nodiscard]] result<void> check_consents(const run::live& of) const;
  [[nodiscard]] result<void> check_consents(const session_id& of) const;

  runtime_options options;
  data_layout layout;
  std::unique_ptr<log::event_log> log;
  std::unique_ptr<audit::trail> trail;
  std::shared_ptr<live_scrubber> scrub = std::make_shared<live_scrubber>();
  secrets::key_store keys;
  provider::provider_registry providers;
  std::shared_ptr<definitions::schema_registry> schemas;
  std::shared_ptr<definitions::price_book> prices;
  std::unique_ptr<run_slots> slots;
  std::vector<run_id> swept;
  std::vector<set_aside_run> set_aside;
  std::unique_ptr<ash::shells> actors;
  std::unique_ptr<hook_watch> hooks; ///< none where the configuration has none for it

private:
  performers::performer_options performer_options_of();
  result<void> follow_cap(const std::string& scope, usd cap, const std::string& by);
  /// Who is meant by a name that something beneath `root` may ask for help: as its run keeps them,
  /// else as they are now.
  result<definitions::persona> persona_for(const stream_id& root, const std::string& name);
  /// What a budget blocked beneath a run or a session goes on with it.
  void resume_children(const stream_id& root);
  /// Sessions that the end of the process cut off in the middle of a turn go on.
  void wake_sessions();
  /// One of them, where it owes anything; a child that nobody waits for ends.
  void wake_session(const stream_id& session, const stream_id& root);
  /// Calls whose questions are open are loaded: one that is over takes its own back.
  void wake_askers(const stream_id& root, const approvals::book& asked);
  /// A broken tool call can't answer, nor can a broken sub-agent: whoever asked does without it.
  /// `otherwise` is who asked where that can't be read.
  void tell_of_broken_call(const stream_id& stream,
                           const stream_id& root,
                           const stream_id& otherwise,
                           const error& why);
  /// Nobody waits for what a broken phase or session has asked for.
  void cancel_calls_of(const stream_id& broken, const stream_id& root, const error& why);
  void tell_of_broken(const stream_id& stream, const error& why);
  /// Pays and releases in its budgets what a broken phase or session has open, as its facts say.
  void settle_for(const stream_id& broken);
  /// Closes daily scopes whose day is over, and has those who hold money there settle it.
  result<void> sort_out_daily_scopes();
  result<void> watch_for_hooks();
  result<void> interrupt(const run_id& run, run::interruption cause, const std::string& message);
  void interrupt_all();
  /// Something beneath the run can't be settled before a restart.
  [[nodiscard]] bool is_broken_beneath(const run_id& run) const;

  std::vector<run_id> to_wake_;
  std::mutex library_mutex_;
  std::shared_ptr<const definitions::library> library_;
  std::string library_stamp_; ///< of what `library_` was read from
  std::shared_ptr<void> commits_;
  std::mutex wait_mutex_;
  std::condition_variable committed_;
  std::uint64_t head_ = 0;
  std::size_t waiters_ = 0;
  std::optional<error> log_failure_;
  bool stopped_ = false;
  std::once_flag stop_once_;
  std::atomic_bool stopping_ = false;
  performers::work_pool chores_{1};
};

} // namespace ash
