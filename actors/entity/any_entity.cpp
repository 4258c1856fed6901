#include "actors/entity/any_entity.hpp"

#include "actors/entity/command_size.hpp"
#include "events/base/check.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ash {
namespace {

const std::shared_ptr<const entity_bounds>& default_bounds() {
  static const auto bounds = std::make_shared<const entity_bounds>();
  return bounds;
}

/// Whether an answer or an end of the effect is waited for.
bool is_awaited(const effect_request& request) {
  return !std::holds_alternative<effect::call_off>(request.what) &&
         !std::holds_alternative<effect::prune>(request.what);
}

bool is_timer(const effect_request& request) {
  const auto* self = std::get_if<effect::tell_self>(&request.what);
  return self != nullptr && self->due > instant{};
}

auto find(std::vector<effect_in_flight>& all, std::string_view id) {
  return std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == id; });
}

} // namespace

any_entity::any_entity(entity_setup setup)
    : answered_(setup.bounds ? setup.bounds->recent_ids : default_bounds()->recent_ids),
      stream_(std::move(setup.stream)),
      root_(setup.root == stream_ ? apart<stream_id>{} : std::move(setup.root)),
      is_stored_(std::move(setup.is_stored)),
      bounds_(setup.bounds ? std::move(setup.bounds) : default_bounds()) {}

void any_entity::after_load(std::string_view key) {
  ++version_;
  if (key.empty())
    return;
  // The facts of one command share its id.
  if (const auto digest = recent_ids::digest_of(key); !answered_.contains(digest))
    answered_.remember(digest);
}

void any_entity::skip(std::string_view key) {
  after_load(key);
}

void any_entity::after_snapshot(std::uint64_t version) {
  version_ = version;
  snapshot_version_ = version;
  answered_.mark_partial();
}

void any_entity::carry_over(std::vector<effect_in_flight> former) {
  in_flight_ = std::move(former);
}

result<void> any_entity::receive(queued_command what) {
  if (what.command.id.size() > max_command_id_bytes)
    return refuse(errc::argument_invalid,
                  "a command to '" + stream_.text() + "' has an id of " +
                      std::to_string(what.command.id.size()) + " bytes: at most 200 are taken");
  const auto bytes = approximate_bytes(what.command);
  auto& now = make_work();
  // A command that is larger than the whole queue still gets through when nothing else waits.
  if (now.queue.size() >= bounds_->queued ||
      (!now.queue.empty() && now.queued_bytes + bytes > bounds_->queued_bytes))
    return refuse(errc::queue_full,
                  "'" + stream_.text() + "' has " + std::to_string(now.queue.size()) +
                      " commands waiting: send it again later");
  now.queued_bytes += bytes;
  now.queue.push_back(std::move(what));
  return success();
}

any_entity::work& any_entity::make_work() {
  if (!work_)
    work_ = std::make_unique<work>();
  return *work_;
}

bool any_entity::knows_every_key() const noexcept {
  return !answered_.is_partial() || is_stored_;
}

result<bool> any_entity::is_repeated(const command_envelope& command, const uuid& digest) const {
  if (command.id.empty())
    return false;
  if (answered_.contains(digest))
    return true;
  if (!answered_.is_partial() || version_ == 0 || !is_stored_)
    return false;
  return (*is_stored_)(stream_, command.id);
}

any_entity::work& any_entity::take_batch() {
  auto& now = make_work();
  check(now.batch.empty() && !appending_, "a batch is taken while another one is in flight");
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < now.queue.size() && count < bounds_->batch &&
         (count == 0 || bytes < bounds_->batch_bytes))
    bytes += approximate_bytes(now.queue[count++].command);
  if (count == now.queue.size()) {
    now.batch = std::exchange(now.queue, {});
    now.queued_bytes = 0;
    return now;
  }
  const auto end = now.queue.begin() + static_cast<std::ptrdiff_t>(count);
  now.batch.assign(std::make_move_iterator(now.queue.begin()), std::make_move_iterator(end));
  now.queue.erase(now.queue.begin(), end);
  now.queued_bytes -= std::min(bytes, now.queued_bytes);
  return now;
}

void any_entity::issue(effects what, effects& out) {
  for (auto& each : what) {
    if (is_awaited(each)) {
      if (find(in_flight_, each.id) != in_flight_.end())
        continue;
      in_flight_.push_back({each.id, !is_timer(each)});
    }
    out.push_back(std::move(each));
  }
}

output any_entity::release() {
  output out;
  auto& now = make_work();
  for (const auto& each : now.batch)
    if (!each.finishes.empty())
      effect_done(each.finishes);
  out.replies = std::exchange(now.replies, {});
  const auto owes = owes_ || woken_ || repeated_;
  effects fresh;
  issue(std::exchange(now.wanted, {}), fresh);
  // Whatever woke the entity has been decided by now, so it is not done a second time. What it owes
  // from before goes out first: after what is new it would be taken for its consequence.
  if (owes)
    issue(owed(), out.wanted);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(out.wanted));
  owes_ = woken_ = repeated_ = false;
  now.batch.clear();
  if (now.queue.empty())
    work_.reset();
  return out;
}

output any_entity::appended(const appended_facts& what) {
  check(appending_, "an append was answered that nobody asked for");
  check(what.first_version + what.count == version_ + 1,
        "an append has another end than was asked for");
  appending_ = false;
  auto out = release();
  if (version_ - snapshot_version_ >= bounds_->snapshot_every) {
    snapshot_version_ = version_;
    out.snapshot_due = kind() != entity_kind::tool_call;
  }
  return out;
}

void any_entity::effect_done(std::string_view id) {
  const auto found = find(in_flight_, id);
  if (found == in_flight_.end())
    return;
  *found = std::move(in_flight_.back());
  in_flight_.pop_back();
}

std::vector<queued_command> any_entity::take_unanswered() {
  const auto now = std::exchange(work_, nullptr);
  if (!now)
    return {};
  auto all = std::move(now->batch);
  all.insert(all.end(),
             std::make_move_iterator(now->queue.begin()),
             std::make_move_iterator(now->queue.end()));
  return all;
}

bool any_entity::is_idle() const noexcept {
  return (!work_ || (work_->queue.empty() && work_->batch.empty())) && !appending_ && !woken_ &&
         std::none_of(in_flight_.begin(), in_flight_.end(), [](const auto& e) { return e.holds; });
}

} // namespace ash
