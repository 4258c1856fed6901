// Pages of the log that are read and turned into JSON before they are asked for, on a thread of
// their own: while one page of a long replay is sent, the next is made. Private to events/feed.
// Thread-safe.
#pragma once

#include "events/feed/page_source.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace ash::feed {

/// One page, read once: by the thread, or by who takes it before the thread has begun.
class page_ahead {
public:
  page_ahead(page_source from,
             const type_filter& types,
             std::uint64_t after,
             std::shared_ptr<const void> counted);

  [[nodiscard]] std::uint64_t after() const noexcept { return after_; }
  /// Reads it, unless that has begun, and encodes what may pass the filter.
  void make();
  /// The page, and in `left` its source, to go on from. Waits where the thread is about it.
  result<log_page> take(page_source& left);

private:
  enum class state : std::uint8_t { waiting, begun, made };
  bool begin();

  page_source from_;
  const type_filter types_;
  const std::uint64_t after_;
  std::mutex lock_;
  std::condition_variable made_;
  state state_ = state::waiting;
  result<log_page> page_ = log_page{};
  const std::shared_ptr<const void> counted_;
};

class read_ahead {
public:
  read_ahead();
  ~read_ahead();
  read_ahead(const read_ahead&) = delete;
  read_ahead& operator=(const read_ahead&) = delete;

  /// A page that will be made soon; dropped, it won't. None after `stop`, and where there are as
  /// many as memory is meant for: it is to be read when it is wanted, then.
  std::shared_ptr<page_ahead>
  begin(const page_source& from, const type_filter& types, std::uint64_t after);
  void stop();
  /// Pages that are made or to be made, and were not taken yet.
  [[nodiscard]] std::uint64_t pages() const;

private:
  void run();

  mutable std::mutex lock_;
  std::condition_variable filled_;
  std::deque<std::weak_ptr<page_ahead>> waiting_;
  bool is_ending_ = false;
  std::shared_ptr<const void> counted_; ///< by all pages that there are
  std::thread thread_;
};

} // namespace ash::feed
