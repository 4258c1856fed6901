// The one writer. It takes what has queued up, builds one batch, writes it, syncs once, publishes
// the durable moment and answers all; there is no timer. Owned by a log. After a failed write or
// sync it never writes again: whether such bytes are on the disk is not known, so nothing is tried
// twice.
#pragma once

#include "events/log/commit_plan.hpp"
#include "events/log/log_reads.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace ash::log {

enum class commit_mode : std::uint8_t {
  own_thread,     ///< batches of whatever queued up during the last sync
  calling_thread, ///< at once, one request a batch
};

struct committer_options {
  commit_mode mode = commit_mode::own_thread;
  std::size_t queue_bytes = std::size_t{64} << 20;
  /// Called after each commit with the head and the last position that is synced.
  std::function<result<void>(std::uint64_t head, std::uint64_t synced)> on_durable = {};
};

class committer {
public:
  /// A change that is no append. `alone`: in a batch of its own, for it reads the tables.
  struct change {
    std::function<result<void>(commit_plan&)> apply;
    bool synced = true;
    bool alone = false;
    std::size_t bytes = 0;
  };

  committer(tables& store, const log_state& state, committer_options options);
  committer(const committer&) = delete;
  committer& operator=(const committer&) = delete;
  /// Commits what is queued, then ends.
  ~committer();

  /// Calls `then` once. Errors as `event_log::append`.
  void submit(prepared_append what, on_appended then);
  /// Applies a change and waits until it is durable.
  result<void> submit_and_wait(change what);

  [[nodiscard]] std::shared_ptr<const moment> now() const;
  [[nodiscard]] std::uint64_t head() const { return head_.load(std::memory_order_acquire); }
  [[nodiscard]] std::shared_ptr<void> on_commit(event_log::commit_listener listener);
  [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_acquire); }

  [[nodiscard]] std::uint64_t appends() const { return appends_.load(); }
  [[nodiscard]] std::uint64_t sync_count() const { return sync_count_.load(); }
  /// Adds how long syncs took and how large batches were.
  void count_into(log_stats& of) const;
  [[nodiscard]] std::uint64_t queued_bytes() const { return queued_bytes_.load(); }

private:
  struct operation {
    prepared_append append;
    on_appended then;
    change other; ///< where `apply` is set: this instead of the append
    std::function<void(result<void>)> done;
    std::size_t bytes = 0;
    result<receipt> answer = receipt{};
  };
  using operations = std::vector<std::unique_ptr<operation>>;
  struct listeners;

  void submit(std::unique_ptr<operation> what);
  void run();
  operations take();
  void commit(operations& batch);
  bool build(operations& batch);
  result<void> make_durable(const operations& batch, bool sync);
  void publish();
  void fail(operations& batch, const error& why);
  static void answer(operations& batch);

  tables& store_;
  committer_options options_;
  commit_plan plan_;         // of the committing thread, or under commit_lock_
  std::uint64_t synced_ = 0; // likewise
  std::mutex commit_lock_;   // of calling_thread mode

  mutable std::mutex lock_; // guards the queue and the moment
  std::condition_variable filled_;
  std::deque<std::unique_ptr<operation>> queue_;
  bool waiting_ = false;
  bool ending_ = false;
  std::shared_ptr<const moment> now_;

  std::atomic<std::uint64_t> head_{0};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> appends_{0};
  std::atomic<std::uint64_t> sync_count_{0};
  std::atomic<std::uint64_t> queued_bytes_{0};

  struct counts {
    std::array<std::atomic<std::uint64_t>, counts_by_power{}.size()> by_power{};
    std::atomic<std::uint64_t> sum{0};

    void note(std::uint64_t value);
  };
  counts sync_times_;
  counts batch_sizes_;
  std::shared_ptr<listeners> listeners_;
  std::thread thread_;
};

} // namespace ash::log
