#include "projections/fact_reader.hpp"

#include "events/codec/codec.hpp"

#include <algorithm>

namespace ash::projections {
namespace {

/// How far the thread is ahead: enough for it to work on while the fold waits for the store.
constexpr std::size_t most_pages = 8;
constexpr std::size_t most_bytes = std::size_t{8} << 20; ///< of payload, the last page left out
/// Of payload; more where one record has more.
constexpr std::size_t page_bytes = std::size_t{1} << 20;

result<any_fact> decode(const log::record& from) {
  if (from.pruned)
    return refuse(errc::log_corrupt, "it was pruned");
  return codec::decode(from.type, from.schema_version, from.payload);
}

} // namespace

// Decoded where it stays: a fact is large to move.
read_fact::read_fact(log::record from) : record{std::move(from)}, fact{decode(record)} {
  std::string{}.swap(record.payload);
}

result<fact_page> fact_reader::read(position_range of) {
  std::unique_lock held{lock_};
  if (!ahead_.empty()) {
    const auto& front = ahead_.front().of;
    if (front.after == of.after && front.until <= of.until) {
      auto page = std::move(ahead_.front().page);
      ahead_.pop_front();
      left_.until = of.until;
      held.unlock();
      changed_.notify_one();
      return page.get();
    }
  }
  // What it reads now is of no use.
  ++detours_;
  ahead_.clear();
  left_ = {};
  held.unlock();
  auto page = read_now(next_page(of));
  if (!page || page.value().last() >= of.until)
    return page;
  held.lock();
  left_ = {page.value().last(), of.until};
  if (!thread_.joinable())
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  held.unlock();
  changed_.notify_one();
  return page;
}

position_range fact_reader::next_page(position_range of) const {
  return {of.after, std::min(of.until, of.after + page_facts_)};
}

bool fact_reader::has_work() const {
  std::size_t bytes = 0;
  for (const auto& each : ahead_)
    bytes += each.bytes;
  return left_.after < left_.until && ahead_.size() < most_pages && bytes < most_bytes;
}

void fact_reader::run(const std::stop_token& stop) {
  std::unique_lock held{lock_};
  while (changed_.wait(held, stop, [this] { return has_work(); }) && !stop.stop_requested())
    read_one(held);
}

void fact_reader::read_one(std::unique_lock<std::mutex>& held) {
  const auto of = next_page(left_);
  const auto detours = detours_;
  std::uint64_t last = 0; // none, where it could not be read
  std::size_t bytes = 0;
  std::packaged_task<result<fact_page>()> task{[&] {
    auto page = read_now(of);
    if (page) {
      last = page.value().last();
      bytes = page.value().bytes;
    }
    return page;
  }};
  ahead_.push_back({of, task.get_future()});
  held.unlock();
  task();
  held.lock();
  if (detours != detours_)
    return;
  left_.after = last > 0 ? last : left_.until;
  if (!ahead_.empty()) // it was not waited for
    ahead_.back().bytes = bytes;
}

result<fact_page> fact_reader::read_now(position_range of) const {
  const log::read_limit limit{static_cast<std::size_t>(of.until - of.after), page_bytes};
  TRY(auto records, log_.read(of.after, limit));
  if (records.empty())
    return refuse(errc::log_corrupt,
                  "the log has nothing after position " + std::to_string(of.after) +
                      ", and was to have more: run `actor-shell log verify`");
  fact_page out;
  out.facts.reserve(records.size());
  for (auto& each : records) {
    out.bytes += each.payload.size();
    out.facts.emplace_back(std::move(each));
  }
  return out;
}

} // namespace ash::projections
