#include "actors/shells/entity_driver.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace ash::shell {
namespace {

constexpr std::int64_t first_append_wait_us = 2'000;
constexpr std::int64_t longest_append_wait_us = 200'000;

/// The log can't take anything for now or for ever: no fault of the entity, and no reason to judge
/// it.
bool is_log_down(errc code) {
  return code == errc::log_failed || code == errc::storage_full || code == errc::shutting_down;
}

} // namespace

entity_driver::entity_driver(surroundings& in,
                             stream_id stream,
                             stream_id root,
                             std::weak_ptr<mailbox> self)
    : in_(in), stream_(std::move(stream)),
      root_(root == stream_ ? apart<stream_id>{} : std::move(root)), self_(std::move(self)) {}

entity_driver::next entity_driver::handle(mail what) {
  try {
    return std::visit([&](auto& each) { return on(each); }, what);
  } catch (const std::exception& fault) {
    crash(refuse(errc::internal_error, "'" + stream_.text() + "' failed: " + fault.what()));
  }
  return next::stay;
}

// -- mails ----------------------------------------------------------------------------------------

entity_driver::next entity_driver::on(command_mail& what) {
  ++delivered_;
  const auto waited =
      static_cast<std::uint64_t>(std::max<std::int64_t>(monotonic_us() - what.sent_us, 0));
  ++in_.seen.commands;
  ++in_.seen.unanswered;
  in_.seen.waited_us += waited;
  if (waited > in_.seen.longest_wait_us.load(std::memory_order_relaxed))
    in_.seen.longest_wait_us = waited;
  const auto token = next_token_++;
  if (!replies_)
    replies_ = std::make_unique<std::map<reply_token, on_reply>>();
  replies_->emplace(token, std::move(what.reply));
  if (auto why = in_.judge.refusal(stream_))
    answer(token, std::move(*why));
  else
    accept({std::move(what.command), token, std::move(what.finishes)});
  drain();
  return next::stay;
}

entity_driver::next entity_driver::on(wake_mail&) {
  ++delivered_;
  if (in_.judge.refusal(stream_))
    return next::stay;
  wake_when_loaded_ = true;
  if (ensure_loaded())
    drain();
  return next::stay;
}

entity_driver::next entity_driver::on(appended_mail& what) {
  --in_.seen.appends_in_flight;
  // The answer to an append of the entity's former life says nothing about this one.
  if (!entity_ || !appending_ || what.append != append_)
    return next::stay;
  if (!what.what) {
    append_failed(what.what.error());
    return next::stay;
  }
  const auto stored = what.what.value();
  append_wait_us_ = 0;
  appending_.reset();
  if (stored.duplicate) {
    // Somebody else appended under our keys: what is decided here is not what is stored.
    crash(refuse(errc::version_conflict, "'" + stream_.text() + "' was appended to from outside"));
    return next::stay;
  }
  auto out = entity_->appended({stored.first_version, stored.count});
  if (out.snapshot_due)
    save_snapshot();
  let_out(out);
  drain();
  return next::stay;
}

entity_driver::next entity_driver::on(effect_done_mail& what) {
  if (entity_)
    entity_->effect_done(what.id);
  else if (left_)
    std::erase_if(left_->in_flight, [&](const auto& each) { return each.id == what.id; });
  return next::stay;
}

entity_driver::next entity_driver::on(retry_mail&) {
  if (entity_ && appending_) {
    start_append();
    return next::stay;
  }
  backing_off_ = false;
  if (ensure_loaded())
    drain();
  return next::stay;
}

entity_driver::next entity_driver::on(rest_mail&) {
  const auto busy =
      entity_ ? !entity_->is_idle()
              : backing_off_ || (left_ && (!left_->waiting.empty() || !left_->in_flight.empty()));
  if (busy || replies_ || !in_.actors.retire(stream_, delivered_))
    return next::stay;
  return next::quit;
}

entity_driver::next entity_driver::on(quit_mail&) {
  discard();
  answer_waiting(refuse(errc::shutting_down, "the process stopped before the command was durable"));
  return next::quit;
}

// -- loading --------------------------------------------------------------------------------------

