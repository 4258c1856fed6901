// How a subscription moves on. Private to events/feed.
#pragma once

#include "events/feed/feed_reader.hpp"
#include "events/feed/hub.hpp"

#include <optional>

namespace ash::feed {

class subscription::parts {
public:
  parts(std::shared_ptr<feed::hub> of,
        feed_reader from,
        const start_point& start,
        pruned_form form,
        std::function<void()> wake);
  ~parts();
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  /// Takes from the start what need not be searched for. Errors: `cursor_invalid` for one beyond
  /// the log's end where the feed is over.
  result<void> trust(const start_point& start);
  /// Whether the log has not come to `position` yet.
  [[nodiscard]] bool is_ahead() const { return began_ahead && position > hub->log.head(); }
  result<delivery> next(allowance what);

  std::shared_ptr<feed::hub> hub;
  feed_reader reader;
  std::string channel;
  pruned_form pruned;
  std::uint32_t tag;
  std::uint64_t position; ///< everything up to here was given, or is not of the feed
  std::uint64_t prev = 0; ///< of the last event given, once it is known
  bool is_prev_known = false;
  feed_reader::search search;
  bool is_resumed;
  bool began_ahead; ///< of the log's end
  bool is_caught_up = false;
  bool is_turn_over = false;
  bool looked_back = false;
  std::vector<event_ptr> page;
  std::size_t taken = 0; ///< of the page
  waiter_ptr who;

private:
  /// True where the ring had the page.
  result<bool> turn_page();
  result<std::optional<delivery>> from_page(allowance what);
  result<void> pass(const event& what);
  result<void> extend_gap(const event& first);
  result<bool> is_over();
  result<delivery> at_the_end();
  result<delivery> beyond_the_end();
  [[nodiscard]] error never_comes() const;
};

} // namespace ash::feed
