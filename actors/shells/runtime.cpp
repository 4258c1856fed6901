#include "actors/shells/runtime.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/performers/budget_effects.hpp"
#include "actors/shells/budget_caps.hpp"
#include "actors/shells/each_stream.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/provider_setup.hpp"
#include "actors/shells/runtime_parts.hpp"
#include "events/log/rocksdb_log.hpp"

#include <algorithm>
#include <optional>

namespace ash {
namespace {

provider::registry_options registry_of(const runtime_options& options,
                                       const secrets::key_store& keys,
                                       const std::shared_ptr<live_scrubber>& scrub) {
  auto out = provider_options_of(options.config, keys);
  out.environment = options.environment;
  out.on_key = [scrub](const std::string& key) { scrub->add(key); };
  return out;
}

} // namespace

result<run::live> live_run(const log::event_log& log, const run_id& run) {
  TRY(auto state, fold::newest<run_aggregate>(log, stream_of(run)));
  auto* found = std::get_if<run::live>(&state);
  if (found == nullptr)
    return refuse(errc::run_not_found, "there is no run " + to_string(run));
  return std::move(*found);
}

result<unfinished_runs> open_runs(const log::event_log& log) {
  unfinished_runs out;
  const auto add = [&](const log::stream_head& head) -> result<void> {
    TRY(auto id, parse_uuid(head.stream.key()));
    if (auto one = live_run(log, {id}))
      out.runs.push_back(std::move(one).value());
    else
      out.unreadable.push_back({{id}, std::move(one).error()});
    return success();
  };
  TRY(each_stream(log, entity_kind::run, log::event_log::listing::open, add));
  return out;
}

runtime::parts::parts(runtime_options with)
    : options{std::move(with)}, keys{secrets::key_directory_of(options.config_file)},
      providers{registry_of(options, keys, scrub)} {
  providers.announce_keys();
}

runtime::parts::~parts() {
  stop(std::chrono::milliseconds{0});
}

// -- opening --------------------------------------------------------------------------------------

result<void> runtime::parts::open() {
  TRY(layout, data_layout::make(options.data_dir));
  log::open_options where;
  where.directory = layout.log();
  TRY(log, log::open_rocksdb_log(where));
  TRY(trail, audit::trail::open(audit::file_in(layout.directory), *log));
  auto roots = options.definition_dirs;
  roots.push_back(layout.definitions());
  schemas = std::make_shared<definitions::schema_registry>(std::move(roots));
  TRY(prices, definitions::price_book::open(options.config.prices, layout.prices()));
  slots = std::make_unique<run_slots>(*log);
  TRY(sweep());
  TRY(start_actors());
  TRY(watch_for_hooks());
  if (options.crashed == after_crash::wait)
    return success();
  for (const auto& run : swept) {
    if (auto resumed = resume(run, {"restart"}); !resumed)
      set_aside.push_back({run, std::move(resumed).error()});
  }
  chores_.run([this] { wake_sessions(); });
  return success();
}

/// Whether nothing in the run is at work beside what asks: another one's command that wakes it
/// begins no call then, which it would cut off when it ends.
bool only_waits(const run::live& of) {
  const auto phases = run::open_phases(of);
  return std::all_of(phases.begin(), phases.end(), [&](const auto* phase) {
    return std::any_of(of.approvals.begin(), of.approvals.end(), [&](const run::approval& each) {
      return !each.decision && each.what.phase_key == phase->key;
    });
  });
}

result<void> runtime::parts::sweep() {
  TRY(auto open, open_runs(*log));
  set_aside = std::move(open.unreadable);
  for (const auto& one : open.runs) {
    const auto& id = one.plan.run;
    if (one.at == run::status::executing) {
      TRY(interrupt(id, run::interruption::crash, "the process ended while the run was executing"));
      swept.push_back(id);
    } else if (one.at == run::status::awaiting_approval) {
      TRY(slots->take(one.plan.repo_path, one.plan.base_branch, id));
      slots->began(id);
      if (options.crashed == after_crash::resume || only_waits(one))
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
  out.reviewable = [this](const std::string& model) -> result<void> {
    TRY(const auto consented, consents::read(*log));
    return check_consent({}, {model}, providers, consented);
  };
  out.personas = [this](const stream_id& root, const std::string& name) {
    return persona_for(root, name);
  };
  out.schemas = schemas;
  out.data_dir = layout.directory;
  out.key_dir = keys.directory();
  out.prices = prices;
  out.scrub = scrub;
  if (!options.config_file.empty())
    out.hidden_files = {options.config_file};
  out.persona_day = persona_day_terms_of(options.config.budget);
  return out;
}

result<void> runtime::parts::start_actors() {
  auto with = options.shells;
  with.on_broken = [this, also = with.on_broken](const stream_id& stream, const error& why) {
    chores_.run([this, stream, why] {
      tell_of_broken(stream, why);
      settle_for(stream);
    });
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
  return sort_out_daily_scopes();
}

result<void> runtime::parts::watch_for_hooks() {
  hook_watch::parts with;
  with.log = log.get();
  with.rules = tool_bounds_of(options.config).hooks;
  with.cursor_file = layout.directory + "/hooks.position";
  with.scrub = scrub;
  with.record = [this](const stream_id& root, const std::string& id, run::hooks_ran what) {
    return tell(root, {{}, id, {}}, id, std::move(what));
  };
  if (!hook_watch::wants(with.rules)) {
    hook_watch::forget(with.cursor_file);
    return success();
  }
  TRY(hooks, hook_watch::open(std::move(with)));
  return success();
}

result<std::shared_ptr<const definitions::library>> runtime::parts::load_definitions() {
  auto roots = options.definition_dirs;
  roots.push_back(layout.definitions());
  const std::lock_guard lock{library_mutex_};
  TRY(auto stamp, definitions::library::stamp(roots));
  if (library_ == nullptr || stamp != library_stamp_) {
    TRY(auto loaded, definitions::library::load(roots));
    library_ = std::make_shared<const definitions::library>(std::move(loaded));
    library_stamp_ = std::move(stamp);
  }
  return library_;
}

result<std::shared_ptr<const definitions::library>> runtime::parts::last_definitions() {
  auto newest = load_definitions();
  if (newest)
    return newest;
  const std::lock_guard lock{library_mutex_};
  if (library_ != nullptr)
    return library_;
  return newest;
}

// -- while it runs --------------------------------------------------------------------------------

/// A broken entity can't report: its run ends the phase without it, and whoever asked for a broken
/// call or sub-agent, beneath a session too, goes on without its answer.
void runtime::parts::tell_of_broken(const stream_id& stream, const error& why) {
  auto head = log->find_stream(stream);
  if (!head || !head.value())
    return;
  const auto root = head.value()->root;
  if (root == stream)
    return;
  const auto is_of_call =
      stream.kind() == entity_kind::tool_call || stream.kind() == entity_kind::session;
  if (root.kind() == entity_kind::session && is_of_call)
    return tell_of_broken_call(stream, root, root, why);
  if (root.kind() != entity_kind::run)
    return;
  auto id = parse_uuid(root.key());
  if (!id)
    return;
  auto found = live_run(*log, {id.value()});
  if (!found)
    return;
  const auto open = run::open_phases(found.value());
  const auto first = open.empty() ? stream_id{} : stream_of(open.front()->phase);
  if (is_of_call)
    return tell_of_broken_call(stream, root, first, why);
  if (stream.kind() == entity_kind::phase)
    cancel_calls_of(stream, root, why);
  const auto own = parse_uuid(stream.key());
  auto phase = stream.kind() == entity_kind::phase && own ? phase_id{own.value()} : phase_id{};
  if (phase.is_nil() && !open.empty())
    phase = open.front()->phase;
  if (std::none_of(open.begin(), open.end(), [&](const auto* p) { return p->phase == phase; }))
    return;
  auto& inside = actors->inner();
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
  for (const auto& one : open.value().runs)
    if (one.at == run::status::executing)
      static_cast<void>(
          interrupt(one.plan.run, run::interruption::shutdown, "the process was asked to stop"));
}

void runtime::parts::stop(std::chrono::milliseconds grace) {
  std::call_once(stop_once_, [&] {
    stopping_ = true;
    if (hooks != nullptr) // what has ended by itself is told of; whoever was told to stop, stops
      hooks->stop(grace.count() == 0 ? hook_watch::ending::drain : hook_watch::ending::leave);
    if (actors != nullptr) {
      actors->stop(grace);
      chores_.stop();
      interrupt_all();
    }
    providers.stop();
    trail.reset();
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

result<inspect::run_summary> runtime::wait(const run_id& run, std::stop_token stop) {
  return parts_->wait(run, std::move(stop));
}

log::event_log& runtime::log() noexcept {
  return *parts_->log;
}
const data_layout& runtime::layout() const noexcept {
  return parts_->layout;
}
const definitions::budget_settings& runtime::budgets() const noexcept {
  return parts_->options.config.budget;
}
shells& runtime::actors() noexcept {
  return *parts_->actors;
}
const std::vector<run_id>& runtime::swept() const noexcept {
  return parts_->swept;
}

const std::vector<set_aside_run>& runtime::set_aside() const noexcept {
  return parts_->set_aside;
}

result<std::shared_ptr<const definitions::library>> runtime::definitions() {
  return parts_->load_definitions();
}

void runtime::stop(std::chrono::milliseconds grace) {
  parts_->stop(grace);
}

} // namespace ash
