#include "events/feed/subscription.hpp"

#include "events/feed/subscription_parts.hpp"

#include <algorithm>

namespace ash::feed {
namespace {

constexpr std::size_t ring_page = 128;

/// What a cursor's `last` is of: 24 bits of the feed's name and types, never 0.
std::uint32_t tag_of(const feed_reader& reader) {
  std::string all = reader.which().name();
  for (const auto& each : reader.types().patterns())
    all += '\n' + each;
  const auto digest = sha256(all).bytes;
  const auto tag = static_cast<std::uint32_t>(digest[0] << 16 | digest[1] << 8 | digest[2]);
  return tag == 0 ? 1 : tag;
}

} // namespace

subscription::parts::parts(std::shared_ptr<feed::hub> of,
                           feed_reader from,
                           const start_point& start,
                           pruned_form form,
                           std::function<void()> wake)
    : hub{std::move(of)}, reader{std::move(from)}, channel{reader.channel()}, pruned{form},
      tag{tag_of(reader)}, position{start.after}, search{start.after}, is_resumed{start.after != 0},
      began_ahead{start.after > hub->log.head()}, who{std::make_shared<waiter>()} {
  who->wake = std::move(wake);
  hub->ring.enter(channel);
}

subscription::parts::~parts() {
  hub->ring.leave(channel, who);
}

result<void> subscription::parts::trust(const start_point& start) {
  if (start.after == 0) {
    is_prev_known = true;
    return success();
  }
  // What a start beyond the end says of events that have not happened is not believed.
  if (is_ahead()) {
    TRY(const auto ended, is_over());
    return ended ? result<void>{never_comes()} : success();
  }
  // An event's own cursor, and one that was given for this very feed, say what was before.
  if (start.feed == tag) {
    prev = start.last;
    is_prev_known = true;
    return success();
  }
  TRY(is_prev_known, reader.has_at(start.after));
  prev = is_prev_known ? start.after : 0;
  return success();
}

// -- pages ----------------------------------------------------------------------------------------

result<bool> subscription::parts::turn_page() {
  page.clear();
  taken = 0;
  if (auto found = hub->ring.read(channel, position, ring_page)) {
    reader.forget_ahead(); // the ring has what comes next, too
    page = std::move(found->events);
    if (page.empty())
      position = std::max(position, found->up_to);
    return true;
  }
  TRY(auto read, reader.read(position));
  hub->log_pages.fetch_add(1, std::memory_order_relaxed);
  page = std::move(read.events);
  if (page.empty())
    position = std::max(position, read.up_to);
  else if (page.back()->position() < read.up_to)
    reader.read_ahead(hub->ahead, page.back()->position());
  return false;
}

result<void> subscription::parts::pass(const event& what) {
  position = what.position();
  TRY(const auto ends, reader.ends_turn(what));
  is_turn_over = is_turn_over || ends;
  return success();
}

result<std::optional<delivery>> subscription::parts::from_page(allowance what) {
  while (taken < page.size()) {
    const auto each = page[taken];
    TRY(const auto has, reader.has(*each));
    if (has && what == allowance::no_events)
      return std::optional<delivery>{held{}};
    ++taken;
    TRY(pass(*each));
    if (!has)
      continue;
    const auto before = prev;
    prev = position;
    if (!each->pruned() || pruned == pruned_form::events) {
      TRY(each->text());
      return std::optional<delivery>{an_event{each, before}};
    }
    TRY(extend_gap(*each));
    return std::optional<delivery>{a_gap{each->stream(), prev, before}};
  }
  return std::optional<delivery>{};
}

result<void> subscription::parts::extend_gap(const event& first) {
  // The page's end ends a gap too: the next page then begins with another.
  for (; taken < page.size(); ++taken) {
    const auto& next = *page[taken];
    if (!next.pruned() || next.stream() != first.stream())
      return success();
    TRY(const auto has, reader.has(next));
    TRY(pass(next));
    if (has)
      prev = position;
  }
  return success();
}

// -- the end --------------------------------------------------------------------------------------

result<bool> subscription::parts::is_over() {
  const auto kind = reader.which().kind();
  if (kind == feed_kind::root)
    return hub->is_over(reader.which().stream(), std::min(position, hub->log.head()));
  if (kind != feed_kind::turn || is_turn_over)
    return is_turn_over;
  if (!is_resumed || looked_back)
    return false;
  // Resumed after the turn's last fact, perhaps.
  looked_back = true;
  for (std::uint64_t version = 0;;) {
    TRY(auto facts, hub->log.read_stream(reader.which().stream(), version));
    if (facts.empty())
      return false;
    version = facts.back().version;
    for (auto& fact : facts) {
      TRY(is_turn_over, reader.ends_turn(event{std::move(fact), hub->incarnation}));
      if (is_turn_over)
        return true;
    }
  }
}

result<delivery> subscription::parts::at_the_end() {
  if (!is_caught_up) {
    is_caught_up = true;
    return caught_up{};
  }
  TRY(const auto ended, is_over());
  // What came while that was looked up is given first.
  if (!hub->ring.arm(channel, position, who))
    return again{};
  if (ended) {
    who->armed = false;
    return over{};
  }
  return idle{};
}

error subscription::parts::never_comes() const {
  return refuse(errc::cursor_invalid,
                "the log ends at " + std::to_string(hub->log.head()) + ", before " +
                    std::to_string(position) + ", and this feed is over");
}

result<delivery> subscription::parts::beyond_the_end() {
  if (!is_caught_up) {
    is_caught_up = true;
    return caught_up{};
  }
  // Armed before it is asked: what closes the feed comes before `position`, too.
  if (!hub->ring.arm(channel, position, who))
    return again{};
  TRY(const auto ended, is_over());
  if (ended)
    return never_comes();
  return idle{};
}

result<delivery> subscription::parts::next(allowance what) {
  if (who->armed)
    return idle{};
  if (is_ahead())
    return beyond_the_end();
  if (!is_prev_known) {
    TRY(is_prev_known, search.step(reader));
    if (!is_prev_known)
      return again{};
    prev = search.found();
  }
  constexpr int pages_a_call = 2;
  for (int read = 0; read < pages_a_call; ++read) {
    TRY(auto found, from_page(what));
    if (found)
      return std::move(*found);
    TRY(const auto in_ring, turn_page());
    if (page.empty() && in_ring)
      return at_the_end();
  }
  TRY(auto found, from_page(what));
  return found ? std::move(*found) : delivery{again{}};
}

// -- subscription ---------------------------------------------------------------------------------

subscription::subscription(std::unique_ptr<parts> with) : parts_{std::move(with)} {}
subscription::~subscription() = default;

result<delivery> subscription::next(allowance what) {
  return parts_->next(what);
}

void subscription::forget_page() {
  parts_->page.clear();
  parts_->page.shrink_to_fit();
  parts_->taken = 0;
  parts_->reader.forget_ahead();
}

cursor subscription::where() const {
  const auto& of = *parts_;
  if (!of.is_prev_known)
    return {of.hub->incarnation, 0, of.position, 0, 0};
  return {of.hub->incarnation, 0, of.position, of.prev, of.tag};
}

std::uint64_t subscription::position() const noexcept {
  return parts_->position;
}

std::uint64_t subscription::prev() const noexcept {
  return parts_->prev;
}

bool subscription::is_ahead() const {
  return parts_->is_ahead();
}

bool subscription::is_idle() const noexcept {
  return parts_->who->armed;
}

} // namespace ash::feed