void entity_driver::accept(queued_command what) {
  const auto token = what.token;
  if (ensure_loaded()) {
    if (auto taken = entity_->receive(std::move(what)); !taken)
      answer(token, std::move(taken).error());
    return;
  }
  if (backing_off_ && left().waiting.size() < bounds().queued)
    left().waiting.push_back(std::move(what));
  else if (auto why = in_.judge.refusal(stream_))
    answer(token, std::move(*why));
  else
    answer(token,
           refuse(errc::entity_unavailable,
                  "'" + stream_.text() + "' is being loaded again: send it again later"));
}

bool entity_driver::ensure_loaded() {
  if (entity_)
    return true;
  if (backing_off_ || in_.judge.refusal(stream_))
    return false;
  if (auto loaded = load(); !loaded) {
    crash(loaded.error());
    return false;
  }
  auto former = std::exchange(left_, nullptr);
  if (former)
    entity_->carry_over(std::move(former->in_flight));
  if (std::exchange(wake_when_loaded_, false))
    entity_->wake();
  if (!former)
    return true;
  for (auto& each : former->waiting) {
    const auto token = each.token;
    if (auto taken = entity_->receive(std::move(each)); !taken)
      answer(token, std::move(taken).error());
  }
  return true;
}

result<void> entity_driver::load() {
  TRY(const auto head, in_.log.find_stream(stream_));
  if (head)
    root_ = head->root == stream_ ? apart<stream_id>{} : head->root;
  const auto setup = [&] { return entity_setup{stream_, root(), in_.is_stored, in_.bounds}; };
  TRY(auto made, in_.forms.make(setup()));
  if (head) {
    TRY(const auto stored, in_.log.load_snapshot(stream_));
    // A snapshot is only a shorter way: where it can't be used the facts say the same.
    if (stored)
      (void)in_.forms.unpack(*made, *stored);
    TRY(load_facts(*made));
  }
  entity_ = std::move(made);
  return success();
}

result<void> entity_driver::load_facts(any_entity& into) {
  for (;;) {
    TRY(const auto page, in_.log.read_stream(stream_, into.version()));
    if (page.empty())
      return success();
    for (const auto& each : page) {
      if (each.version != into.version() + 1)
        return refuse(errc::log_corrupt,
                      "'" + stream_.text() + "' has version " + std::to_string(each.version) +
                          " after " + std::to_string(into.version()) + ": run `log verify`");
      if (each.pruned) {
        into.skip(each.idempotency_key);
        continue;
      }
      TRY(const auto fact, in_.forms.decode(each));
      TRY(into.load(fact, each.idempotency_key));
    }
  }
}

// -- deciding and appending -----------------------------------------------------------------------

void entity_driver::drain() {
  while (entity_ && !entity_->is_appending()) {
    auto out = entity_->drain();
    if (!out) {
      crash(out.error());
      return;
    }
    auto& what = out.value();
    const auto is_over = what.replies.empty() && what.wanted.empty() && !what.append;
    let_out(what);
    if (is_over)
      break;
  }
  if (entity_ && !noted_final_ && !entity_->is_appending() && entity_->is_final()) {
    noted_final_ = true;
    in_.actors.note_final(stream_);
  }
}

void entity_driver::let_out(output& what) {
  for (auto& each : what.replies)
    answer(each.token, std::move(each.answer));
  for (std::size_t i = 0; i < what.wanted.size(); ++i) {
    const auto id = what.wanted[i].id;
    try {
      in_.router.perform({stream_, root()}, std::move(what.wanted[i]), entity_->version());
    } catch (...) {
      // What did not begin is still owed: it must not count as in flight when the entity is loaded
      // again.
      entity_->effect_done(id);
      for (++i; i < what.wanted.size(); ++i)
        entity_->effect_done(what.wanted[i].id);
      throw;
    }
  }
  if (what.append) {
    appending_ = std::make_unique<append_intent>(std::move(*what.append));
    start_append();
  }
}

