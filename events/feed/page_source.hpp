// What a feed may have of the log, in pages, forwards. Private to events/feed. Not thread-safe.
#pragma once

#include "events/feed/event.hpp"
#include "events/feed/selector.hpp"

#include <vector>

namespace ash::feed {

struct log_page {
  std::vector<event_ptr> events;
  std::uint64_t up_to = 0; ///< where there are none: nothing of the feed is at or before this
};

class page_source {
public:
  /// `which`, resolved: where `root` is set, it is read by its root.
  page_source(const log::event_log& log,
              incarnation_id incarnation,
              const selector& which,
              stream_id root);

  /// The records after a position that the feed may have, in order.
  result<log_page> read(std::uint64_t after);

  /// The last record at or before `position` that `read` would give; 0: none.
  [[nodiscard]] result<std::uint64_t> last_record(std::uint64_t position) const;

  [[nodiscard]] const log::event_log& log() const noexcept { return *log_; }
  [[nodiscard]] incarnation_id incarnation() const noexcept { return incarnation_; }
  [[nodiscard]] const stream_id& root() const noexcept { return root_; }
  /// Whether it is one stream alone, by its versions.
  [[nodiscard]] bool by_version() const noexcept { return by_version_; }

private:
  result<std::vector<log::record>> records(std::uint64_t after, std::size_t max) const;
  result<std::uint64_t> version_at(std::uint64_t position) const;

  const log::event_log* log_;
  incarnation_id incarnation_;
  stream_id stream_;
  stream_id root_;
  bool by_version_;
  /// Of a feed that is read by version: that of the last record read, and its position.
  std::uint64_t version_ = 0;
  std::uint64_t version_position_ = 0;
};

} // namespace ash::feed
