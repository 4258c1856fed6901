// The facts of a log, read and decoded on a thread of its own ahead of who folds them. Owned by a
// writer, and used by one thread at a time. It never reads past the end of what it is asked for.
#pragma once

#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace ash::projections {

/// Positions after `after`, up to `until`.
struct position_range {
  std::uint64_t after = 0;
  std::uint64_t until = 0;
};

struct read_fact {
  explicit read_fact(log::record from);

  log::record record; ///< its payload is spent
  /// Or why it is not known. A pruned one isn't, and no row depends on it.
  result<any_fact> fact;
};

struct fact_page {
  std::vector<read_fact> facts;
  std::size_t bytes = 0; ///< of payload

  [[nodiscard]] std::uint64_t last() const { return facts.back().record.position; }
};

class fact_reader {
public:
  /// `from` outlives this.
  fact_reader(const log::event_log& from, std::size_t page_facts)
      : log_{from}, page_facts_{page_facts} {}
  fact_reader(const fact_reader&) = delete;
  fact_reader& operator=(const fact_reader&) = delete;

  /// The next facts of a range, at least one and at most a page. What comes after them in the range
  /// is read meanwhile. Errors: those of the log.
  result<fact_page> read(position_range of);

private:
  /// A page that is read or being read.
  struct pending {
    position_range of;
    std::future<result<fact_page>> page;
    std::size_t bytes = 0; ///< once it is read
  };

  [[nodiscard]] result<fact_page> read_now(position_range of) const;
  [[nodiscard]] position_range next_page(position_range of) const;
  [[nodiscard]] bool has_work() const;
  void run(const std::stop_token& stop);
  void read_one(std::unique_lock<std::mutex>& held);

  const log::event_log& log_;
  const std::size_t page_facts_;

  std::mutex lock_;
  std::condition_variable_any changed_;
  std::deque<pending> ahead_;
  position_range left_;       ///< what the thread has not read yet
  std::uint64_t detours_ = 0; ///< how often it was sent elsewhere
  std::jthread thread_; ///< from the first range of more than a page on; last, for it uses the rest
};

} // namespace ash::projections
