#include "events/log/committer.hpp"

#include "events/base/fail_point.hpp"

#include <algorithm>
#include <bit>
#include <future>
#include <utility>

namespace ash::log {
namespace {

// Bounds a batch so that a long queue does not make one append wait for the whole of it.
constexpr std::size_t batch_bytes = std::size_t{8} << 20;
constexpr std::size_t batch_operations = 4'096;

error failed_before() {
  return refuse(errc::log_failed,
                "the log stopped after a failed write; mend the disk, then open the log again");
}

} // namespace

struct committer::listeners {
  std::mutex lock;
  std::uint64_t next = 0;
  std::map<std::uint64_t, event_log::commit_listener> all;
};

committer::committer(tables& store, const log_state& state, committer_options options)
    : store_{store}, options_{std::move(options)}, plan_{store, state}, synced_{state.head},
      listeners_{std::make_shared<listeners>()} {
  publish();
  if (options_.mode == commit_mode::own_thread)
    thread_ = std::thread{[this] { run(); }};
}

committer::~committer() {
  {
    const std::lock_guard guard{lock_};
    ending_ = true;
  }
  filled_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

std::shared_ptr<const moment> committer::now() const {
  const std::lock_guard guard{lock_};
  return now_;
}

std::shared_ptr<void> committer::on_commit(event_log::commit_listener listener) {
  const std::lock_guard guard{listeners_->lock};
  const auto number = listeners_->next++;
  listeners_->all.emplace(number, std::move(listener));
  return {listeners_.get(), [all = listeners_, number](void*) {
            const std::lock_guard ending{all->lock};
            all->all.erase(number);
          }};
}

void committer::submit(prepared_append what, on_appended then) {
  auto made = std::make_unique<operation>();
  made->bytes = what.bytes();
  made->append = std::move(what);
  made->then = std::move(then);
  submit(std::move(made));
}

result<void> committer::submit_and_wait(change what) {
  std::promise<result<void>> promise;
  auto answer = promise.get_future();
  auto made = std::make_unique<operation>();
  made->bytes = what.bytes;
  made->other = std::move(what);
  made->done = [&](result<void> given) { promise.set_value(std::move(given)); };
  submit(std::move(made));
  return answer.get();
}

void committer::submit(std::unique_ptr<operation> what) {
  if (options_.mode == commit_mode::calling_thread) {
    operations batch;
    batch.push_back(std::move(what));
    {
      const std::lock_guard guard{commit_lock_};
      commit(batch);
    }
    answer(batch);
    return;
  }
  bool wake = false;
  {
    const std::lock_guard guard{lock_};
    // One that is larger than the queue is taken when nothing else waits.
    if (const auto queued = queued_bytes_.load();
        queued == 0 || queued + what->bytes <= options_.queue_bytes) {
      queued_bytes_ += what->bytes;
      queue_.push_back(std::move(what));
      wake = std::exchange(waiting_, false); // once is enough
    }
  }
  if (wake)
    filled_.notify_one();
  if (what == nullptr)
    return;
  what->answer = refuse(errc::queue_full, "too much waits to be written to the log; try again");
  operations refused;
  refused.push_back(std::move(what));
  answer(refused);
}

void committer::run() {
  for (auto batch = take(); !batch.empty(); batch = take()) {
    commit(batch);
    answer(batch);
  }
}

committer::operations committer::take() {
  operations batch;
  std::size_t bytes = 0;
  std::unique_lock guard{lock_};
  waiting_ = true;
  filled_.wait(guard, [&] { return ending_ || !queue_.empty(); });
  waiting_ = false;
  while (!queue_.empty() && bytes < batch_bytes && batch.size() < batch_operations) {
    if (queue_.front()->other.alone && !batch.empty())
      break;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
    bytes += batch.back()->bytes;
    if (batch.back()->other.alone)
      break;
  }
  queued_bytes_ -= bytes;
  return batch;
}

/// Decides about each operation; whether the batch needs a sync.
bool committer::build(operations& batch) {
  bool sync = false;
  plan_.begin();
  for (auto& each : batch) {
    if (each->other.apply) {
      if (auto applied = each->other.apply(plan_); !applied)
        each->answer = std::move(applied).error();
      else
        sync = sync || each->other.synced;
      continue;
    }
    each->answer = plan_.add(each->append);
    const bool added = each->answer && !each->answer.value().duplicate;
    sync = sync || (added && each->append.forces_sync);
    appends_ += added ? 1U : 0U;
  }
  plan_.finish();
  return sync;
}

void committer::counts::note(std::uint64_t value) {
  const auto power = static_cast<std::size_t>(std::bit_width(value > 0 ? value - 1 : 0));
  by_power[std::min(power, by_power.size() - 1)].fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(value, std::memory_order_relaxed);
}

void committer::count_into(log_stats& of) const {
  for (std::size_t i = 0; i < of.sync_times.size(); ++i) {
    of.sync_times[i] = sync_times_.by_power[i].load();
    of.batch_sizes[i] = batch_sizes_.by_power[i].load();
  }
  of.sync_us = sync_times_.sum.load();
  of.batch_facts = batch_sizes_.sum.load();
}

result<void> committer::make_durable(const operations& batch, bool sync) {
  const auto pass_each = [&](fail_point point) {
    for (const auto& each : batch)
      if (!each->other.apply && each->answer && !each->answer.value().duplicate)
        pass(point);
  };
  pass_each(fail_point::append_before_write);
  TRY(store_.write(plan_.batch()));
  pass_each(fail_point::append_before_sync);
  if (sync) {
    const auto began = monotonic_us();
    TRY(store_.sync());
    sync_times_.note(static_cast<std::uint64_t>(monotonic_us() - began));
    ++sync_count_;
    synced_ = plan_.state().head;
  }
  if (options_.on_durable) {
    TRY(options_.on_durable(plan_.state().head, synced_));
  }
  pass_each(fail_point::append_after_sync);
  return success();
}

void committer::commit(operations& batch) {
  if (failed()) {
    fail(batch, failed_before());
    return;
  }
  const bool sync = build(batch);
  if (plan_.empty())
    return;
  const auto before = head();
  if (const auto durable = make_durable(batch, sync); !durable) {
    failed_.store(true, std::memory_order_release);
    const auto& why = durable.error();
    const auto code = why.code == errc::storage_full ? why.code : errc::log_failed;
    fail(batch, refuse(code, "the append may or may not be in the log: " + why.message));
    return;
  }
  publish();
  if (head() == before)
    return;
  batch_sizes_.note(head() - before);
  const std::lock_guard guard{listeners_->lock};
  for (const auto& [number, listener] : listeners_->all)
    listener(head());
}

void committer::publish() {
  auto next = std::make_shared<moment>(moment{store_.newest(), plan_.state(), plan_.number()});
  const auto head = next->state.head;
  std::shared_ptr<const moment> old = std::move(next);
  {
    const std::lock_guard guard{lock_};
    now_.swap(old);
  }
  head_.store(head, std::memory_order_release);
}

/// Answers with `why` whatever was not refused for a reason of its own.
void committer::fail(operations& batch, const error& why) {
  for (auto& each : batch)
    if (each->answer)
      each->answer = why;
}

void committer::answer(operations& batch) {
  for (auto& each : batch) {
    if (each->then)
      each->then(std::move(each->answer));
    else if (!each->answer)
      each->done(std::move(each->answer).error());
    else
      each->done(success());
  }
}

} // namespace ash::log
