#include "actors/performers/performer.hpp"

#include "actors/aggregates/hooks.hpp"
#include "actors/performers/artifact_effects.hpp"
#include "actors/performers/budget_effects.hpp"
#include "actors/performers/child_effects.hpp"
#include "actors/performers/condition_effects.hpp"
#include "actors/performers/hook_effects.hpp"
#include "actors/performers/make_performer.hpp"
#include "actors/performers/model_effects.hpp"
#include "actors/performers/phase_effects.hpp"
#include "actors/performers/report_effects.hpp"
#include "actors/performers/scrub_command.hpp"
#include "actors/performers/tool_effects.hpp"
#include "actors/performers/work_pool.hpp"
#include "actors/performers/workspace.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <atomic>
#include <exception>

namespace ash {
namespace performers {
namespace {

constexpr std::int64_t last_answers_ms = 10'000;
constexpr std::size_t lookup_threads = 8;

/// What is answered where a third party's exception ended the work.
std::optional<any_command> failure_of(const effect::any& what, error why) {
  return std::visit(match{
                        [&](const effect::reserve& e) -> std::optional<any_command> {
                          return turn::budget_refused{e.call, {}, std::move(why)};
                        },
                        [&](const effect::call_model& e) -> std::optional<any_command> {
                          turn::model_failed failed;
                          failed.call = e.call;
                          failed.why = std::move(why);
                          return failed;
                        },
                        [&](const effect::run_tool&) -> std::optional<any_command> {
                          return failed_tool_call(why);
                        },
                        [&](const effect::run_hooks& e) -> std::optional<any_command> {
                          return failed_hooks(e, why);
                        },
                        [&](const effect::check_artifact&) -> std::optional<any_command> {
                          return phase::artifact_unreadable{std::move(why)};
                        },
                        [&](const effect::prepare_workspace&) -> std::optional<any_command> {
                          return run::workspace_failed{std::move(why)};
                        },
                        [&](const effect::open_phase& e) -> std::optional<any_command> {
                          return run::phase_unstartable{e.phase, std::move(why)};
                        },
                        [&](const effect::open_child&) -> std::optional<any_command> {
                          return failed_tool_call(why);
                        },
                        [&](const effect::close_child& e) -> std::optional<any_command> {
                          auto outcome = e.outcome;
                          outcome.code = to_string(why.code);
                          outcome.reason = why.message;
                          return session::child_closed{std::move(outcome)};
                        },
                        [&](const effect::check_condition& e) -> std::optional<any_command> {
                          return run::condition_checked{e.key, false, {}, std::move(why)};
                        },
                        [&](const effect::merge_phase& e) -> std::optional<any_command> {
                          return run::phase_unmergeable{e.phase, std::move(why)};
                        },
                        [&](const effect::compose_report& e) -> std::optional<any_command> {
                          return run::report_lost{std::move(why), e.outcome};
                        },
                        [](const auto&) -> std::optional<any_command> { return std::nullopt; },
                    },
                    what);
}

/// Whether an artifact is judged by commands of the workflow's or of the user's, which may take as
/// long as a tool.
bool runs_commands(const effect::check_artifact& what) {
  return what.kind == phase::artifact_kind::command ||
         hooks::has_any(what.bounds.hooks, hook_event::phase_end);
}
bool runs_commands(const effect::any& what) {
  const auto* check = std::get_if<effect::check_artifact>(&what);
  return check != nullptr && runs_commands(*check);
}

class dispatcher final : public effect_performer {
public:
  dispatcher(performer_options options, entity_directory& directory)
      : options_{std::move(options)},
        directory_{directory}, tools_{options_.tool_threads}, files_{options_.file_threads} {
    if (!options_.scrub)
      options_.scrub = std::make_shared<const live_scrubber>();
    if (options_.tools.empty())
      options_.tools = tool::builtin_tools();
    check(options_.log != nullptr && options_.schemas != nullptr && options_.providers != nullptr,
          "performers without a log, schemas or providers");
  }
  ~dispatcher() override { stop(); }

  void perform(const effect_owner& owner, effect_request what, on_answer answer) override {
    const auto reaches_out = std::holds_alternative<effect::call_model>(what.what) ||
                             std::holds_alternative<effect::run_tool>(what.what) ||
                             std::holds_alternative<effect::run_hooks>(what.what) ||
                             runs_commands(what.what);
    // A reservation leads straight to a call: held here, nothing is paid for that is never made.
    const auto leads_out = reaches_out || std::holds_alternative<effect::reserve>(what.what);
    if (stopped_ || (held_ && leads_out))
      return;
    const auto how_far = reaches_out ? reach::outside : reach::inside;
    if (auto effect = effects_.begin(owner, what.id, how_far, scrubbed(std::move(answer))))
      begin(std::move(effect), std::make_shared<const effect::any>(std::move(what.what)));
  }