void entity_driver::start_append() {
  log::append_request request;
  request.stream = appending_->stream;
  request.root = appending_->root;
  request.expected_version = appending_->expected_version;
  request.at = appending_->at;
  request.status = appending_->status == stream_after::closed ? log::stream_status::closed
                                                              : log::stream_status::open;
  request.keys_are_new = appending_->keys_are_new;
  request.entries.reserve(appending_->entries.size());
  for (const auto& from : appending_->entries) {
    log::entry to{from.key, from.correlation, from.causation, {}};
    to.facts.reserve(from.facts.size());
    for (const auto& fact : from.facts) {
      auto stored = in_.forms.encode(fact);
      to.facts.push_back(std::move(stored.draft));
      std::move(stored.blobs.begin(), stored.blobs.end(), std::back_inserter(request.blobs));
    }
    request.entries.push_back(std::move(to));
  }
  ++in_.seen.appends_in_flight;
  in_.log.append(std::move(request),
                 [box = self_.lock(), id = ++append_](result<log::receipt> what) {
                   if (box)
                     box->post(appended_mail{id, std::move(what)});
                 });
}

void entity_driver::append_failed(const error& why) {
  if (why.code == errc::queue_full) {
    append_wait_us_ = std::clamp(append_wait_us_ * 2, first_append_wait_us, longest_append_wait_us);
    retry_in(append_wait_us_);
    return;
  }
  if (!is_log_down(why.code)) {
    crash(why);
    return;
  }
  discard();
  answer_waiting(why);
  if (why.code != errc::shutting_down && in_.on_log_failed)
    in_.on_log_failed(why);
}

void entity_driver::save_snapshot() {
  auto bytes = in_.forms.pack(*entity_);
  if (!bytes)
    return;
  ++in_.seen.snapshots;
  in_.background.add([&log = in_.log,
                      stream = stream_,
                      what = log::snapshot{entity_->version(), std::move(*bytes)}]() mutable {
    // Only a shorter way to the same state: without it a load takes longer.
    (void)log.save_snapshot(stream, std::move(what));
  });
}

// -- faults ---------------------------------------------------------------------------------------

void entity_driver::discard() {
  appending_.reset();
  append_wait_us_ = 0;
  if (!entity_)
    return;
  left().in_flight = entity_->effects_in_flight();
  auto unanswered = entity_->take_unanswered();
  std::erase_if(unanswered,
                [&](const auto& each) { return !replies_ || !replies_->contains(each.token); });
  auto& waiting = left().waiting;
  waiting.insert(waiting.begin(),
                 std::make_move_iterator(unanswered.begin()),
                 std::make_move_iterator(unanswered.end()));
  entity_.reset();
  // Its effects are owed by whoever is loaded next, whether or not a command comes.
  wake_when_loaded_ = true;
}

entity_driver::leftovers& entity_driver::left() {
  if (!left_)
    left_ = std::make_unique<leftovers>();
  return *left_;
}

void entity_driver::crash(const error& why) {
  discard();
  answer_lost();
  const auto wait = in_.judge.crashed(stream_, why);
  if (wait) {
    backing_off_ = true;
    retry_in(*wait);
    return;
  }
  if (left_)
    left_->in_flight.clear();
  if (auto refusal = in_.judge.refusal(stream_))
    answer_waiting(*refusal);
}

void entity_driver::answer(reply_token token, result<void> with) {
  if (!replies_)
    return;
  const auto at = replies_->find(token);
  if (at == replies_->end())
    return;
  auto reply = std::move(at->second);
  replies_->erase(at);
  if (replies_->empty())
    replies_.reset();
  --in_.seen.unanswered;
  if (reply)
    reply(std::move(with));
}

void entity_driver::answer_waiting(const error& with) {
  if (!left_)
    return;
  for (const auto& each : std::exchange(left_->waiting, {}))
    answer(each.token, with);
}

void entity_driver::answer_lost() {
  if (!replies_)
    return;
  const auto& waiting = left().waiting;
  std::vector<reply_token> lost;
  for (const auto& [token, reply] : *replies_)
    if (std::none_of(
            waiting.begin(), waiting.end(), [t = token](const auto& w) { return w.token == t; }))
      lost.push_back(token);
  for (const auto token : lost)
    answer(token,
           refuse(errc::entity_unavailable,
                  "'" + stream_.text() + "' failed on the way: send it again"));
}

void entity_driver::retry_in(std::int64_t delay_us) {
  in_.timers.after(delay_us, [box = self_] {
    if (const auto live = box.lock())
      live->post(retry_mail{});
  });
}

} // namespace ash::shell
