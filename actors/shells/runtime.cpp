#include "actors/shells/runtime.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/definitions/embedded.hpp"
#include "actors/performers/budget_effects.hpp"
#include "actors/performers/make_performer.hpp"
#include "actors/performers/work_pool.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/run_slots.hpp"
#include "events/base/text.hpp"
#include "events/log/rocksdb_log.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace ash {
namespace {

constexpr std::size_t page = 1'000;

provider::registry_options registry_of(const runtime_options& options) {
  provider::registry_options out;
  for (const auto& [name, from] : options.config.providers) {
    provider::provider_settings one;
    one.name = name;
    one.base_url = from.base_url.value_or("");
    one.api_key = from.api_key.value_or("");
    one.kind = from.kind == definitions::provider_kind::anthropic
                   ? provider::provider_kind::anthropic
                   : provider::provider_kind::openai_compatible;
    out.providers.push_back(std::move(one));
  }
  out.environment = options.environment;
  out.builtin_script = [](std::string_view name) -> std::optional<std::string> {
    constexpr std::string_view folder = "builtin/";
    if (!name.starts_with(folder))
      return std::nullopt;
    const auto text =
        definitions::embedded_text("scripts/" + std::string{name.substr(folder.size())} + ".yaml");
    return text.empty() ? std::nullopt : std::optional{std::string{text}};
  };
  return out;
}

std::optional<budget_terms> persona_day_of(const definitions::budget_settings& settings) {
  if (!settings.persona_daily_cap)
    return std::nullopt;
  budget_terms out;
  out.cap = *settings.persona_daily_cap;
  out.warn_at = {out.cap.pico / 100 * settings.warn_at_percent};
  out.policy = static_cast<budget_policy>(settings.policy);
  return out;
}

result<run::live> live_run(const log::event_log& log, const run_id& run) {
  TRY(auto folded, fold::whole<run_aggregate>(log, stream_of(run)));
  auto* found = std::get_if<run::live>(&folded.state);
  if (found == nullptr)
    return refuse(errc::run_not_found, "there is no run " + to_string(run));
  return std::move(*found);
}

/// The runs that are not finished for good, with their states.
result<std::vector<run::live>> open_runs(const log::event_log& log) {
  std::vector<run::live> out;
  for (std::string after;;) {
    TRY(auto heads, log.list_streams(entity_kind::run, after, page, log::event_log::listing::open));
    if (heads.empty())
      return out;
    for (const auto& head : heads) {
      TRY(auto id, parse_uuid(head.stream.key()));
      TRY(auto one, live_run(log, {id}));
      out.push_back(std::move(one));
    }
    after = heads.back().stream.text();
  }
}

result<void> check_bound(const run::live& of) {
  for (const auto& phase : of.plan.phases)
    if (std::none_of(of.bindings.begin(), of.bindings.end(), [&](const run::binding& one) {
          return one.role == phase.role && !one.persona_json.empty();
        }))
      return refuse(errc::run_metadata_missing,
                    "the run " + to_string(of.plan.run) + " has no persona for the role '" +
                        phase.role + "': start a new run");
  return success();
}

} // namespace

class runtime::parts {
public:
  explicit parts(runtime_options with)
      : options{std::move(with)}, providers{registry_of(options)} {}
  ~parts() { stop(std::chrono::milliseconds{0}); }

  result<void> open();
  result<void> sweep();
  result<void> start_actors();
  result<const definitions::library*> load_definitions();
  result<void> resume(const run_id& run, const std::string& by);
  /// Gives a scope another cap; a scope that nobody has used yet opens with it.
  result<void> set_cap(const std::string& scope, usd cap, const std::string& by);
  /// The configuration may have changed since today's scope was opened.
  result<void> follow_daily_cap(const std::string& by);
  result<inspect::run_summary> wait(const run_id& run, std::stop_token stop);
  void stop(std::chrono::milliseconds grace);

  [[nodiscard]] result<void> tell(const run_id& run, std::string id, any_command what) {
    return actors->tell_and_wait(
        stream_of(run), stream_of(run), {std::move(id), to_string(run), {}, system_now(), what});
  }

