// One reader of a feed: a cursor that moves on when it is asked, over the shared ring while it
// keeps up and over the log when it does not. It holds at most two pages of the log, and drops them
// when it is told to. Not thread-safe: one strand calls it.
#pragma once

#include "events/feed/cursor.hpp"
#include "events/feed/event.hpp"
#include "events/feed/selector.hpp"

#include <functional>
#include <memory>
#include <variant>
#include <vector>

namespace ash::feed {

/// How transient facts that are pruned by now are given.
enum class pruned_form : std::uint8_t {
  events, ///< each as an event without data
  gaps,   ///< neighbours of one stream together, for a snapshot to stand for them
};

// -- what `next` gives ----------------------------------------------------------------------------

struct an_event {
  event_ptr what;
  std::uint64_t prev = 0; ///< position of what was given before it in this feed; 0: it is the first
};
/// Pruned facts of `stream`; the last of them is at `position`.
struct a_gap {
  stream_id stream;
  std::uint64_t position = 0;
  std::uint64_t prev = 0;
};
/// For the first time everything up to the log's end was given.
struct caught_up {};
/// The run, session or turn is over, and everything was given.
struct over {};
/// Nothing now; `wake` will be called.
struct idle {};
/// Nothing yet: a page was read that had nothing for this feed. Ask again soon.
struct again {};

/// There is an event, and it may not be given.
struct held {};

using delivery = std::variant<an_event, a_gap, caught_up, over, idle, again, held>;

/// What `next` may give.
enum class allowance : std::uint8_t {
  everything,
  no_events, ///< neither events nor gaps: the reader has no credit
};

class subscription {
public:
  class parts;
  explicit subscription(std::unique_ptr<parts> with);
  ~subscription();
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;

  /// What comes next. Reads at most a few pages of the log, and never waits. Errors: those of
  /// reading; nothing can be read past them.
  result<delivery> next(allowance what = allowance::everything);

  /// Drops what was read ahead: it is read again when it is wanted.
  void forget_page();

  /// Where to resume: after all that was given, and after what was passed over on the way.
  [[nodiscard]] cursor where() const;
  /// The position that the last delivery brought the reader to.
  [[nodiscard]] std::uint64_t position() const noexcept;
  /// Of the last event given, or of the one before the start; what the next event has as `prev`.
  [[nodiscard]] std::uint64_t prev() const noexcept;
  /// Whether it begins beyond the log's end, and the log has not come so far yet.
  [[nodiscard]] bool is_ahead() const;
  /// Whether `next` has found the end of the log, and nothing new has come since.
  [[nodiscard]] bool is_idle() const noexcept;

private:
  std::unique_ptr<parts> parts_;
};

} // namespace ash::feed
