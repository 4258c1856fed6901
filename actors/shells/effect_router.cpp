#include "actors/shells/effect_router.hpp"

#include "actors/entity/any_entity.hpp"
#include "events/base/hash.hpp"
#include "events/base/match.hpp"

#include <algorithm>
#include <utility>

namespace ash::shell {
namespace {

constexpr std::int64_t first_wait_us = 20'000;
constexpr std::int64_t longest_wait_us = 5'000'000;

bool may_succeed_later(const error& why) {
  return why.code == errc::queue_full || class_of(why.code) == error_class::retryable;
}

/// The id of the command that an effect's answer comes as: within the bound, and always the same.
std::string derived_id(std::string_view prefix, const std::string& effect) {
  auto id = std::string{prefix} + effect;
  return id.size() <= max_command_id_bytes ? id : std::string{prefix} + sha256_hex(effect);
}

} // namespace

/// A command that is given again until it is taken or refused for good.
struct effect_router::parcel {
  stream_id to;
  stream_id root;
  command_envelope command;
  std::string finishes;
  on_reply then;
  std::int64_t wait_us = first_wait_us;
};

void effect_router::deliver(const stream_id& to, const stream_id& root, command_mail what) {
  what.sent_us = monotonic_us();
  mail boxed{std::move(what)};
  if (with_.actors.deliver(to, root, boxed))
    return;
  const auto& refused = std::get<command_mail>(boxed);
  if (refused.reply)
    refused.reply(
        refuse(errc::shutting_down, "the process is stopping: send it again to its successor"));
}

void effect_router::pursue(std::shared_ptr<parcel> what) {
  auto on_answer = [this, what](result<void> answer) {
    if (!answer && answer.error().code != errc::shutting_down &&
        may_succeed_later(answer.error())) {
      const auto wait = what->wait_us;
      what->wait_us = std::min(wait * 2, longest_wait_us);
      with_.timers.after(wait, [this, what] { pursue(what); });
      return;
    }
    if (what->then)
      what->then(std::move(answer));
    --undelivered_;
  };
  deliver(what->to, what->root, {what->command, what->finishes, std::move(on_answer)});
}

command_envelope effect_router::envelope(const effect_owner& owner,
                                         std::string id,
                                         std::string causation,
                                         any_command what) const {
  return {std::move(id), owner.root.text(), std::move(causation), with_.now(), std::move(what)};
}

void effect_router::done(const effect_owner& owner, const std::string& effect) {
  with_.actors.notify(owner.stream, effect_done_mail{effect});
}

void effect_router::perform(const effect_owner& owner, effect_request what, std::uint64_t version) {
  std::visit(match{
                 [&](effect::send& e) { send(owner, what.id, std::move(e)); },
                 [&](effect::tell_self& e) { tell_self(owner, what.id, std::move(e)); },
                 [&](effect::call_off& e) { performer_->call_off(owner, e.effect); },
                 [&](effect::prune&) { prune(owner, version); },
                 [&](auto&) {
                   auto id = what.id;
                   performer_->perform(owner, std::move(what), [this, owner, id](effect_answer a) {
                     answered(owner, id, std::move(a));
                   });
                 },
             },
             what.what);
}

void effect_router::answered(const effect_owner& owner,
                             const std::string& effect,
                             effect_answer what) {
  if (!what.what) {
    if (what.last)
      done(owner, effect);
    return;
  }
  if (!what.last) {
    // A part of a stream: shown while it is fresh, and whole in the last answer anyway.
    deliver(owner.stream, owner.root, {envelope(owner, {}, effect, std::move(*what.what)), {}, {}});
    return;
  }
  ++undelivered_;
  auto command = envelope(owner, derived_id("answer:", effect), effect, std::move(*what.what));
  pursue(
      std::make_shared<parcel>(parcel{owner.stream, owner.root, std::move(command), effect, {}}));
}

void effect_router::send(const effect_owner& owner, const std::string& id, effect::send what) {
  // A tool call that is recorded now could not begin any more, and would be in doubt without need.
  if (auto* asked = std::get_if<tool_call::request>(&what.what)) {
    if (held_)
      return;
    paths_.apply(asked->what);
  }
  if (!may_withdraw(owner, id, what))
    return;
  auto question = approval_id{};
  if (const auto* asks = std::get_if<run::request_approval>(&what.what)) {
    question = asks->what.approval;
    const std::lock_guard lock{questions_mutex_};
    ++questions_[question].sent;
  }
  ++undelivered_;
  auto then = [this, owner, id, question, if_refused = std::move(what.if_refused)](
                  result<void> answer) mutable {
    if (!question.is_nil())
      asked(question);
    const auto stopping = !answer && answer.error().code == errc::shutting_down;
    if (answer || !if_refused || stopping) {
      // What was not taken before the end is owed again after the restart.
      if (!stopping)
        done(owner, id);
      return;
    }
    ++undelivered_;
    auto command = envelope(owner, derived_id("refused:", id), id, std::move(*if_refused));
    pursue(std::make_shared<parcel>(parcel{owner.stream, owner.root, std::move(command), id, {}}));
  };
  auto command = envelope(owner, derived_id("", id), id, std::move(what.what));
  pursue(std::make_shared<parcel>(
      parcel{what.to, owner.root, std::move(command), {}, std::move(then)}));
}

bool effect_router::may_withdraw(const effect_owner& owner,
                                 const std::string& id,
                                 const effect::send& what) {
  const auto* withdrawal = std::get_if<run::withdraw_approval>(&what.what);
  if (withdrawal == nullptr)
    return true;
  const std::lock_guard lock{questions_mutex_};
  const auto found = questions_.find(withdrawal->approval);
  if (found == questions_.end())
    return true;
  ++undelivered_;
  found->second.withdrawals.emplace_back([this, owner, id, what] {
    send(owner, id, what);
    --undelivered_;
  });
  return false;
}

void effect_router::asked(const approval_id& question) {
  std::vector<std::function<void()>> withdrawals;
  {
    const std::lock_guard lock{questions_mutex_};
    const auto found = questions_.find(question);
    if (--found->second.sent > 0)
      return;
    withdrawals = std::move(found->second.withdrawals);
    questions_.erase(found);
  }
  for (const auto& each : withdrawals)
    each();
}

void effect_router::tell_self(const effect_owner& owner, std::string id, effect::tell_self what) {
  const auto due = what.due;
  auto ring = [this, owner, id, what = std::move(what)]() mutable {
    ++undelivered_;
    auto command = envelope(owner, derived_id("", id), id, std::move(what.what));
    pursue(std::make_shared<parcel>(parcel{owner.stream, owner.root, std::move(command), id, {}}));
  };
  if (due <= with_.now())
    ring();
  else
    with_.timers.at(owner.stream.text() + '\n' + id, due, std::move(ring));
}

void effect_router::prune(const effect_owner& owner, std::uint64_t version) {
  with_.background.add([&log = with_.log, stream = owner.stream, version] {
    // Nothing depends on it: what stays now goes with the next pruning of the stream.
    (void)log.prune_transient(stream, version);
  });
}

} // namespace ash::shell