  void call_off(const effect_owner& owner, const std::string& effect) override {
    effects_.call_off(owner.stream, effect);
  }
  void hold_new_work() override { held_ = true; }
  [[nodiscard]] std::size_t in_flight() const override { return effects_.count(); }

  void stop() override {
    if (stopped_.exchange(true))
      return;
    effects_.stop_all();
    lookups_.stop();
    tools_.stop();
    files_.stop();
    timers_.stop();
    effects_.wait_for_outside(last_answers_ms); // providers answer on threads of their own
  }

private:
  /// The one way in for what came from outside: nothing is recorded or shown before this.
  on_answer scrubbed(on_answer answer) const {
    return [scrub = options_.scrub, answer = std::move(answer)](effect_answer what) {
      if (what.what)
        scrub_command(*scrub->now(), *what.what);
      answer(std::move(what));
    };
  }

  using shared_effect = std::shared_ptr<const effect::any>;

  void begin(effect_ptr effect, shared_effect what) {
    const auto in_pool = [&](work_pool& pool, auto work) {
      pool.run([this, effect, what, work] { guarded(effect, *what, [&] { work(*effect); }); });
    };
    std::visit(
        match{
            [&](const effect::reserve& e) {
              perform_reserve(effect, e, directory_, timers_, held_);
            },
            [&](const effect::settle& e) { perform_settle(effect, e, directory_, timers_); },
            [&](const effect::call_model& e) {
              // A key that has to be looked up may be long in coming.
              in_pool(lookups_, [this, &e, effect](auto&) {
                perform_call_model(effect, e, options_, timers_);
              });
            },
            [&](const effect::run_tool& e) {
              in_pool(tools_, [this, &e](auto& on) { perform_run_tool(on, e, options_); });
            },
            [&](const effect::run_hooks& e) {
              in_pool(tools_, [this, &e](auto& on) { perform_run_hooks(on, e, options_); });
            },
            [&](const effect::check_artifact& e) {
              in_pool(runs_commands(e) ? tools_ : files_, [this, &e, effect](auto&) {
                perform_check_artifact(effect, e, options_, directory_, timers_);
              });
            },
            [&](const effect::prepare_workspace& e) {
              in_pool(files_, [&e](auto& on) { perform_prepare_workspace(on, e); });
            },
            [&](const effect::open_phase& e) {
              in_pool(files_, [this, &e, effect](auto&) {
                perform_open_phase(effect, e, options_, directory_, timers_);
              });
            },
            [&](const effect::open_child& e) {
              in_pool(files_, [this, &e, effect](auto&) {
                perform_open_child(effect, e, options_, directory_, timers_, files_);
              });
            },
            [&](const effect::close_child& e) {
              in_pool(files_, [this, &e](auto& on) { perform_close_child(on, e, options_); });
            },
            [&](const effect::check_condition& e) {
              in_pool(files_, [this, &e](auto& on) { perform_check_condition(on, e, options_); });
            },
            [&](const effect::merge_phase& e) {
              in_pool(files_, [&e](auto& on) { perform_merge_phase(on, e); });
            },
            [&](const effect::compose_report& e) {
              in_pool(files_, [this, &e](auto& on) { perform_compose_report(on, e, options_); });
            },
            [&](const auto&) { check(false, "an effect that the shells perform themselves"); },
        },
        *what);
  }

  template <class Work>
  void guarded(const effect_ptr& effect, const effect::any& what, Work&& work) {
    try {
      work();
    } catch (const std::exception& thrown) {
      effect->end(failure_of(
          what, refuse(errc::internal_error, std::string{"an effect failed: "} + thrown.what())));
    }
  }

  performer_options options_;
  entity_directory& directory_;
  effects_in_flight effects_;
  std::atomic<bool> held_ = false;
  std::atomic<bool> stopped_ = false;
  timer_thread timers_;
  work_pool lookups_{lookup_threads};
  work_pool tools_;
  work_pool files_;
};

} // namespace
} // namespace performers

std::unique_ptr<effect_performer> make_performer(performers::performer_options options,
                                                 entity_directory& directory) {
  return std::make_unique<performers::dispatcher>(std::move(options), directory);
}

} // namespace ash
