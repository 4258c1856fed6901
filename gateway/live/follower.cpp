#include "gateway/live/follower.hpp"

#include "events/base/match.hpp"

namespace ash::gateway {
namespace {

/// Where the reading begins; none where the cursor is of another incarnation.
result<std::optional<feed::start_point>> start_of(const feed::broadcaster& feeds,
                                                  std::string_view after) {
  if (after.empty() || after == "0")
    return feed::start_point{};
  if (after == "now")
    return feed::start_point{feeds.head(), 0, 0};
  TRY(const auto at, feed::parse_cursor(after));
  if (at.incarnation != feeds.incarnation())
    return std::nullopt;
  return feed::start_point{at.position, at.last, at.feed};
}

} // namespace

result<follower::opened> follower::open(std::shared_ptr<live_shared> with,
                                        const follow_request& asked,
                                        frame_writer writer,
                                        std::function<void()> wake) {
  auto& feeds = with->services.feeds;
  TRY(const auto which, feed::selector::parse(asked.feed));
  TRY(auto types, feed::type_filter::make(asked.types));
  if (asked.credit.value_or(0) > with->services.limits.credit)
    return refuse(errc::argument_invalid,
                  "a subscription has a credit of at most " +
                      std::to_string(with->services.limits.credit));
  TRY(const auto start, start_of(feeds, asked.after));
  if (!start) {
    with->resyncs.fetch_add(1, relaxed);
    const auto head = feeds.head();
    return opened{resync{writer.resync_required({feeds.incarnation(), 0, head, 0, 0})}};
  }
  TRY(auto subscription,
      feeds.subscribe(which,
                      std::move(types),
                      *start,
                      asked.snapshots ? feed::pruned_form::gaps : feed::pruned_form::events,
                      std::move(wake)));
  std::unique_ptr<follower> made{
      new follower{std::move(with), asked, std::move(writer), std::move(subscription)}};
  if (asked.snapshots && start->after != 0)
    made->first_snapshot_of_ = which.stream();
  return opened{std::move(made)};
}

follower::follower(std::shared_ptr<live_shared> with,
                   const follow_request& asked,
                   frame_writer writer,
                   std::unique_ptr<feed::subscription> subscription)
    : with_{std::move(with)}, writer_{std::move(writer)}, subscription_{std::move(subscription)},
      wants_snapshots_{asked.snapshots}, credit_{asked.credit.value_or(0)},
      is_counted_{asked.credit.has_value()} {}

follower::step follower::give(frame said) {
  is_held_ = false;
  held_since_.reset();
  return {state::sent, std::move(said)};
}

follower::step follower::end(const error& why) {
  return {state::ended, closed(to_string(why.code), why.message)};
}

frame follower::closed(std::string_view code, std::string_view reason) const {
  return writer_.closed(where(), code, reason);
}

follower::step follower::first_snapshot() {
  const auto stream = std::exchange(first_snapshot_of_, {});
  const auto where = subscription_->where();
  auto folded = with_->services.fold(stream, where.position);
  if (!folded) // the stream began later: there is nothing to stand for
    return folded.error().code == errc::argument_invalid ? step{state::working, {}}
                                                         : end(folded.error());
  with_->snapshots.fetch_add(1, relaxed);
  return give(writer_.snapshot(where, std::nullopt, folded.value()));
}

follower::step follower::gap(const feed::a_gap& what) {
  const auto folded = with_->services.fold(what.stream, what.position);
  if (!folded)
    return end(folded.error());
  with_->snapshots.fetch_add(1, relaxed);
  return give(writer_.snapshot(subscription_->where(), what.prev, folded.value()));
}

/// The event, and its turn's snapshot: after it, but before a turn's last event. One that there is
/// no credit for is left out.
follower::step follower::event(const feed::an_event& what, const feed::cursor& before) {
  with_->events.fetch_add(1, relaxed);
  spend();
  auto said = writer_.event(what);
  if (!wants_snapshots_ || !is_caught_up_ || !may_give())
    return give(std::move(said));
  // An error of reading is met again, and told, by the subscription itself.
  const auto picture = with_->pictures.of(*what.what);
  if (!picture || picture.value() == nullptr)
    return give(std::move(said));
  with_->snapshots.fetch_add(1, relaxed);
  spend();
  if (!turn_pictures::is_end(what.what->type())) {
    then_ = writer_.snapshot(subscription_->where(), std::nullopt, picture.value());
    return give(std::move(said));
  }
  then_ = std::move(said);
  then_at_ = before;
  return give(writer_.snapshot(before, std::nullopt, picture.value()));
}

follower::step follower::next() {
  if (then_) {
    then_at_.reset();
    return give(*std::exchange(then_, std::nullopt));
  }
  if (!first_snapshot_of_.empty() && !subscription_->is_ahead())
    return first_snapshot();
  const auto before = subscription_->where();
  auto found =
      subscription_->next(may_give() ? feed::allowance::everything : feed::allowance::no_events);
  if (!found)
    return end(found.error());
  return std::visit(
      match{[&](const feed::an_event& what) { return event(what, before); },
            [&](const feed::a_gap& what) {
              spend();
              return gap(what);
            },
            [&](feed::caught_up) {
              is_caught_up_ = true;
              return give(writer_.caught_up(subscription_->where()));
            },
            [&](feed::over) {
              return step{state::ended,
                          closed("feed.closed", "everything of this feed was given: it is over")};
            },
            [&](feed::idle) {
              return step{state::idle, {}};
            },
            [&](feed::again) {
              return step{state::working, {}};
            },
            [&](feed::held) {
              is_held_ = true;
              return step{state::waiting, {}};
            }},
      found.value());
}

bool follower::add_credit(std::uint64_t events) {
  const auto most = with_->services.limits.credit;
  if (events > most || credit_ > most - events)
    return false;
  credit_ += events;
  is_counted_ = true;
  return true;
}

bool follower::is_starved(std::chrono::steady_clock::time_point now) {
  if (!is_held_ || credit_ > 0) {
    held_since_.reset();
    return false;
  }
  if (!held_since_)
    held_since_ = now;
  return now - *held_since_ >= with_->services.limits.stall_time;
}

} // namespace ash::gateway
