#include "events/feed/ring.hpp"

#include <algorithm>
#include <array>

namespace ash::feed {

std::string_view channel_of_category(entity_kind kind) {
  static constexpr std::array<std::string_view, 6> names{"category/session",
                                                         "category/run",
                                                         "category/phase",
                                                         "category/tool",
                                                         "category/budget",
                                                         "category/log"};
  return names[static_cast<std::size_t>(kind)];
}

ring::ring(incarnation_id incarnation, std::size_t max_bytes, std::uint64_t head)
    : incarnation_{incarnation}, max_bytes_{max_bytes}, first_{head + 1}, head_{head} {}

template <class Do>
void ring::each_channel_of(const stream_id& stream, const stream_id& root, Do what) {
  const auto call = [&](std::string_view name) {
    if (const auto found = channels_.find(name); found != channels_.end())
      what(found->second);
  };
  call(channel_of_everything);
  call(channel_of_category(stream.kind()));
  call(stream.text());
  if (stream != root)
    call(root.text());
}

void ring::wake_all(channel& of, std::vector<waiter_ptr>& into) {
  for (auto& each : of.waiting)
    if (each->armed.exchange(false))
      into.push_back(std::move(each));
  of.waiting.clear();
}

std::vector<waiter_ptr> ring::publish(std::vector<log::record> records) {
  std::vector<waiter_ptr> woken;
  const std::unique_lock guard{lock_};
  for (auto& record : records) {
    head_ = record.position;
    bool wanted = false;
    each_channel_of(record.stream, record.root, [&](channel& of) {
      wanted = true;
      of.positions.push_back(head_);
      wake_all(of, woken);
    });
    if (wanted) {
      events_.push_back(std::make_shared<event>(std::move(record), incarnation_));
      bytes_ += events_.back()->weight();
      ++held_;
    } else {
      events_.push_back(nullptr);
    }
    bytes_ += sizeof(event_ptr);
  }
  evict();
  return woken;
}

void ring::evict() {
  while (bytes_ > max_bytes_ && !events_.empty()) {
    if (const auto& oldest = events_.front()) {
      each_channel_of(oldest->stream(), oldest->root(), [&](channel& of) {
        while (!of.positions.empty() && of.positions.front() <= first_)
          of.positions.pop_front();
      });
      bytes_ -= oldest->weight();
      --held_;
    }
    bytes_ -= sizeof(event_ptr);
    events_.pop_front();
    ++first_;
  }
}

std::vector<waiter_ptr> ring::restart(std::uint64_t head) {
  std::vector<waiter_ptr> woken;
  const std::unique_lock guard{lock_};
  events_.clear();
  bytes_ = 0;
  held_ = 0;
  head_ = head;
  first_ = head + 1;
  for (auto& [name, of] : channels_) {
    of.positions.clear();
    wake_all(of, woken);
  }
  return woken;
}

bool ring::skip_to(std::uint64_t head) {
  {
    const std::shared_lock guard{lock_};
    if (subscribed_ != 0)
      return false;
  }
  const std::unique_lock guard{lock_};
  if (subscribed_ != 0)
    return false;
  events_.clear();
  bytes_ = 0;
  held_ = 0;
  head_ = std::max(head, head_);
  first_ = head_ + 1;
  return true;
}

void ring::enter(const std::string& name) {
  const std::unique_lock guard{lock_};
  auto& of = channels_[name];
  if (of.readers++ == 0)
    of.since = head_;
  ++subscribed_;
}

void ring::leave(const std::string& name, const waiter_ptr& who) {
  const std::unique_lock guard{lock_};
  --subscribed_;
  const auto found = channels_.find(name);
  auto& of = found->second;
  if (--of.readers == 0)
    channels_.erase(found);
  else if (who->armed.exchange(false))
    std::erase(of.waiting, who);
}

std::optional<ring::page>
ring::read(const std::string& name, std::uint64_t after, std::size_t max) const {
  const std::shared_lock guard{lock_};
  const auto& of = channels_.find(name)->second;
  if (after < of.since || after + 1 < first_)
    return std::nullopt;
  page out;
  auto at = std::upper_bound(of.positions.begin(), of.positions.end(), after);
  for (; at != of.positions.end() && out.events.size() < max; ++at)
    out.events.push_back(events_[*at - first_]);
  out.up_to = at == of.positions.end() ? std::max(head_, after) : out.events.back()->position();
  return out;
}

bool ring::arm(const std::string& name, std::uint64_t after, const waiter_ptr& who) {
  const std::unique_lock guard{lock_};
  auto& of = channels_.find(name)->second;
  // Behind `since` or the ring's beginning the log has to say whether there is something.
  if (after < of.since || after + 1 < first_ ||
      (!of.positions.empty() && of.positions.back() > after))
    return false;
  if (!who->armed.exchange(true))
    of.waiting.push_back(who);
  return true;
}

std::uint64_t ring::head() const {
  const std::shared_lock guard{lock_};
  return head_;
}

ring::counts ring::count() const {
  const std::shared_lock guard{lock_};
  return {subscribed_, held_, bytes_};
}

} // namespace ash::feed
