#include "actors/shells/supervisor.hpp"

#include <algorithm>
#include <utility>

namespace ash::shell {

supervisor::supervisor(supervisor_rules rules,
                       std::function<instant()> now,
                       broken_listener on_broken)
    : rules_(rules), now_(std::move(now)), on_broken_(std::move(on_broken)) {}

std::optional<std::int64_t> supervisor::crashed(const stream_id& stream, const error& why) {
  ++crashes_;
  const auto now = monotonic_us();
  {
    std::scoped_lock lock(mutex_);
    // Entities that recovered are forgotten here, so the map does not grow with history.
    std::erase_if(recent_,
                  [&](const auto& each) { return now - each.second.back() > rules_.window_us; });
    auto& times = recent_[stream];
    std::erase_if(times, [&](std::int64_t t) { return now - t > rules_.window_us; });
    times.push_back(now);
    if (times.size() < rules_.crashes) {
      const auto doublings = std::min<std::size_t>(times.size() - 1, 20);
      return std::min(rules_.first_wait_us << doublings, rules_.longest_wait_us);
    }
    recent_.erase(stream);
    broken_[stream] = {stream, why, now_()};
    broken_count_ = broken_.size();
  }
  if (on_broken_)
    on_broken_(stream, why);
  return std::nullopt;
}

std::optional<error> supervisor::refusal(const stream_id& stream) const {
  if (broken_count_.load() == 0)
    return std::nullopt;
  std::scoped_lock lock(mutex_);
  const auto at = broken_.find(stream);
  if (at == broken_.end())
    return std::nullopt;
  return refuse(errc::entity_broken,
                "'" + stream.text() + "' crashed " + std::to_string(rules_.crashes) +
                    " times in a short time and takes no more commands; its last error was " +
                    to_string(at->second.cause) + ". Mend the cause and start again")
      .with("stream", stream.text())
      .with("cause", std::string{to_string(at->second.cause.code)});
}

std::vector<broken_entity> supervisor::broken() const {
  std::vector<broken_entity> all;
  std::scoped_lock lock(mutex_);
  for (const auto& [stream, each] : broken_)
    all.push_back(each);
  std::sort(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.stream < b.stream; });
  return all;
}

} // namespace ash::shell
