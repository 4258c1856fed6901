#include "events/feed/broadcaster.hpp"

#include "events/feed/hub.hpp"
#include "events/feed/subscription_parts.hpp"

#include <condition_variable>
#include <thread>

namespace ash::feed {
namespace {

constexpr std::size_t most_roots_asked = 100'000;

error no_such(const selector& which) {
  const auto kind = which.stream().kind();
  return refuse(kind == entity_kind::run       ? errc::run_not_found
                : kind == entity_kind::session ? errc::session_not_found
                                               : errc::feed_not_found,
                "the log has no stream '" + printable(which.stream().text()) + "' to follow");
}

} // namespace

// -- hub ------------------------------------------------------------------------------------------

hub::hub(log::event_log& of, broadcaster_options with)
    : log{of}, options{std::move(with)}, incarnation{of.incarnation()}, ring{incarnation,
                                                                             options.ring_bytes,
                                                                             of.head()} {}

result<bool> hub::is_over(const stream_id& root, std::uint64_t position) {
  {
    const std::lock_guard guard{lock_};
    const auto known = asked_.find(root);
    if (known != asked_.end() && (known->second.over || known->second.position >= position))
      return known->second.over;
  }
  TRY(const auto head, log.find_stream(root));
  bool over = head && head->status == log::stream_status::closed;
  if (over && options.is_settled) {
    TRY(over, options.is_settled(root));
  }
  const std::lock_guard guard{lock_};
  if (asked_.size() >= most_roots_asked)
    asked_.clear();
  asked_[root] = {position, over};
  return over;
}

// -- pump -----------------------------------------------------------------------------------------

/// The thread that reads each commit into the ring.
class broadcaster::pump {
public:
  pump(log::event_log& log, broadcaster_options options)
      : of{std::make_shared<hub>(log, std::move(options))}, thread_{[this] { run(); }},
        listening_{log.on_commit([this](std::uint64_t) { notify(); })} {}
  pump(const pump&) = delete;
  pump& operator=(const pump&) = delete;
  ~pump() {
    listening_.reset();
    {
      const std::lock_guard guard{lock_};
      is_ending_ = true;
    }
    filled_.notify_one();
    thread_.join();
    of->ahead.stop();
  }

  const std::shared_ptr<hub> of;

private:
  void notify() {
    {
      const std::lock_guard guard{lock_};
      is_behind_ = true;
    }
    filled_.notify_one();
  }

  void run() {
    while (true) {
      {
        std::unique_lock waiting{lock_};
        filled_.wait(waiting, [this] { return is_behind_ || is_ending_; });
        if (is_ending_)
          return;
        is_behind_ = false;
      }
      catch_up();
    }
  }

  void catch_up() {
    for (auto head = of->log.head(); of->ring.head() < head; head = of->log.head()) {
      if (of->ring.skip_to(head))
        continue;
      auto records = of->log.read(of->ring.head());
      // Who can't read the log is told so by his own subscription.
      wake(records ? of->ring.publish(std::move(records).value()) : of->ring.restart(head));
    }
  }

  void wake(const std::vector<waiter_ptr>& all) {
    of->wakes.fetch_add(all.size(), std::memory_order_relaxed);
    for (const auto& each : all)
      each->wake();
  }

  std::mutex lock_;
  std::condition_variable filled_;
  bool is_behind_ = false;
  bool is_ending_ = false;
  std::thread thread_;
  std::shared_ptr<void> listening_;
};

// -- broadcaster ----------------------------------------------------------------------------------

broadcaster::broadcaster(log::event_log& log, broadcaster_options options)
    : pump_{std::make_unique<pump>(log, std::move(options))} {}
broadcaster::~broadcaster() = default;

result<std::unique_ptr<subscription>> broadcaster::subscribe(const selector& which,
                                                             type_filter types,
                                                             const start_point& from,
                                                             pruned_form pruned,
                                                             std::function<void()> wake) {
  const auto& of = pump_->of;
  stream_id root;
  if (!which.stream().empty()) {
    TRY(const auto head, of->log.find_stream(which.stream()));
    if (!head)
      return no_such(which);
    // A stream that lies beneath another root is followed alone.
    if (which.kind() == feed_kind::turn || head->root == which.stream())
      root = head->root;
    if (which.kind() == feed_kind::stream)
      root = {};
  }
  auto parts = std::make_unique<subscription::parts>(
      of,
      feed_reader{of->log, of->incarnation, which, std::move(root), std::move(types)},
      from,
      pruned,
      std::move(wake));
  TRY(parts->trust(from));
  return std::make_unique<subscription>(std::move(parts));
}

std::uint64_t broadcaster::head() const {
  return pump_->of->log.head();
}

incarnation_id broadcaster::incarnation() const {
  return pump_->of->incarnation;
}

const log::event_log& broadcaster::log() const {
  return pump_->of->log;
}

broadcaster_stats broadcaster::stats() const {
  const auto& of = *pump_->of;
  const auto held = of.ring.count();
  return {held.subscribed,
          held.events,
          held.bytes,
          of.ring.head(),
          of.log_pages.load(std::memory_order_relaxed),
          of.wakes.load(std::memory_order_relaxed),
          of.ahead.pages()};
}

} // namespace ash::feed