  runtime_options options;
  data_layout layout;
  std::unique_ptr<log::event_log> log;
  provider::provider_registry providers;
  std::shared_ptr<definitions::schema_registry> schemas;
  std::unique_ptr<run_slots> slots;
  std::vector<run_id> swept;
  std::unique_ptr<ash::shells> actors;

private:
  performers::performer_options performer_options_of();
  void tell_of_broken(const stream_id& stream, const error& why);
  result<void> interrupt(const run_id& run, run::interruption cause, const std::string& message);
  void interrupt_all();
  /// Something beneath the run can't be settled before a restart.
  [[nodiscard]] bool is_broken_beneath(const run_id& run) const;

  std::vector<run_id> to_wake_;
  std::mutex library_mutex_;
  std::optional<definitions::library> library_;
  std::shared_ptr<void> commits_;
  std::mutex wait_mutex_;
  std::condition_variable committed_;
  std::uint64_t head_ = 0;
  std::size_t waiters_ = 0;
  std::optional<error> log_failure_;
  bool stopped_ = false;
  std::once_flag stop_once_;
  performers::work_pool chores_{1};
};

// -- opening --------------------------------------------------------------------------------------

result<void> runtime::parts::open() {
  TRY(layout, data_layout::make(options.data_dir));
  log::open_options where;
  where.directory = layout.log();
  TRY(log, log::open_rocksdb_log(where));
  auto roots = options.definition_dirs;
  roots.push_back(layout.definitions());
  schemas = std::make_shared<definitions::schema_registry>(std::move(roots));
  slots = std::make_unique<run_slots>(*log);
  TRY(sweep());
  TRY(start_actors());
  if (options.crashed == after_crash::wait)
    return success();
  for (const auto& run : swept) {
    TRY(resume(run, "restart"));
  }
  return success();
}

result<void> runtime::parts::sweep() {
  TRY(auto open, open_runs(*log));
  for (const auto& one : open) {
    const auto& id = one.plan.run;
    if (one.at == run::status::executing) {
      TRY(interrupt(id, run::interruption::crash, "the process ended while the run was executing"));
      swept.push_back(id);
    } else if (one.at == run::status::awaiting_approval) {
      TRY(slots->take(one.plan.repo_path, one.plan.base_branch, id));
      slots->began(id);
      to_wake_.push_back(id);
    } else if (run::is_over(one.at)) {
      to_wake_.push_back(id); // its report is owed, or the end of its phase
    }
  }
  return success();
}

performers::performer_options runtime::parts::performer_options_of() {
  performers::performer_options out;
  out.log = log.get();
  out.providers = [this](const std::string& model) { return providers.find(model); };
  out.schemas = schemas;
  out.data_dir = layout.directory;
  if (!options.config_file.empty())
    out.hidden_files = {options.config_file};
  out.persona_day = persona_day_of(options.config.budget);
  return out;
}

result<void> runtime::parts::start_actors() {
  auto with = options.shells;
  with.on_broken = [this, also = with.on_broken](const stream_id& stream, const error& why) {
    chores_.run([this, stream, why] { tell_of_broken(stream, why); });
    if (also)
      also(stream, why);
  };
  with.on_log_failed = [this, also = with.on_log_failed](const error& why) {
    {
      const std::lock_guard lock{wait_mutex_};
      if (!log_failure_) // the first says why; those after it, that the log has stopped
        log_failure_ = why;
    }
    committed_.notify_all();
    if (also)
      also(why);
  };
  commits_ = log->on_commit([this](std::uint64_t head) {
    {
      const std::lock_guard lock{wait_mutex_};
      head_ = head;
      if (waiters_ == 0)
        return;
    }
    committed_.notify_all();
  });
  const auto performers = [this](entity_directory& directory) {
    return make_performer(performer_options_of(), directory);
  };
  TRY(actors, ash::shells::start(*log, performers, std::move(with)));
  for (const auto& run : to_wake_)
    actors->wake(stream_of(run), stream_of(run));
  return success();
}

result<const definitions::library*> runtime::parts::load_definitions() {
  const std::lock_guard lock{library_mutex_};
  if (!library_) {
    auto roots = options.definition_dirs;
    roots.push_back(layout.definitions());
    TRY(auto loaded, definitions::library::load(roots));
    library_ = std::move(loaded);
  }
  return &*library_;
}

// -- while it runs --------------------------------------------------------------------------------

