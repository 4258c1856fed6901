// The newest events that anyone is subscribed to, by the channels that feeds read: bounded in
// bytes, dense in positions, shared by all. Private to events/feed. Thread-safe.
#pragma once

#include "events/feed/event.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace ash::feed {

/// Whom to wake when a channel gets something. `armed` while it waits.
struct waiter {
  std::function<void()> wake;
  std::atomic<bool> armed{false};
};
using waiter_ptr = std::shared_ptr<waiter>;

class ring {
public:
  ring(incarnation_id incarnation, std::size_t max_bytes, std::uint64_t head);

  /// Takes the records after `head()`, dense in positions. The waiters that are to be woken.
  std::vector<waiter_ptr> publish(std::vector<log::record> records);
  /// Everything up to `head` is to be read from the log; everyone is to be woken.
  std::vector<waiter_ptr> restart(std::uint64_t head);
  /// `restart`, unless someone is subscribed: for a ring that nobody looks at. Whether it did.
  bool skip_to(std::uint64_t head);

  void enter(const std::string& channel);
  void leave(const std::string& channel, const waiter_ptr& who);

  /// Up to `max` events of a channel after a position. None where the ring does not reach back so
  /// far: they are to be read from the log.
  struct page {
    std::vector<event_ptr> events;
    std::uint64_t up_to = 0; ///< nothing else of the channel is at or before this position
  };
  [[nodiscard]] std::optional<page>
  read(const std::string& channel, std::uint64_t after, std::size_t max) const;
  /// Wakes `who` at the channel's next event; false where there is one after `after` already.
  bool arm(const std::string& channel, std::uint64_t after, const waiter_ptr& who);

  [[nodiscard]] std::uint64_t head() const;
  struct counts {
    std::uint64_t subscribed = 0;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] counts count() const;

private:
  struct channel {
    std::size_t readers = 0;
    std::uint64_t since = 0;             ///< its events after this position are in `positions`
    std::deque<std::uint64_t> positions; ///< of those that are still in the ring
    std::vector<waiter_ptr> waiting;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  template <class Do> void each_channel_of(const stream_id& stream, const stream_id& root, Do what);
  void evict();
  static void wake_all(channel& of, std::vector<waiter_ptr>& into);

  const incarnation_id incarnation_;
  const std::size_t max_bytes_;
  mutable std::shared_mutex lock_;
  std::unordered_map<std::string, channel, text_hash, std::equal_to<>> channels_;
  std::deque<event_ptr> events_; ///< from position `first_`; null where nobody is subscribed
  std::uint64_t first_;          ///< head_ + 1 where there is none
  std::uint64_t head_;
  std::uint64_t held_ = 0; ///< of events_, those that are not null
  std::size_t bytes_ = 0;
  std::uint64_t subscribed_ = 0;
};

/// `all`, `category/KIND` or a stream's name: what the ring keeps lists of.
constexpr std::string_view channel_of_everything = "all";
std::string_view channel_of_category(entity_kind kind);

} // namespace ash::feed
