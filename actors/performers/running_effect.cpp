#include "actors/performers/running_effect.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace ash::performers {

running_effect::running_effect(
    effects_in_flight& table, effect_owner owner, std::string id, reach how_far, on_answer answer)
    : table_{table}, owner_{std::move(owner)}, id_{std::move(id)}, reach_{how_far},
      answer_{std::move(answer)} {}

void running_effect::say(any_command part) {
  // Held while answering, so that parts keep their order and none comes after the last.
  const std::lock_guard lock{mutex_};
  if (!ended_)
    answer_({std::move(part), false});
}

void running_effect::end(std::optional<any_command> what) {
  if (auto answer = close())
    answer({std::move(what), true});
}

void running_effect::drop() {
  close();
}

bool running_effect::redirect(on_answer answer) {
  const std::lock_guard lock{mutex_};
  if (!ended_)
    answer_ = std::move(answer);
  return !ended_;
}

on_answer running_effect::close() {
  on_answer answer;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true))
      return {};
    answer = std::exchange(answer_, {});
  }
  // Out of the table first: the answer may lead to the same effect again.
  table_.remove(*this);
  return answer;
}

effect_ptr effects_in_flight::begin(const effect_owner& owner,
                                    const std::string& id,
                                    reach how_far,
                                    on_answer answer) {
  const std::lock_guard lock{mutex_};
  auto& slot = running_[{owner.stream.text(), id}];
  if (slot != nullptr && slot->redirect(answer))
    return nullptr;
  slot = std::make_shared<running_effect>(*this, owner, id, how_far, std::move(answer));
  return slot;
}

void effects_in_flight::call_off(const stream_id& owner, const std::string& id) {
  effect_ptr found;
  {
    const std::lock_guard lock{mutex_};
    if (const auto at = running_.find({owner.text(), id}); at != running_.end())
      found = at->second;
  }
  if (found != nullptr)
    found->call_off();
}

void effects_in_flight::stop_all() {
  std::vector<effect_ptr> all;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, effect] : running_)
      all.push_back(effect);
  }
  for (const auto& effect : all)
    effect->stop();
}

std::size_t effects_in_flight::count() const {
  const std::lock_guard lock{mutex_};
  return running_.size();
}

bool effects_in_flight::wait_for_outside(std::int64_t limit_ms) {
  std::unique_lock lock{mutex_};
  return removed_.wait_for(lock, std::chrono::milliseconds{limit_ms}, [this] {
    return std::none_of(running_.begin(), running_.end(), [](const auto& one) {
      return one.second->how_far() == reach::outside;
    });
  });
}

void effects_in_flight::remove(const running_effect& what) {
  effect_ptr last; // destroyed outside the lock
  const std::lock_guard lock{mutex_};
  const auto at = running_.find({what.owner().stream.text(), what.id()});
  if (at == running_.end() || at->second.get() != &what)
    return;
  last = std::move(at->second);
  running_.erase(at);
  removed_.notify_all();
}

} // namespace ash::performers