result<void> runtime::parts::resume(const run_id& run, const std::string& by) {
  TRY(auto found, live_run(*log, run));
  if (run::is_over(found.at))
    return refuse(errc::run_already_terminal,
                  "the run " + to_string(run) + " is over; start a new one");
  TRY(check_bound(found));
  TRY(slots->take(found.plan.repo_path, found.plan.base_branch, run));
  auto told = tell(run, "resume:" + to_string(random_uuid()), run::resume{by});
  slots->began(run);
  return told;
}

result<void> runtime::parts::set_cap(const std::string& scope, usd cap, const std::string& by) {
  const auto stream = stream_of_budget(scope);
  TRY(auto found, fold::whole<budget_aggregate>(*log, stream));
  const auto& now = found.state;
  if (now.open && now.terms.cap == cap)
    return success();
  const usd warn_at{cap.pico / 100 * options.config.budget.warn_at_percent};
  const auto policy = static_cast<budget_policy>(options.config.budget.policy);
  return actors->tell_and_wait(stream,
                               performers::root_of_scope(scope),
                               {"cap:" + to_string(random_uuid()),
                                stream.text(),
                                {},
                                system_now(),
                                budget::set_cap{cap, warn_at, by, {scope, cap, warn_at, policy}}});
}

result<void> runtime::parts::follow_daily_cap(const std::string& by) {
  return set_cap("day:" + utc_date(system_now()), options.config.budget.daily_cap, by);
}

/// A broken entity beneath a run can't report: the run ends its phase without it.
void runtime::parts::tell_of_broken(const stream_id& stream, const error& why) {
  auto head = log->find_stream(stream);
  if (!head || !head.value())
    return;
  const auto root = head.value()->root;
  if (root.kind() != entity_kind::run || root == stream)
    return;
  auto id = parse_uuid(root.key());
  if (!id)
    return;
  auto found = live_run(*log, {id.value()});
  if (!found || found.value().phases.empty() || found.value().phases.back().closed)
    return;
  const auto phase = found.value().phases.back().phase;
  auto& inside = actors->inner();
  const auto nobody = [](const result<void>&) {};
  if (stream.kind() == entity_kind::tool_call) { // the turn goes on without its answer
    auto call = parse_uuid(stream.key());
    if (call)
      inside.tell(stream_of(phase),
                  root,
                  {"broken:" + stream.text(),
                   root.text(),
                   {},
                   system_now(),
                   turn::tool_finished{{call.value()},
                                       turn::tool_answer::failed,
                                       std::string{to_string(why.code)},
                                       "The tool call broke: " + why.message,
                                       {}}},
                  nobody);
    return;
  }
  if (stream != stream_of(phase))
    inside.tell(
        stream_of(phase),
        root,
        {"broken:" + stream.text(), root.text(), {}, system_now(), phase::abort{why.message}},
        nobody);
  inside.tell(root,
              root,
              {"broken:" + to_string(phase),
               root.text(),
               {},
               system_now(),
               run::phase_unstartable{phase, why}},
              nobody);
}

bool runtime::parts::is_broken_beneath(const run_id& run) const {
  const auto root = stream_of(run);
  const auto all = actors->broken();
  return std::any_of(all.begin(), all.end(), [&](const broken_entity& each) {
    const auto head = log->find_stream(each.stream);
    return head && head.value() && head.value()->root == root;
  });
}

