// One subscription of one client as the frames it is sent: its credit, its snapshots, and its end.
// Private to gateway/live. Not thread-safe.
#pragma once

#include "gateway/live/frames.hpp"
#include "gateway/live/live_shared.hpp"

#include <optional>
#include <variant>

namespace ash::gateway {

/// What a client asked to follow.
struct follow_request {
  std::string feed;
  std::string after; ///< a cursor, `now`, or `0` (or nothing) for the beginning
  std::vector<std::string> types;
  bool snapshots = false;
  std::optional<std::uint64_t> credit; ///< events; none: as many as the connection takes
};

class follower {
public:
  /// The cursor is of another incarnation: this frame says so, and nothing is followed.
  struct resync {
    frame said;
  };
  using opened = std::variant<std::unique_ptr<follower>, resync>;
  /// Errors: `feed_not_found`, `run_not_found`, `session_not_found`, `argument_invalid`,
  /// `cursor_invalid`, and those of reading.
  static result<opened> open(std::shared_ptr<live_shared> with,
                             const follow_request& asked,
                             frame_writer writer,
                             std::function<void()> wake);

  enum class state : std::uint8_t {
    sent,    ///< there is a frame
    idle,    ///< nothing before the wake
    waiting, ///< nothing before it has credit
    working, ///< nothing yet: ask again soon
    ended,   ///< there is a frame, the last one
  };
  struct step {
    state now = state::idle;
    frame said;
  };
  step next();

  /// Whether `next` may have something: it costs nothing to ask.
  [[nodiscard]] bool is_waiting() const noexcept {
    return !then_ && ((is_held_ && credit_ == 0) || subscription_->is_idle());
  }
  /// False where it would be more than a subscription may have.
  bool add_credit(std::uint64_t events);
  /// Whether it has had something, and no credit, for as long as a client is waited for.
  bool is_starved(std::chrono::steady_clock::time_point now);
  void forget_page() { subscription_->forget_page(); }

  [[nodiscard]] frame closed(std::string_view code, std::string_view reason) const;
  [[nodiscard]] feed::cursor where() const { return then_at_ ? *then_at_ : subscription_->where(); }
  [[nodiscard]] bool is_caught_up() const noexcept { return is_caught_up_; }

private:
  follower(std::shared_ptr<live_shared> with,
           const follow_request& asked,
           frame_writer writer,
           std::unique_ptr<feed::subscription> subscription);

  step give(frame said);
  step end(const error& why);
  step first_snapshot();
  step gap(const feed::a_gap& what);
  step event(const feed::an_event& what, const feed::cursor& before);
  [[nodiscard]] bool may_give() const noexcept { return !is_counted_ || credit_ > 0; }
  void spend() noexcept { credit_ -= is_counted_ ? 1 : 0; }

  std::shared_ptr<live_shared> with_;
  frame_writer writer_;
  std::unique_ptr<feed::subscription> subscription_;
  stream_id first_snapshot_of_; ///< empty: none is owed
  bool wants_snapshots_;
  std::optional<frame> then_;           ///< the second frame of a pair, paid for
  std::optional<feed::cursor> then_at_; ///< where the client is until it has that, if not after it
  std::uint64_t credit_;
  bool is_counted_; ///< false: no credit was set
  bool is_held_ = false;
  bool is_caught_up_ = false;
  std::optional<std::chrono::steady_clock::time_point> held_since_;
};

} // namespace ash::gateway
