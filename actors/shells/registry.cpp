#include "actors/shells/registry.hpp"

#include "events/base/clock.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ash::shell {

registry::shard& registry::shard_of(const stream_id& stream) {
  return shards_[std::hash<stream_id>{}(stream) % shards_.size()];
}

bool registry::deliver(const stream_id& to, const stream_id& root, mail& what) {
  auto& in = shard_of(to);
  // Counting and posting are one step: `retire` then sees every mail that is on its way.
  std::scoped_lock lock(in.mutex);
  if (closed_.load())
    return false;
  auto [at, is_new] = in.slots.try_emplace(to);
  auto& found = at->second;
  if (is_new) {
    found.box = spawn_(to, root);
    ++live_;
    ++live_by_kind_[static_cast<std::size_t>(to.kind())];
    ++activations_;
  }
  ++found.delivered;
  found.last_used_us = monotonic_us();
  found.box->post(std::move(what));
  return true;
}

void registry::notify(const stream_id& to, mail what) {
  auto& in = shard_of(to);
  std::scoped_lock lock(in.mutex);
  if (const auto at = in.slots.find(to); at != in.slots.end())
    at->second.box->post(std::move(what));
}

bool registry::retire(const stream_id& stream, std::uint64_t handled) {
  auto& in = shard_of(stream);
  std::shared_ptr<mailbox> last; // released outside the lock
  std::scoped_lock lock(in.mutex);
  const auto at = in.slots.find(stream);
  if (at == in.slots.end() || at->second.delivered != handled)
    return false;
  last = std::move(at->second.box);
  in.slots.erase(at);
  --live_;
  --live_by_kind_[static_cast<std::size_t>(stream.kind())];
  ++passivations_;
  return true;
}

void registry::note_final(const stream_id& stream) {
  auto& in = shard_of(stream);
  std::scoped_lock lock(in.mutex);
  if (const auto at = in.slots.find(stream); at != in.slots.end())
    at->second.is_final = true;
}

void registry::sweep(std::int64_t now_us, const rest_rules& rules) {
  for (auto& in : shards_) {
    std::scoped_lock lock(in.mutex);
    for (auto& [stream, each] : in.slots) {
      const auto bound =
          each.is_final ? std::min(rules.final_idle_us, rules.idle_us) : rules.idle_us;
      if (now_us - each.last_used_us >= bound)
        each.box->post(rest_mail{});
    }
  }
  if (const auto now_live = live_.load(); now_live > rules.max_live)
    crowd_out(now_live - rules.max_live + rules.max_live / 10);
}

void registry::crowd_out(std::size_t surplus) {
  std::vector<std::int64_t> ages;
  for (auto& in : shards_) {
    std::scoped_lock lock(in.mutex);
    for (const auto& [stream, each] : in.slots)
      ages.push_back(each.last_used_us);
  }
  if (ages.empty())
    return;
  const auto nth = ages.begin() + static_cast<std::ptrdiff_t>(std::min(surplus, ages.size()) - 1);
  std::nth_element(ages.begin(), nth, ages.end());
  const auto oldest_kept = *nth;
  for (auto& in : shards_) {
    std::scoped_lock lock(in.mutex);
    for (auto& [stream, each] : in.slots)
      if (each.last_used_us <= oldest_kept)
        each.box->post(rest_mail{});
  }
}

void registry::close() {
  closed_ = true;
  for (auto& in : shards_) {
    std::unordered_map<stream_id, slot> gone;
    {
      std::scoped_lock lock(in.mutex);
      gone.swap(in.slots);
    }
    for (auto& [stream, each] : gone) {
      each.box->post(quit_mail{});
      --live_;
      --live_by_kind_[static_cast<std::size_t>(stream.kind())];
    }
  }
}

registry_counts registry::counts() const {
  registry_counts out;
  for (std::size_t i = 0; i < kinds; ++i)
    out.live[i] = live_by_kind_[i].load();
  out.activations = activations_.load();
  out.passivations = passivations_.load();
  return out;
}

} // namespace ash::shell
