#include "actors/performers/model_effects.hpp"

#include "actors/performers/documents.hpp"
#include "events/base/fail_point.hpp"

#include <memory>

namespace ash::performers {
namespace {

constexpr std::size_t longest_piece = 16 * 1024;

class model_call : public std::enable_shared_from_this<model_call> {
public:
  model_call(effect_ptr effect,
             call_id call,
             std::int64_t delta_ms,
             std::shared_ptr<const scrubber> scrub,
             timer_thread& timers)
      : effect_{std::move(effect)}, call_{call}, delta_us_{delta_ms * us_per_ms}, timers_{timers},
        clean_{std::move(scrub)} {}

  void start(provider::model_provider& with, provider::request what) {
    const auto self = shared_from_this();
    pass(fail_point::model_before);
    auto under_way = with.start(
        std::move(what),
        {[self](provider::delta_kind kind, std::string_view text) { self->add(kind, text); },
         [self](std::variant<provider::response, provider::fault> answer) {
           pass(fail_point::model_after);
           self->finish(std::move(answer));
         }});
    // Made and destroyed outside the lock: cancelling may answer at once, on this thread.
    auto cancel = std::make_unique<cancel_callback>(effect_->stop_token(),
                                                    [under_way] { under_way->cancel(); });
    const std::lock_guard lock{mutex_};
    if (!finished_)
      cancel_.swap(cancel);
  }

  [[nodiscard]] bool is_called_off() const { return effect_->stop_token().stop_requested(); }

  void fail(error why) {
    provider::fault fault;
    fault.why = std::move(why);
    finish(std::move(fault));
  }

private:
  using cancel_callback = std::stop_callback<std::function<void()>>;

  void add(provider::delta_kind kind, std::string_view text) {
    const std::lock_guard lock{mutex_};
    if (finished_ || text.empty())
      return;
    if (kind != piece_kind_) {
      piece_ += clean_.finish();
      flush();
    }
    const auto first = piece_.empty();
    piece_kind_ = kind;
    piece_ += clean_.add(text);
    if (piece_.empty())
      return; // all of it may be the beginning of a key
    if (piece_.size() >= longest_piece)
      flush();
    else if (first && !std::exchange(timer_set_, true))
      timers_.after(delta_us_, [self = shared_from_this()] { self->flush_now(); });
  }

  void flush_now() {
    const std::lock_guard lock{mutex_};
    timer_set_ = false;
    if (!finished_)
      flush();
  }

  /// With the lock held: the pieces keep their order, and none follows the answer.
  void flush() {
    if (piece_.empty())
      return;
    effect_->say(turn::model_streamed{
        call_, std::exchange(piece_, {}), piece_kind_ == provider::delta_kind::thinking});
  }

  void finish(std::variant<provider::response, provider::fault> answer) {
    std::unique_ptr<cancel_callback> cancel;
    {
      const std::lock_guard lock{mutex_};
      if (std::exchange(finished_, true))
        return;
      piece_ += clean_.finish();
      flush();
      cancel_.swap(cancel);
    }
    const auto latency_ms = (monotonic_us() - began_us_) / us_per_ms;
    if (auto* good = std::get_if<provider::response>(&answer))
      effect_->end(turn::model_answered{call_,
                                        std::move(good->text),
                                        std::move(good->thinking),
                                        std::move(good->tool_calls),
                                        good->usage,
                                        good->reported_cost,
                                        std::move(good->finish_reason),
                                        std::move(good->raw),
                                        latency_ms});
    else
      effect_->end(failed(std::move(std::get<provider::fault>(answer)), latency_ms));
  }

  turn::model_failed failed(provider::fault fault, std::int64_t latency_ms) const {
    return {call_,
            std::move(fault.why),
            fault.retryable,
            fault.emitted_output,
            std::move(fault.partial_text),
            fault.usage,
            fault.retry_after_ms.value_or(0),
            latency_ms};
  }

  effect_ptr effect_;
  const call_id call_;
  const std::int64_t delta_us_;
  timer_thread& timers_;
  const std::int64_t began_us_ = monotonic_us();
  std::mutex mutex_;
  scrubbing_stream clean_;
  std::string piece_;
  provider::delta_kind piece_kind_ = provider::delta_kind::text;
  bool timer_set_ = false;
  bool finished_ = false;
  std::unique_ptr<cancel_callback> cancel_;
};

} // namespace

void perform_call_model(effect_ptr effect,
                        const effect::call_model& what,
                        const performer_options& options,
                        timer_thread& timers) {
  auto body = text_of(what.request, *options.log);
  auto found = options.providers(what.model);
  // The provider's key may be known only now, and has to be kept out of what is shown.
  const auto call = std::make_shared<model_call>(
      std::move(effect), what.call, options.delta_ms, options.scrub->now(), timers);
  if (!body)
    return call->fail(body.error());
  if (!found)
    return call->fail(found.error());
  if (call->is_called_off())
    return call->fail(refuse(errc::cancelled, "the call was called off before it was made"));
  const auto colon = what.model.find(':');
  call->start(*found.value(),
              {to_string(what.call),
               colon == std::string::npos ? what.model : what.model.substr(colon + 1),
               std::move(body).value()});
}

} // namespace ash::performers
