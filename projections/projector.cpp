#include "projections/projector.hpp"

#include <algorithm>
#include <exception>

namespace ash::projections {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{10'000};

} // namespace

result<chosen> choose_generation(connection& at,
                                 const log::event_log& from,
                                 const std::vector<view*>& views,
                                 choice how) {
  const auto incarnation = to_string(from.incarnation());
  const auto fits = [&](const std::optional<generation>& each) {
    return each && each->incarnation == incarnation && each->layout == layout_of(views);
  };
  TRY(at.begin(transaction::write));
  const open_transaction until_committed{at};
  TRY(const auto live, find_generation(at, generation_state::live));
  TRY(const auto building, find_generation(at, generation_state::building));
  chosen out;
  if (fits(live))
    out.before = live;
  if (how == choice::what_is_there && fits(building)) {
    out.which = *building;
  } else if (how == choice::what_is_there && fits(live)) {
    out = {*live, true, {}};
  } else {
    // The first one is seen as it grows: there is nothing else to be seen.
    out.is_live = !live;
    const auto as = out.is_live ? generation_state::live : generation_state::building;
    TRY(out.which, make_generation(at, as, incarnation, views));
  }
  TRY(at.commit());
  return out;
}

projector::projector(log::event_log& from, store& to, std::size_t batch_facts)
    : log_{from}, store_{to}, batch_facts_{batch_facts} {
  status_.store = to.name();
  listening_ = from.on_commit([this](std::uint64_t) {
    const std::lock_guard lock{mutex_};
    wake_.notify_one();
  });
  thread_ = std::thread{[this] { run(); }};
}

projector::~projector() {
  stop();
}

void projector::stop() {
  listening_.reset();
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    status_.doing = activity::stopped;
    wake_.notify_all();
    moved_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
}

void projector::rebuild() {
  const std::lock_guard lock{mutex_};
  if (status_.doing == activity::rebuilding) // it is being made anew already
    return;
  rebuild_asked_ = true;
  wake_.notify_one();
}

projection_status projector::status() const {
  projection_status out;
  {
    const std::lock_guard lock{mutex_};
    out = status_;
  }
  out.head = log_.head();
  out.lag_facts = out.head - std::min(out.head, out.position);
  if (out.lag_facts == 0)
    return out;
  if (const auto oldest = log_.read(out.position, {1, 1}); oldest && !oldest.value().empty()) {
    const auto age = system_now() - oldest.value().front().at;
    out.lag_seconds = static_cast<double>(std::max<std::int64_t>(age, 0)) / us_per_s;
  }
  return out;
}

result<void> projector::wait_for(std::uint64_t position, milliseconds timeout) const {
  std::unique_lock lock{mutex_};
  moved_.wait_for(lock, timeout, [&] { return stopping_ || visible_ >= position; });
  if (visible_ >= position)
    return success();
  if (stopping_)
    return refuse(errc::shutting_down, "the read models are being closed");
  return refuse(errc::timed_out,
                "the read models are at position " + std::to_string(visible_) + ", not yet at " +
                    std::to_string(position));
}

void projector::run() {
  auto next_pause = first_pause;
  for (;;) {
    result<void> served = success();
    try {
      served = serve();
    } catch (const std::exception& unexpected) {
      served = refuse(errc::internal_error, unexpected.what());
    }
    {
      const std::lock_guard lock{mutex_};
      if (stopping_)
        return;
      // It worked in between: this is another failure than the last one.
      if (status_.doing == activity::following || status_.doing == activity::rebuilding)
        next_pause = first_pause;
      status_.doing = activity::away;
      status_.problem = served ? std::string{} : to_string(served.error());
      ++status_.reconnects;
    }
    if (!pause(next_pause))
      return;
    next_pause = std::min(next_pause * 2, longest_pause);
  }
}

/// With its connections, until it fails or the end has come.
result<void> projector::serve() {
  TRY(const auto at, store_.connect());
  TRY(at->claim());
  TRY(migrate(*at));
  TRY(const auto reads, store_.connect());
  writer to{log_, batch_facts_};
  writer before{log_, batch_facts_};
  auto how = choice::what_is_there;
  for (;;) {
    TRY(auto where, choose_generation(*at, log_, to.views(), how));
    TRY(to.open({at.get(), reads.get(), where.which}));
    if (where.before) {
      TRY(before.open({at.get(), reads.get(), *where.before}));
    }
    TRY(follow(to, before, where, *at));
    const std::lock_guard lock{mutex_};
    if (stopping_)
      return success();
    rebuild_asked_ = false;
    how = choice::fresh;
  }
}

/// Until the end has come, or a rebuild is asked for. What queries see follows the log while a new
/// generation is made, a batch of the one and a batch of the other in turn.
result<void> projector::follow(writer& to, writer& before, chosen& where, connection& at) {
  for (;;) {
    publish(to, before, where);
    {
      const std::lock_guard lock{mutex_};
      if (stopping_ || rebuild_asked_)
        return success();
    }
    const auto head = log_.head();
    if (where.before) {
      TRY(before.step(head));
    }
    TRY(const auto applied, to.step(head));
    if (applied > 0)
      continue;
    if (where.is_live) {
      wait_for_news(head);
      continue;
    }
    TRY(at.begin(transaction::write));
    const open_transaction until_committed{at};
    TRY(make_live(at, where.which));
    TRY(at.commit());
    where.is_live = true;
    where.before.reset();
  }
}

void projector::publish(const writer& from, const writer& before, const chosen& where) {
  const std::lock_guard lock{mutex_};
  if (!stopping_)
    status_.doing = where.is_live ? activity::following : activity::rebuilding;
  status_.problem.clear();
  status_.generation = static_cast<std::uint64_t>(where.which.number);
  status_.position = from.position(log_.head());
  status_.views.clear();
  for (std::size_t i = 0; i < from.cursors().size(); ++i) {
    const auto& each = from.cursors()[i];
    status_.views.push_back(
        {each.view, each.position, from.rows()[i], each.stopped_at, each.code, each.message});
  }
  status_.is_current = where.is_live || where.before.has_value();
  if (where.is_live)
    visible_ = status_.position;
  else if (where.before)
    visible_ = before.position(log_.head());
  moved_.notify_all();
}

void projector::wait_for_news(std::uint64_t seen) {
  std::unique_lock lock{mutex_};
  wake_.wait(lock, [&] { return stopping_ || rebuild_asked_ || log_.head() != seen; });
}

/// Whether it goes on afterwards.
bool projector::pause(milliseconds how_long) {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, how_long, [&] { return stopping_; });
  return !stopping_;
}

} // namespace ash::projections