result<inspect::run_summary> runtime::parts::wait(const run_id& run, std::stop_token stop) {
  const std::stop_callback wake{stop, [this] { committed_.notify_all(); }};
  std::uint64_t seen_version = 0;
  auto over = false;
  std::unique_lock lock{wait_mutex_};
  ++waiters_;
  const auto leave = [&](result<inspect::run_summary> with) {
    if (!lock.owns_lock())
      lock.lock();
    --waiters_;
    return with;
  };
  while (true) {
    const auto checked_head = head_;
    const auto ended = stopped_;
    if (log_failure_)
      return leave(*log_failure_);
    lock.unlock();
    auto head = log->find_stream(stream_of(run));
    if (!head)
      return leave(std::move(head).error());
    if (!head.value())
      return leave(refuse(errc::run_not_found, "there is no run " + to_string(run)));
    if (over || head.value()->version != seen_version) {
      seen_version = head.value()->version;
      auto summary = inspect::summarise_run(*log, run);
      if (!summary || summary.value().settled || (over && is_broken_beneath(run)) ||
          summary.value().state == "interrupted" || summary.value().state == "awaiting_approval")
        return leave(std::move(summary));
      over = summary.value().ended.us != 0;
    }
    if (ended)
      return leave(refuse(errc::shutting_down, "the runtime stopped before the run was over"));
    if (stop.stop_requested())
      return leave(refuse(errc::cancelled, "nobody waits for the run any more"));
    lock.lock();
    // A busy log commits far more often than anyone needs to look.
    committed_.wait_for(lock, std::chrono::milliseconds{10 + waiters_ / 10}, [&] {
      return stop.stop_requested() || stopped_;
    });
    committed_.wait(lock, [&] {
      return head_ != checked_head || stopped_ || log_failure_ || stop.stop_requested();
    });
  }
}

// -- stopping -------------------------------------------------------------------------------------

/// Without actors: what is written here is the last fact of the run.
result<void>
runtime::parts::interrupt(const run_id& run, run::interruption cause, const std::string& message) {
  const auto stream = stream_of(run);
  return fold::apply<run_aggregate>(
      *log, stream, stream, run::interrupt{cause, message}, system_now());
}

void runtime::parts::interrupt_all() {
  auto open = open_runs(*log);
  if (!open)
    return; // a log that can't be read: the next start sweeps
  for (const auto& one : open.value())
    if (one.at == run::status::executing)
      static_cast<void>(
          interrupt(one.plan.run, run::interruption::shutdown, "the process was asked to stop"));
}

void runtime::parts::stop(std::chrono::milliseconds grace) {
  std::call_once(stop_once_, [&] {
    if (actors != nullptr) {
      actors->stop(grace);
      chores_.stop();
      interrupt_all();
    }
    providers.stop();
    commits_.reset();
    {
      const std::lock_guard lock{wait_mutex_};
      stopped_ = true;
    }
    committed_.notify_all();
  });
}

// -- the facade -----------------------------------------------------------------------------------

runtime::runtime(std::unique_ptr<parts> with) : parts_{std::move(with)} {}
runtime::~runtime() = default;

result<std::unique_ptr<runtime>> runtime::open(runtime_options options) {
  auto made = std::make_unique<parts>(std::move(options));
  TRY(made->open());
  return std::unique_ptr<runtime>{new runtime{std::move(made)}};
}

result<run_id> runtime::start_run(const run_request& asked) {
  TRY(const auto* library, parts_->load_definitions());
  TRY(auto command,
      plan_run(asked,
               {*library,
                *parts_->schemas,
                parts_->providers,
                parts_->options.config,
                parts_->layout,
                parts_->options.started_by}));
  const auto run = command.what.run;
  TRY(parts_->slots->take(command.what.repo_path, command.what.base_branch, run));
  auto told = parts_->tell(run, "start:" + to_string(run), std::move(command));
  parts_->slots->began(run);
  TRY(std::move(told));
  return run;
}

result<void> runtime::resume_run(const run_id& run, const std::string& by, std::optional<usd> cap) {
  if (cap) {
    TRY(parts_->set_cap("run:" + to_string(run), *cap, by));
  }
  TRY(parts_->follow_daily_cap(by));
  return parts_->resume(run, by);
}

result<void>
runtime::abort_run(const run_id& run, const std::string& reason, const std::string& by) {
  TRY(live_run(*parts_->log, run));
  return parts_->tell(run, "abort:" + to_string(random_uuid()), run::abort{reason, by});
}

result<inspect::run_summary> runtime::wait(const run_id& run, std::stop_token stop) {
  return parts_->wait(run, std::move(stop));
}

log::event_log& runtime::log() noexcept {
  return *parts_->log;
}
const data_layout& runtime::layout() const noexcept {
  return parts_->layout;
}
shells& runtime::actors() noexcept {
  return *parts_->actors;
}
const std::vector<run_id>& runtime::swept() const noexcept {
  return parts_->swept;
}

result<const definitions::library*> runtime::definitions() {
  return parts_->load_definitions();
}

void runtime::stop(std::chrono::milliseconds grace) {
  parts_->stop(grace);
}

} // namespace ash
