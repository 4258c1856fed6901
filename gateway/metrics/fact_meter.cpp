#include "gateway/metrics/fact_meter.hpp"

#include "events/codec/codec.hpp"
#include "gateway/metrics/budget_meter.hpp"
#include "gateway/metrics/call_meters.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace ash::gateway {
namespace {

constexpr std::chrono::seconds pause_after_fault{1};

/// Whether a fact has to be decoded to be counted. Pieces of answers are many and say nothing here.
bool is_counted(const log::record& of) {
  const std::string_view type = of.type;
  if (of.pruned || type == turn::call_delta::type)
    return false;
  return type.starts_with("llm.") || type.starts_with("tool.call.") || type.starts_with("budget.");
}

/// What became of a run, in the log's own word; empty for any other fact.
std::string_view run_event(std::string_view type) {
  for (const auto known : {run::started::type,
                           run::resumed::type,
                           run::completed::type,
                           run::failed::type,
                           run::aborted::type,
                           run::interrupted::type})
    if (type == known)
      return known.substr(known.find('.') + 1);
  return {};
}

} // namespace

class fact_meter::follower {
public:
  follower(log::event_log& log, std::function<instant()> now);
  ~follower();

  [[nodiscard]] std::uint64_t position() const;
  void write(sheet& to);

private:
  void run();
  /// False: nothing could be read, try again later.
  bool catch_up();
  void take(const log::record& what);
  result<void> count(const log::record& what);

  log::event_log& log_;
  std::function<instant()> now_;

  mutable std::mutex lock_; // guards everything down to wake_
  const std::uint64_t begun_at_;
  std::uint64_t position_;
  std::uint64_t unreadable_ = 0;
  std::map<std::string_view, std::uint64_t> runs_; // by event
  std::map<std::string_view, std::uint64_t> approvals_;
  model_meter models_;
  tool_meter tools_;
  budget_meter budgets_;
  bool ending_ = false;
  std::condition_variable wake_;

  std::shared_ptr<void> listening_;
  std::thread thread_;
};

fact_meter::follower::follower(log::event_log& log, std::function<instant()> now)
    : log_(log), now_(std::move(now)), begun_at_(log.head()), position_(begun_at_), budgets_(log) {
  if (!budgets_.begin(now_()))
    ++unreadable_;
  listening_ = log_.on_commit([this](std::uint64_t) {
    // Without the lock a wake-up could fall between the follower's look and its sleep.
    { const std::lock_guard held{lock_}; }
    wake_.notify_one();
  });
  thread_ = std::thread{[this] { run(); }};
}

fact_meter::follower::~follower() {
  listening_.reset();
  {
    const std::lock_guard held{lock_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::uint64_t fact_meter::follower::position() const {
  const std::lock_guard held{lock_};
  return position_;
}

void fact_meter::follower::run() {
  std::unique_lock held{lock_};
  while (!ending_) {
    if (log_.head() <= position_) {
      wake_.wait(held);
      continue;
    }
    held.unlock();
    const auto went_well = catch_up();
    held.lock();
    if (!went_well)
      wake_.wait_for(held, pause_after_fault, [this] { return ending_; });
  }
}

bool fact_meter::follower::catch_up() {
  const auto records = log_.read(position()); // only this thread moves it
  if (!records || records.value().empty())
    return false;
  for (const auto& each : records.value())
    take(each);
  return true;
}

void fact_meter::follower::take(const log::record& what) {
  const std::lock_guard held{lock_};
  try {
    if (!count(what))
      ++unreadable_;
  } catch (const std::exception&) { // money that is out of its range: the history is corrupt
    ++unreadable_;
  }
  position_ = what.position;
}

result<void> fact_meter::follower::count(const log::record& what) {
  if (const auto event = run_event(what.type); !event.empty())
    ++runs_[event];
  if (what.type == run::approval_requested::type)
    ++approvals_["requested"];
  if (what.type == run::approval_decided::type)
    ++approvals_["decided"];
  if (!is_counted(what))
    return success();
  TRY(const auto fact, codec::decode(what.type, what.schema_version, what.payload));
  return std::visit(
      [&](const auto& each) -> result<void> {
        using type = std::decay_t<decltype(each)>;
        if constexpr (std::is_constructible_v<turn::fact, type>)
          models_.take(each);
        else if constexpr (std::is_constructible_v<tool_call::fact, type>)
          tools_.take(each);
        else if constexpr (std::is_constructible_v<budget::fact, type>)
          return budgets_.take(what, each);
        return success();
      },
      fact);
}

void fact_meter::follower::write(sheet& to) {
  const std::lock_guard held{lock_};
  to.put("actor_shell_log_facts_total", static_cast<double>(position_ - begun_at_));
  for (const auto& [event, count] : runs_)
    to.put("actor_shell_runs_total", static_cast<double>(count), {{"event", std::string{event}}});
  for (const auto& [event, count] : approvals_)
    to.put(
        "actor_shell_approvals_total", static_cast<double>(count), {{"event", std::string{event}}});
  models_.write(to);
  tools_.write(to);
  budgets_.write(to, now_());
  const auto head = log_.head();
  to.put("actor_shell_metrics_lag_facts",
         static_cast<double>(head > position_ ? head - position_ : 0));
  to.put("actor_shell_metrics_unreadable_facts_total", static_cast<double>(unreadable_));
}

fact_meter::fact_meter(log::event_log& log, std::function<instant()> now)
    : follower_(std::make_unique<follower>(log, std::move(now))) {}

fact_meter::~fact_meter() = default;

std::uint64_t fact_meter::position() const {
  return follower_->position();
}

void fact_meter::write(sheet& to) const {
  follower_->write(to);
}

} // namespace ash::gateway
