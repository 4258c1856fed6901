#include "events/feed/page_source.hpp"

namespace ash::feed {
namespace {

constexpr log::read_limit page{256, std::size_t{256} << 10};

} // namespace

page_source::page_source(const log::event_log& log,
                         incarnation_id incarnation,
                         const selector& which,
                         stream_id root)
    : log_{&log}, incarnation_{incarnation}, stream_{which.stream()}, root_{std::move(root)},
      by_version_{which.kind() == feed_kind::stream ||
                  (which.kind() == feed_kind::root && root_.empty())} {}

result<std::vector<log::record>> page_source::records(std::uint64_t after, std::size_t max) const {
  const log::read_limit limit{max, page.max_bytes};
  return root_.empty() ? log_->read(after, limit) : log_->read_root(root_, after, limit);
}

result<log_page> page_source::read(std::uint64_t after) {
  log_page out;
  out.up_to = log_->head();
  std::vector<log::record> read;
  if (by_version()) {
    if (version_position_ != after) {
      TRY(version_, version_at(after));
    }
    TRY(read, log_->read_stream(stream_, version_, page));
    version_ = read.empty() ? version_ : read.back().version;
    version_position_ = read.empty() ? after : read.back().position;
  } else {
    TRY(read, records(after, page.max_records));
  }
  out.events.reserve(read.size());
  for (auto& record : read)
    out.events.push_back(std::make_shared<const event>(std::move(record), incarnation_));
  return out;
}

result<std::uint64_t> page_source::version_at(std::uint64_t position) const {
  TRY(const auto head, log_->find_stream(stream_));
  std::uint64_t low = 0;                             // at or before `position`
  std::uint64_t high = head ? head->version + 1 : 1; // after it
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto found, log_->read_stream(stream_, middle - 1, {1, 1}));
    (!found.empty() && found.front().position <= position ? low : high) = middle;
  }
  return low;
}

result<std::uint64_t> page_source::last_record(std::uint64_t position) const {
  if (by_version()) {
    TRY(const auto version, version_at(position));
    if (version == 0)
      return 0;
    TRY(const auto found, log_->read_stream(stream_, version - 1, {1, 1}));
    return found.empty() ? 0 : found.front().position;
  }
  if (root_.empty())
    return position;
  // The greatest place after which a record still lies at or before `position`.
  std::uint64_t found = 0;
  for (std::uint64_t low = 0, high = position; low < high;) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto next, records(middle, 1));
    if (!next.empty() && next.front().position <= position) {
      found = next.front().position;
      low = found;
    } else {
      high = middle;
    }
  }
  return found;
}

} // namespace ash::feed
