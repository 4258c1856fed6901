#include "actors/shells/shells.hpp"

#include "actors/shells/actor_host.hpp"
#include "actors/shells/entity_driver.hpp"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

namespace ash {

using namespace shell;

namespace {

constexpr std::size_t most_chores = 10'000;
/// How long the answers that the performer gives while it is stopped may take to be written.
constexpr std::chrono::milliseconds last_words{5'000};

error stopping() {
  return refuse(errc::shutting_down, "the process is stopping: send it again to its successor");
}

rest_rules rules_of(const shells_options& from) {
  return {from.idle_ms * us_per_ms, from.final_idle_ms * us_per_ms, from.max_live};
}

result<void> check_options(const shells_options& options) {
  if (options.idle_ms <= 0 || options.final_idle_ms <= 0 || options.max_live == 0)
    return refuse(errc::argument_invalid,
                  "idle_ms, final_idle_ms and max_live of the shells must be above 0");
  if (options.crashes.crashes == 0 || !options.now)
    return refuse(errc::argument_invalid, "the shells need a clock and a bound of crashes above 0");
  return success();
}

} // namespace

class shells::core {
public:
  core(log::event_log& with, shells_options from)
      : options(std::move(from)), log(with), rest(rules_of(options)),
        judge(options.crashes, options.now, options.on_broken), timers(options.now),
        background(most_chores), host(std::make_unique<actor_host>(options.threads)),
        actors([this](const stream_id& stream, const stream_id& root) {
          return host->spawn([&](std::weak_ptr<mailbox> self) {
            return std::make_shared<entity_driver>(around, stream, root, std::move(self));
          });
        }),
        router({actors, timers, background, log, options.now}),
        around{log,
               options.forms ? *options.forms : stored_forms(),
               actors,
               router,
               judge,
               timers,
               background,
               seen,
               options.bounds ? options.bounds : std::make_shared<const entity_bounds>(),
               std::make_shared<const key_lookup>(
                   [&with](const stream_id& stream, std::string_view key) -> result<bool> {
                     TRY(const auto found, with.find_key(stream, key));
                     return found.has_value();
                   }),
               options.on_log_failed},
        inner(router) {}

  /// A directory without a door: for the performer, and while stopping.
  class inner_directory final : public entity_directory {
  public:
    explicit inner_directory(effect_router& through) : through_(through) {}
    void tell(const stream_id& to,
              const stream_id& root,
              command_envelope command,
              std::function<void(result<void>)> reply) override {
      through_.deliver(to, root, {std::move(command), {}, std::move(reply)});
    }

  private:
    effect_router& through_;
  };

  void sweep_regularly() {
    const auto period = std::clamp(std::min(rest.idle_us, rest.final_idle_us) / 4,
                                   std::int64_t{10'000},
                                   std::int64_t{1'000'000});
    timers.after(period, [this] {
      actors.sweep(monotonic_us(), rest);
      sweep_regularly();
    });
  }

  [[nodiscard]] bool is_quiet() const {
    return performer->in_flight() == 0 && seen.unanswered == 0 && seen.appends_in_flight == 0 &&
           router.undelivered() == 0;
  }

  bool settle(std::chrono::milliseconds grace) const {
    const auto end = std::chrono::steady_clock::now() + grace;
    // An effect that ends leads to a command a moment later: quiet is quiet twice.
    for (auto quiet = 0; quiet < 2;) {
      quiet = is_quiet() ? quiet + 1 : 0;
      if (quiet < 2 && std::chrono::steady_clock::now() >= end)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
  }

  shells_options options;
  log::event_log& log;
  rest_rules rest;
  traffic seen;
  supervisor judge;
  timer_service timers;
  chores background;
  std::unique_ptr<actor_host> host;
  registry actors;
  effect_router router;
  surroundings around;
  inner_directory inner;
  std::unique_ptr<effect_performer> performer;
  std::atomic<bool> doors_closed{false};
  std::mutex stop_mutex;
  bool stopped = false;
};

shells::shells(std::unique_ptr<core> with) : core_(std::move(with)) {}

result<std::unique_ptr<shells>> shells::start(log::event_log& log,
                                              const performer_factory& make_performer,
                                              shells_options options) {
  TRY(check_options(options));
  auto made = std::make_unique<core>(log, std::move(options));
  made->performer = make_performer(made->inner);
  if (!made->performer)
    return refuse(errc::argument_invalid, "the shells were given no performer of effects");
  made->router.use(*made->performer);
  made->sweep_regularly();
  return std::unique_ptr<shells>{new shells(std::move(made))};
}

shells::~shells() {
  stop(std::chrono::milliseconds{0});
}

void shells::tell(const stream_id& to,
                  const stream_id& root,
                  command_envelope command,
                  std::function<void(result<void>)> reply) {
  if (core_->doors_closed.load()) {
    if (reply)
      reply(stopping());
    return;
  }
  core_->inner.tell(to, root, std::move(command), std::move(reply));
}

result<void>
shells::tell_and_wait(const stream_id& to, const stream_id& root, command_envelope command) {
  auto promise = std::make_shared<std::promise<result<void>>>();
  auto answer = promise->get_future();
  tell(to, root, std::move(command), [promise](result<void> with) {
    promise->set_value(std::move(with));
  });
  return answer.get();
}

void shells::wake(const stream_id& which, const stream_id& root) {
  mail what{wake_mail{}};
  core_->actors.deliver(which, root, what);
}

entity_directory& shells::inner() {
  return core_->inner;
}

shells_stats shells::stats() const {
  const auto counts = core_->actors.counts();
  const auto& seen = core_->seen;
  shells_stats out;
  out.live = counts.live;
  out.activations = counts.activations;
  out.passivations = counts.passivations;
  out.crashes = core_->judge.crashes();
  out.broken = core_->judge.broken_count();
  out.commands = seen.commands.load();
  out.waited_us = seen.waited_us.load();
  out.longest_wait_us = seen.longest_wait_us.load();
  out.unanswered = seen.unanswered.load();
  out.appends_in_flight = seen.appends_in_flight.load();
  out.snapshots = seen.snapshots.load();
  out.waiting_timers = core_->timers.waiting();
  return out;
}

std::vector<broken_entity> shells::broken() const {
  return core_->judge.broken();
}

void shells::sweep() {
  core_->actors.sweep(monotonic_us(), core_->rest);
}

void shells::close_doors() {
  if (core_->doors_closed.exchange(true))
    return;
  core_->router.hold_tool_calls();
  core_->performer->hold_new_work();
}

bool shells::settle(std::chrono::milliseconds grace) {
  return core_->settle(grace);
}

void shells::stop(std::chrono::milliseconds grace) {
  std::scoped_lock lock(core_->stop_mutex);
  if (std::exchange(core_->stopped, true))
    return;
  close_doors();
  core_->settle(grace);
  core_->performer->stop();
  // What was called off has answered: it is written down, so that nothing is in doubt without need.
  core_->settle(last_words);
  core_->timers.stop();
  core_->actors.close();
  core_->host.reset();
  core_->background.stop();
  core_->performer.reset();
}

} // namespace ash
